package diagnosis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
)

// outlierFactor is how many times further out than nearly all values the farthest must lie to be taken for a mistake.
const outlierFactor = 5

// restores are the changes that bring a setting back which stands out, in the order in which they are to be applied together.
func (l *look) restores(s setup) []change {
	var out []change
	out = append(out, l.dataRestores()...)
	out = append(out, l.outputRestores(s)...)
	out = append(out, l.lossRestores(s)...)
	if c, ok := constantRate(s.optimizer, longSteps); ok {
		out = append(out, c)
	}
	out = append(out, departingRates(s.optimizer)...)
	out = append(out, l.initializerRestores()...)
	out = append(out, l.activationRestores()...)
	out = append(out, l.regularizationRestores(s)...)
	out = append(out, clippingRestores(s)...)
	out = append(out, l.capacityRestores(s.model.Input.Size())...)
	return out
}

// dataRestores bring values to 0..1, without outliers if there are any.
func (l *look) dataRestores() []change {
	v := l.values
	prepared := func(of func(values) preparation) func(setup) (setup, bool, error) {
		return func(s setup) (setup, bool, error) {
			s.prepare, s.aim = of(v), of(l.goals)
			return s, true, nil
		}
	}
	if v.NonFinite > 0 || v.OutlierFactor >= outlierFactor {
		d := decades(v.OutlierFactor)
		if v.NonFinite > 0 {
			d = 9
		}
		return []change{{
			cause: DataQuality, kind: Restore, what: fmt.Sprintf("values limited to %.4g..%.4g, and brought to 0..1", v.Low, v.High), departure: d, apply: prepared(values.limited),
		}}
	}
	g := l.goals
	c := change{cause: DataScale, kind: Restore, what: fmt.Sprintf("values of %.4g..%.4g brought to 0..1", v.Min, v.Max), apply: prepared(values.toUnit)}
	switch {
	case v.fillsUnit() && g.fillsUnit():
		return nil
	case g.RMS > 3 || g.RMS < 0.03:
		c.departure = decades(g.RMS / 0.3)
	case v.RMS > 3 || v.RMS < 0.03:
		c.departure = decades(v.RMS / 0.3)
	}
	return []change{c}
}

// fillsUnit tells whether values lie in 0..1 and use that range.
func (v values) fillsUnit() bool { return v.Min >= 0 && v.Max <= 1 && v.Max > 0.5 }

// limited brings values to 0..1, those that lie far out to its ends.
func (v values) limited() preparation {
	return preparation{clip: true, low: v.Low, high: v.High, shift: v.Low, divisor: span(v.Low, v.High)}
}

// toUnit brings values to 0..1, those of pixels by the division that everybody uses.
func (v values) toUnit() preparation {
	switch {
	case v.Min >= 0 && v.Max > 200 && v.Max <= 255:
		return preparation{divisor: 255}
	case v.Min >= 0 && v.Max > 60000 && v.Max <= 65535:
		return preparation{divisor: 65535}
	}
	return preparation{shift: v.Min, divisor: span(v.Min, v.Max)}
}

func span(low, high float64) float64 {
	if high > low {
		return high - low
	}
	return 1
}

// fittingOutput is the output activation for values of a range.
func fittingOutput(low, high float64) graph.Activation {
	if low >= 0 && high <= 1.0001 {
		return graph.Sigmoid
	}
	return graph.Linear
}

// outputRestores give the output an activation that reaches the data.
func (l *look) outputRestores(s setup) []change {
	o := l.settings.Output
	c := change{cause: OutputRange, kind: Restore, apply: func(s setup) (setup, bool, error) {
		low, high := l.goals.after(s.aim)
		return edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.OutputActivation(m, fittingOutput(low, high))
		})(s)
	}}
	low, high := l.goals.after(s.aim)
	to := fittingOutput(low, high)
	if o.Activation == to {
		return nil
	}
	c.what = fmt.Sprintf("output activation %s -> %s", o.Activation, to)
	lost := l.outOfReach
	switch {
	case l.spoilt(): // what the output should reach is not known
	case o.Activation == graph.Softmax || o.Activation == graph.Sparsemax || o.Activation == graph.LogSoftmax:
		c.departure = 3
	case lost > 0.01:
		c.departure = min(2, 2+math.Log10(min(lost, 1)))
	case o.Activation == graph.ReLU || blocksGradients(o.Activation) && o.Activation != graph.Sigmoid && o.Activation != graph.Tanh:
		c.departure = 0.3
	}
	return []change{c}
}

// lossRestores go back to the mean squared error.
func (l *look) lossRestores(s setup) []change {
	if s.loss.Function == "" || s.loss.Function == graph.MeanSquaredError {
		return nil
	}
	c := change{cause: Loss, kind: Restore, what: fmt.Sprintf("loss %v -> mse", s.loss), departure: 0.2, apply: func(s setup) (setup, bool, error) {
		ok := s.loss != graph.MSE
		s.loss = graph.MSE
		return s, ok, nil
	}}
	o, v := l.settings.Output, l.goals
	switch {
	case s.loss.Function == graph.Huber && s.loss.Delta > 0 && s.loss.Delta != 1:
		c.departure = max(0.2, decades(s.loss.Delta))
	case s.loss.Function != graph.BinaryCrossentropy:
	case s.loss.FromLogits == (o.Activation == graph.Sigmoid): // a sigmoid too many, or one too few
		c.departure = 2
	case s.loss.LabelSmoothing > 0.3:
		c.departure = 1
	case v.Min < 0 || v.Max > 1 || !s.loss.FromLogits && (o.Low < 0 || o.High > 1):
		c.departure = 2
	}
	return []change{c}
}

// initializerRestores begin with usual values again: where kernels or biases alone stand out with those, else with all.
func (l *look) initializerRestores() []change {
	kernels, biases := 0.0, 0.0
	from := ""
	for _, i := range l.settings.Initializers {
		d := initializerDeparture(i)
		if d > max(kernels, biases) {
			from = fmt.Sprintf(" (%s of %s: %v ...)", i.Variable, i.Layer, i.Initializer)
		}
		if i.Variable == "kernel" {
			kernels = max(kernels, d)
		} else {
			biases = max(biases, d)
		}
	}
	c := change{cause: Initialization, kind: Restore, departure: max(kernels, biases)}
	switch {
	case kernels > 0 && biases == 0:
		c.what, c.apply = "initializers"+from+" -> He or Glorot", edited(edit.ResetKernels)
	case biases > 0 && kernels == 0:
		c.what, c.apply = "initializers"+from+" -> zeros", edited(edit.ResetBiases)
	default:
		c.what, c.apply = "initializers"+from+" -> He or Glorot, biases -> zeros", edited(edit.ResetInitializers)
	}
	return []change{c}
}

// outputBiasRestore starts a sigmoid output at the mean of the images' values, so that the first steps need not push it there.
func (l *look) outputBiasRestore() (change, bool) {
	mean := l.goals.Mean
	if l.settings.Output.Activation != graph.Sigmoid || !(mean > 0 && mean < 1) {
		return change{}, false
	}
	start := math.Log(mean / (1 - mean))
	return change{
		cause: Initialization, kind: Restore, what: fmt.Sprintf("bias of the output -> %.3g, which gives the targets' mean of %.3g", start, mean),
		apply: edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.OutputBias(m, graph.Constant{Value: start})
		}),
	}, true
}

// initializerDeparture is how far initial values are from usual ones; that their spread is that of a layer of about 16 to 1,000
// inputs is usual.
func initializerDeparture(i edit.Initialized) float64 {
	spread, mean := 0.0, 0.0
	switch v := i.Initializer.(type) {
	case graph.Zeros:
	case graph.Ones:
		mean = 1
	case graph.Constant:
		mean = v.Value
	case graph.RandomNormal:
		mean, spread = v.Mean, v.StdDev
	case graph.RandomTruncatedNormal:
		mean, spread = v.Mean, v.StdDev
	case graph.RandomUniform:
		mean, spread = (v.Min+v.Max)/2, (v.Max-v.Min)/math.Sqrt(12)
	case graph.VarianceScaling:
		if v.Scale == 0 {
			return 0
		}
		if d := decades(v.Scale) / 2; d > 0.4 {
			return d
		}
		return 0
	default:
		return 0
	}
	if i.Variable != "kernel" { // biases and slopes
		if size := math.Abs(mean) + spread; i.Variable == "bias" && size >= 0.2 {
			return 1 + decades(size)
		}
		return 0
	}
	switch {
	case spread == 0: // all units of a layer alike
		return 6
	case math.Abs(mean) > spread:
		return 1 + decades(math.Abs(mean)/spread)
	case spread > 0.3:
		return decades(spread / 0.1)
	case spread < 0.02:
		return decades(spread / 0.1)
	}
	return 0
}

// activationRestores let gradients through. How far the present ones depart is by how much less of the gradient comes back to the
// first layer.
func (l *look) activationRestores() []change {
	var names []string
	for _, h := range l.settings.Hidden {
		if blocksGradients(h.Function) && !slices.Contains(names, string(h.Function)) {
			names = append(names, string(h.Function))
		}
	}
	if len(names) == 0 {
		return nil
	}
	d := 0.3
	if l.fading < l.fadingLeaky {
		d = max(d, decades(l.fadingLeaky/l.fading))
	}
	if !slices.Contains(names, "tanh") || len(names) > 1 {
		d = max(d, 1)
	}
	var out []change
	for _, to := range []graph.Activation{graph.LeakyReLU, graph.ELU} { // which is faster depends on the data
		out = append(out, change{
			cause: Activation, kind: Restore, what: fmt.Sprintf("hidden activations %s -> %s", strings.Join(names, ", "), to), departure: d,
			apply: edited(func(m *graph.Model) (*graph.Model, []string, error) {
				return edit.HiddenActivations(m, blocksGradients, to)
			}),
		})
	}
	return out
}

// regularizationRestores take dropout, noise, penalties and weight decay away.
func (l *look) regularizationRestores(s setup) []change {
	var out []change
	if len(l.settings.Dropout) > 0 {
		most := l.settings.DropoutTotal
		for _, n := range l.settings.Dropout {
			most = max(most, n.Amount)
		}
		out = append(out, change{
			cause: Regularization, kind: Restore, what: fmt.Sprintf("dropout and noise (%d layers) removed", len(l.settings.Dropout)), departure: max(0.1, decades(max(1-most, 1e-9))),
			apply: edited(edit.RemoveDropout),
		})
	}
	if len(l.settings.Regularizers) > 0 {
		most := 0.0
		for _, p := range l.settings.Regularizers {
			most = max(most, p.L1, p.L2)
		}
		out = append(out, change{
			cause: Regularization, kind: Restore, what: fmt.Sprintf("regularizers (up to %.3g) removed", most), departure: max(0.1, math.Log10(most/1e-4)),
			apply: edited(edit.RemoveRegularizers),
		})
	}
	if decay := training.Shared(s.optimizer).WeightDecay; decay != 0 && decay != training.Zero {
		out = append(out, change{
			cause: Regularization, kind: Restore, what: fmt.Sprintf("weight decay %.3g removed", decay), departure: max(0.1, math.Log10(decay/0.004)),
			apply: func(s setup) (setup, bool, error) {
				base := training.Shared(s.optimizer)
				base.WeightDecay = training.Zero
				s.optimizer = training.WithShared(s.optimizer, base)
				return s, true, nil
			},
		})
	}
	return out
}

func clippingRestores(s setup) []change {
	base := training.Shared(s.optimizer)
	limit := max(base.ClipNorm, base.GlobalClipNorm, base.ClipValue)
	if limit == 0 {
		return nil
	}
	return []change{{
		cause: Clipping, kind: Restore, what: fmt.Sprintf("clipping of gradients at %.3g removed", limit), departure: max(0.1, -math.Log10(limit)),
		apply: func(s setup) (setup, bool, error) {
			base := training.Shared(s.optimizer)
			base.ClipNorm, base.GlobalClipNorm, base.ClipValue = 0, 0, 0
			s.optimizer = training.WithShared(s.optimizer, base)
			return s, true, nil
		},
	}}
}

// statisticsRestore makes moving statistics follow sooner.
func statisticsRestore() change {
	return change{
		cause: BatchNorm, kind: Restore, what: "momentum of batch normalization -> 0.9", departure: 9,
		apply: edited(func(m *graph.Model) (*graph.Model, []string, error) { return edit.NormalizationMomentum(m, 0.9) }),
	}
}

// optimizerRestores are the same optimizer with its own defaults, and Adam.
func optimizerRestores(s setup) []change {
	to := func(o training.Optimizer, what string) change {
		return change{cause: Optimizer, kind: Restore, what: what, apply: func(s setup) (setup, bool, error) {
			s.optimizer = o
			return s, true, nil
		}}
	}
	var out []change
	same := training.WithShared(saved.Plain(s.optimizer), training.Shared(s.optimizer))
	same = training.WithLearningRate(same, saved.UsualRate(same))
	if same.String() != training.WithLearningRate(s.optimizer, saved.UsualRate(same)).String() {
		out = append(out, to(same, fmt.Sprintf("%s -> %s", training.WithLearningRate(s.optimizer, presentRate(s.optimizer)), same)))
	}
	if _, adam := s.optimizer.(training.Adam); !adam {
		out = append(out, to(training.Adam{}, fmt.Sprintf("%v -> adam, learning rate 0.001", s.optimizer)))
	}
	return out
}
