package diagnosis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"dcae/graph"
	"dcae/models/edit"
)

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
	fitting := func(s setup) graph.Activation { return fittingOutput(l.goals.after(s.aim)) }
	name := func(s setup) string { return fmt.Sprintf("output activation %s -> %s", o.Activation, fitting(s)) }
	if o.Activation == fitting(s) {
		return nil
	}
	c := change{cause: OutputRange, kind: Restore, what: name(s), beside: name, apply: func(s setup) (setup, bool, error) {
		return edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.OutputActivation(m, fitting(s))
		})(s)
	}}
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

// initializerRestores begin with usual values again: where kernels or biases alone stand out with those, else with all.
func (l *look) initializerRestores() []change {
	kernels, biases := 0.0, 0.0
	from := ""
	for _, i := range l.settings.Initializers {
		d := initializerDeparture(i)
		if d > max(kernels, biases) {
			from = fmt.Sprintf(" (%s of %s: %v ...)", i.Variable, i.Layer, roundedInitializer(i.Initializer))
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

// roundedInitializer has three digits of each figure: those of PyTorch's are measured.
func roundedInitializer(i graph.Initializer) graph.Initializer {
	switch v := i.(type) {
	case graph.Constant:
		return graph.Constant{Value: round3(v.Value)}
	case graph.RandomNormal:
		v.Mean, v.StdDev = round3(v.Mean), round3(v.StdDev)
		return v
	case graph.RandomTruncatedNormal:
		v.Mean, v.StdDev = round3(v.Mean), round3(v.StdDev)
		return v
	case graph.RandomUniform:
		v.Min, v.Max = round3(v.Min), round3(v.Max)
		return v
	}
	return i
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
		if u, ok := i.Initializer.(graph.RandomUniform); ok && u.Min == -u.Max && u.Max <= 1 {
			return 0 // PyTorch begins so: up to one over the root of a unit's number of inputs
		}
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

// regularizationRestores take dropout, noise and penalties away.
func (l *look) regularizationRestores() []change {
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
	return out
}

// frozenRestores let layers take part in training that do not.
func (l *look) frozenRestores() []change {
	n := len(l.settings.Frozen)
	if n == 0 {
		return nil
	}
	return []change{{cause: Frozen, kind: Restore, what: number(n, "frozen layer", "frozen layers") + " trained, too", departure: 2, apply: edited(edit.Free)}}
}

// statisticsRestore makes moving statistics follow sooner.
func statisticsRestore(departure float64) change {
	return change{
		cause: BatchNorm, kind: Restore, what: "momentum of batch normalization -> 0.9", departure: departure,
		apply: edited(func(m *graph.Model) (*graph.Model, []string, error) { return edit.NormalizationMomentum(m, 0.9) }),
	}
}
