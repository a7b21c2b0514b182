package diagnosis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/edit"
)

const (
	mentionedReach = 0.01 // share of the variance out of reach that is worth a word
	smallBatch     = 2    // images, up to which batch normalization has next to nothing to normalize by
	noSpread       = 1e-6 // share of the images' spread under which an output does not depend on the input
)

// shareText names a share of something; errors may exceed the whole of it.
func shareText(share float64) string {
	if share >= 0.995 {
		return "all"
	}
	return fmt.Sprintf("a share of %.2g", share)
}

// lookAtModel finds what is certain about a model and how it is trained.
func (l *look) lookAtModel(s setup, images *pool) {
	o, v := l.settings.Output, l.goals
	if l.outOfReach > mentionedReach {
		whose, what := l.wanted()
		one := l.findings.add("output_range", first(o.Layers), fmt.Sprintf("The output (%s) can only be %s, and %s values go from %.4g to %.4g: %s of their variance is out of reach.",
			o.Activation, l.reachText(), whose, v.Min, v.Max, shareText(l.outOfReach)), "Bring "+what+" into this range, or give the output an activation that reaches them: sigmoid for values of 0 to 1, else linear.")
		cause := OutputRange
		if d := l.dataRestores(); len(d) > 0 && d[0].departure > 2 {
			cause = d[0].cause
		}
		one.blames(cause, l.outOfReach > l.attainable.mark())
	}
	l.lookAtAttainable()
	if term, times := edit.FullPrior(s.model, s.batch); term != "" && s.loss.Function == graph.Given {
		l.findings.add("full_prior", term, fmt.Sprintf("Beside the error the loss has a term of the code alone (%s). That counts %.6g times as much as where the error is summed over an image's values, and the term over the code's; it is least where the code says nothing of the image.", termName(term), times),
			fmt.Sprintf("Sum both, and take means over the batch alone, or divide the term by %.6g.", times)).blames(Loss, false)
	}
	if s.loss.IsCrossEntropy() && (v.Min < 0 || v.Max > 1) {
		whose, what := l.wanted()
		l.findings.add("cross_entropy", "", fmt.Sprintf("Binary cross-entropy is made for values of 0 to 1; %s go from %.4g to %.4g, where it has no smallest value at a good copy.", whose, v.Min, v.Max),
			"Bring "+what+" to 0..1, or use the mean squared error.").blames(Loss, false)
	}
	if s.loss.IsCrossEntropy() && !s.loss.TakesLogits() && (o.Low < 0 || o.High > 1) {
		l.findings.add("cross_entropy_output", first(o.Layers), "Binary cross-entropy is given outputs that may lie outside of 0 to 1, where they are cut off and have no gradient.",
			"End with a sigmoid, or say from_logits=True.").blames(Loss, false)
	}
	if l.settings.Normalizations > 0 && s.batch <= smallBatch {
		l.findings.add("small_batch", "", fmt.Sprintf("Batch normalization takes mean and variance over a batch of %s: what it learns by does not hold for single images later.", number(s.batch, "image", "images")),
			"Train with batches of 32 or so.").blames(BatchNorm, false)
	}
	if names := l.settings.Frozen; len(names) > 0 {
		why, do := " (trainable = False)", "Set layer.trainable = True before model.compile"
		if saved.FrameworkOf(s.optimizer) == saved.PyTorch {
			why, do = "", "Call requires_grad_(True), and give the optimizer model.parameters()"
		}
		l.findings.add("frozen", names[0], fmt.Sprintf("%s not trained%s: %s.", capitalNumber(len(names), "layer with weights is", "layers with weights are"), why, strings.Join(names, ", ")),
			do+", unless they hold weights that were trained for such images.").blames(Frozen, false)
	}
	if l.sameOutput(s, images) {
		l.findings.add("same_output", first(o.Layers), "Before training the output does not depend on the input at all.", "Many models get over it; if this one does not, look at its initializers.")
	}
}

// lookAtAttainable tells where there is next to nothing to learn.
func (l *look) lookAtAttainable() {
	switch explained := 1 - float64(l.attainable.FVU); {
	case explained < nothingToLearn && l.attainable.Maps:
		l.findings.add("no_linear_map", "", fmt.Sprintf("A linear map from images to targets explains only a share of %.2f of what tells the targets apart: either they cannot be told from the images, or it takes a map that is not linear.", max(0, explained)),
			"Look whether images and targets are pairs, in the same order.")
	case explained < nothingToLearn:
		l.findings.add("nothing_to_learn", "", fmt.Sprintf("Even a linear code of %d values explains only a share of %.2f of what tells the images apart: at this size there is next to nothing to learn.", l.attainable.Values, max(0, explained)),
			"Give the code more values, or look whether the images are noise.")
	}
}

// lookAtTraining finds what is worth a word about how the subject is trained.
func (f *findings) lookAtTraining(s Subject) {
	if s.Assumed {
		advice := "Compile it before it is saved, so that what is examined is what you train."
		if s.Torch != nil {
			advice = "Save it with the extra file dcae.json, or give --optimizer, --lr and --loss, so that what is examined is what you train."
		}
		f.add("assumed", "", fmt.Sprintf("The model does not say how it is trained: %v and %v are assumed.", s.Optimizer, s.Loss), advice)
	}
	for _, m := range s.Metrics {
		if name := strings.ToLower(m); name == "acc" || strings.Contains(name, "accuracy") {
			f.add("accuracy", "", fmt.Sprintf("The metric %s says nothing about an autoencoder: it counts pixels that are hit exactly.", m), "Watch the loss on held-out images, or the FVU.")
			return
		}
	}
}

func (l *look) reachText() string {
	if l.settings.Output.Activation == graph.Softmax {
		return "shares of 1"
	}
	return interval(l.settings.Output.Low, l.settings.Output.High)
}

func capitalNumber(n int, singular, plural string) string {
	return upperFirst(number(n, singular, plural))
}

// sameOutput tells whether the output of the model with values that were just drawn is the same for all images.
func (l *look) sameOutput(s setup, images *pool) bool {
	params, err := s.model.Init(1, graph.Float32)
	if err != nil {
		return false
	}
	scores, err := score(s, params, images.held.slice(0, min(l.effort.held, images.held.n())), images.mean(s), l.effort.threads)
	return err == nil && scores.Spread < noSpread
}

// unreachable is the least FVU that an output of a model can have, whatever its weights.
func unreachable(m *graph.Model, o edit.OutputRange, images samples, mean []float32) float64 {
	lost, variance := 0.0, 0.0
	group := softmaxValues(m, o)
	var values []float64
	goals, size := images.goals()
	for i, t := range goals {
		x := float64(t)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return 0 // that is the fault then
		}
		d := x - float64(mean[i%size])
		variance += d * d
		if group == 0 {
			d = x - max(o.Low, min(x, o.High))
			lost += d * d
			continue
		}
		if values = append(values, x); len(values) == group {
			lost += fromShares(values)
			values = values[:0]
		}
	}
	if variance == 0 {
		return 0
	}
	return lost / variance
}

// softmaxValues is how many values of the output are shares of 1 together; 0 if they are not.
func softmaxValues(m *graph.Model, o edit.OutputRange) int {
	if o.Activation != graph.Softmax || len(o.Layers) != 1 || len(o.Others) > 0 {
		return 0
	}
	shapes, err := m.Shapes()
	if err != nil {
		return 0
	}
	at := slices.IndexFunc(m.Nodes, func(n graph.Node) bool { return n.Name == o.Layers[0] })
	for i := at + 1; at >= 0 && i < len(m.Nodes); i++ {
		switch m.Nodes[i].Layer.(type) {
		case graph.Reshape, graph.Flatten:
		default:
			return 0 // values are changed or moved behind it
		}
	}
	if at < 0 {
		return 0
	}
	return channels(shapes[at])
}

// fromShares is the squared distance of values from the nearest ones that are not negative and add up to 1 (Duchi et al. 2008,
// "Efficient projections onto the l1-ball for learning in high dimensions", figure 1).
func fromShares(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	sum, shift := 0.0, 0.0
	for k := 1; k <= len(sorted); k++ {
		v := sorted[len(sorted)-k]
		if sum += v; v-(sum-1)/float64(k) > 0 {
			shift = (sum - 1) / float64(k)
		}
	}
	distance := 0.0
	for _, v := range values {
		d := v - max(0, v-shift)
		distance += d * d
	}
	return distance
}
