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
	values   values // of images
	goals    values // of targets; the same where images are their own
	settings *edit.Settings
	symptoms []Symptom
	codeFVU  float64 // of as many principal components as the bottleneck has values, if these are few; else 0

	fading, fadingLeaky, fadingReset float64 // gradient norm of the first layer / of the last, at the start: as given, with leaky ReLUs, with usual initializers
}

func (l *look) add(name, where string, value float64, format string, args ...any) {
	l.symptoms = append(l.symptoms, Symptom{name, where, Number(value), fmt.Sprintf(format, args...)})
}

// newLook examines data and model.
func newLook(s setup, images *pool, batch int) (*look, error) {
	l := &look{values: describe(images.train.images)}
	if l.goals = l.values; images.train.targets != nil {
		l.goals = describe(images.train.targets)
	}
	var err error
	if l.settings, err = edit.Inspect(s.model); err != nil {
		return nil, err
	}
	v := l.values
	l.add("data_range", "", v.RMS, "Training values go from %.4g to %.4g; their root mean square is %.3g.", v.Min, v.Max, v.RMS)
	if g := l.goals; images.train.targets != nil {
		l.add("target_range", "", g.RMS, "Training targets go from %.4g to %.4g; their root mean square is %.3g.", g.Min, g.Max, g.RMS)
	}
	if v.NonFinite > 0 {
		l.add("non_finite", "", float64(v.NonFinite), "%d training values are infinite or not a number.", v.NonFinite)
	}
	if v.OutlierFactor >= outlierFactor {
		l.add("outliers", "", v.OutlierFactor, "A few values lie %.3g times as far out as 99.8%% of all values.", v.OutlierFactor)
	}
	o := l.settings.Output
	if lost := unreachable(images.train.goals(), o.Low, o.High); lost > 0.01 {
		l.add("output_range", first(o.Layers), lost, "The output (%s) can only be %s, and the targets go from %.4g to %.4g: a share of %.2g of their variance is out of reach.",
			o.Activation, interval(o.Low, o.High), l.goals.Min, l.goals.Max, min(lost, 1))
	}
	if s.loss.Function == graph.BinaryCrossentropy && (l.goals.Min < 0 || l.goals.Max > 1) {
		l.add("cross_entropy", "", l.goals.Max, "Binary cross-entropy is made for values of 0 to 1.")
	}
	if s.loss.Function == graph.BinaryCrossentropy && !s.loss.FromLogits && (o.Low < 0 || o.High > 1) {
		l.add("cross_entropy_output", first(o.Layers), o.High, "Binary cross-entropy is given outputs that may lie outside of 0 to 1.")
	}
	l.fading = l.gradients(s, images, batch, true)
	if m, changed, err := edit.HiddenActivations(s.model, blocksGradients, graph.LeakyReLU); err == nil && len(changed) > 0 {
		l.fadingLeaky = l.gradients(setup{model: m, optimizer: s.optimizer, loss: s.loss, prepare: s.prepare, aim: s.aim}, images, batch, false)
	}
	if m, changed, err := edit.ResetInitializers(s.model); err == nil && len(changed) > 0 {
		l.fadingReset = l.gradients(setup{model: m, optimizer: s.optimizer, loss: s.loss, prepare: s.prepare, aim: s.aim}, images, batch, false)
	}
	return l, nil
}

// gradients takes a model's first gradients, and returns the norm of the first layer's as a share of the last's.
func (l *look) gradients(s setup, images *pool, batch int, tell bool) float64 {
	params, err := s.model.Init(1, graph.Float32)
	if err != nil {
		return math.NaN()
	}
	p, err := graph.NewTraining(s.model, params, s.loss, graph.Options{Batch: batch, KeepActivations: true, NoPenalties: true})
	if err != nil {
		return math.NaN()
	}
	defer p.Close()
	w := newWindow(images.train, s, batch)
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

// unreachable is the least FVU, around the mean of all values, that outputs between two limits can have.
func unreachable(images []float32, low, high float64) float64 {
	n, sum, square, lost := 0.0, 0.0, 0.0, 0.0
	for i := 0; i < len(images); i += 7 {
		x := float64(images[i])
		if math.IsNaN(x) || math.IsInf(x, 0) {
			continue
		}
		d := x - max(low, min(x, high))
		n, sum, square, lost = n+1, sum+x, square+x*x, lost+d*d
	}
	if variance := square - sum*sum/max(n, 1); variance > 0 {
		return lost / variance
	}
	return 0
}
