package diagnosis

import (
	"fmt"
	"math"

	"dcae/graph"
	"dcae/models/edit"
)

// Symptom is something that stands out without training, or a figure to go with the answer.
type Symptom struct {
	Name  string `json:"name"`
	Where string `json:"where,omitempty"` // a layer
	Value Number `json:"value"`
	Text  string `json:"text"`
}

// look is what is known before anything is trained.
type look struct {
	values     values // of the training images
	goals      values // of what they are to become
	targets    bool   // these are others than the images
	settings   *edit.Settings
	batch      int // images in a step, before they were made fewer for time or memory
	attainable attainable
	outOfReach float64 // the least FVU that the output's range allows
	findings   findings
	effort     effort
	symptoms   []Symptom

	fading, fadingLeaky, fadingReset float64 // gradient norm of the first layer / of the last, at the start: as given, with leaky ReLUs, with usual initializers
}

func (l *look) add(name, where string, value float64, format string, args ...any) {
	l.symptoms = append(l.symptoms, Symptom{name, where, Number(value), fmt.Sprintf(format, args...)})
}

// effort says how much is done without training.
type effort struct {
	threads *graph.Threads
	batch   int     // images that first gradients are of
	held    int     // images that the output before training is looked at on
	fit     float64 // multiplications that the fit of a linear code may take
}

// newLook examines data and model.
func newLook(s setup, images *pool, known findings, e effort) (*look, error) {
	l := &look{batch: s.batch, findings: known, effort: e, values: describe(images.train.images)}
	if l.goals, l.targets = l.values, images.train.targets != nil; l.targets {
		l.goals = describe(images.train.targets)
	}
	var err error
	if l.settings, err = edit.Inspect(s.model); err != nil {
		return nil, err
	}
	switch {
	case known.untrainable():
		l.attainable = attainable{FVU: Number(math.NaN()), why: "there is nothing in the images that a model could learn"}
	case l.goals.spoilt() && !images.held.isUsual(l.goals):
		l.attainable = attainable{FVU: Number(math.NaN()), why: "most held-out images have values that are far off"}
	default:
		l.attainable = newAttainable(l.settings.BottleneckValues, images.limited(l.values, l.goals), e.fit)
	}
	l.outOfReach = unreachable(s.model, l.settings.Output, images.train, images.mean(s))
	v := l.values
	l.add("data_range", "", v.RMS, "Training values go from %.4g to %.4g; their root mean square is %.3g.", v.Min, v.Max, v.RMS)
	if g := l.goals; l.targets {
		l.add("target_range", "", g.RMS, "Training targets go from %.4g to %.4g; their root mean square is %.3g.", g.Min, g.Max, g.RMS)
	}
	if v.OutlierFactor >= outlierFactor {
		l.add("outliers", "", v.OutlierFactor, "A few values lie %.3g times as far out as 99.8%% of all values.", v.OutlierFactor)
	}
	l.lookAtModel(s, images)
	l.fading = l.gradients(s, images, true)
	if m, changed, err := edit.HiddenActivations(s.model, blocksGradients, graph.LeakyReLU); err == nil && len(changed) > 0 {
		l.fadingLeaky = l.gradients(s.of(m), images, false)
	}
	if m, changed, err := edit.ResetInitializers(s.model); err == nil && len(changed) > 0 {
		l.fadingReset = l.gradients(s.of(m), images, false)
	}
	return l, nil
}

// wanted is whose values the output should reach, and what to bring into its range.
func (l *look) wanted() (whose, what string) {
	if l.targets {
		return "the targets'", "the targets"
	}
	return "the images'", "the images"
}

// spoilt tells whether single values hide what the others are like.
func (l *look) spoilt() bool {
	return l.values.spoilt() || l.goals.spoilt()
}

func (v values) spoilt() bool { return v.NonFinite > 0 || v.OutlierFactor >= outlierFactor }

// gradients takes a model's first gradients, and returns the norm of the first layer's as a share of the last's.
func (l *look) gradients(s setup, images *pool, tell bool) float64 {
	params, err := s.model.Init(1, graph.Float32)
	if err != nil {
		return math.NaN()
	}
	p, err := graph.NewTraining(s.model, params, s.loss, graph.Options{Batch: l.effort.batch, Threads: l.effort.threads, KeepActivations: true, NoPenalties: true})
	if err != nil {
		return math.NaN()
	}
	defer p.Close()
	w := newWindow(images.train, s, l.effort.batch)
	x, target := p.Inputs(w.n)
	indices := make([]int, w.n)
	for i := range indices {
		indices[i] = i
	}
	w.Read(x, indices)
	if images.train.targets == nil {
		copy(target, x)
	} else {
		w.ReadTargets(target, indices)
	}
	if _, err := p.Step(w.n); err != nil {
		return math.NaN()
	}
	firstNorm, lastNorm := math.NaN(), math.NaN()
	for i, v := range params.Trainable() {
		if v.Name != "kernel" {
			continue
		}
		norm := 0.0
		for _, g := range p.Gradient(i).Data().([]float32) {
			norm += float64(g) * float64(g)
		}
		if norm = math.Sqrt(norm); math.IsNaN(firstNorm) {
			firstNorm = norm
		}
		lastNorm = norm
	}
	ratio := firstNorm / lastNorm
	if !tell {
		return ratio
	}
	if firstNorm == 0 {
		l.add("gradient_ratio", "", 0, "Before training, no gradient reaches the first layer.")
	} else {
		l.add("gradient_ratio", "", ratio, "Before training, the gradient of the first layer is %.2g times that of the last one.", ratio)
	}
	for i, n := range s.model.Nodes {
		if !graph.HasUnits(n.Layer) {
			continue
		}
		y := p.Activation(i).Data().([]float32)
		mean, square, zero := 0.0, 0.0, 0
		for _, v := range y {
			mean += float64(v)
			square += float64(v) * float64(v)
			if v == 0 {
				zero++
			}
		}
		mean /= float64(len(y))
		l.add("signal_variance", n.Name, square/float64(len(y))-mean*mean, "Variance of %s's outputs before training; %.0f%% of them are zero.", n.Name, 100*float64(zero)/float64(len(y)))
		if low, high, ok := graph.Saturation(n.Layer); ok {
			saturated := 0
			for _, v := range y {
				if float64(v) < low || float64(v) > high {
					saturated++
				}
			}
			if share := float64(saturated) / float64(len(y)); share > 0.5 {
				l.add("saturated", n.Name, share, "%.0f%% of %s's outputs are at the limits of its activation before training.", 100*share, n.Name)
			}
		}
	}
	return ratio
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func interval(low, high float64) string {
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return "any number"
	case math.IsInf(low, -1):
		return fmt.Sprintf("%g or less", high)
	case math.IsInf(high, 1):
		return fmt.Sprintf("%g or more", low)
	}
	return fmt.Sprintf("%g to %g", low, high)
}
