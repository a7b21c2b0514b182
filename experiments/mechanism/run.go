// Package mechanism says why runs ended as they did, from their records alone. Each rule reads gradients, updates, dead units, saturated
// values or held-out figures, and puts what it finds into words with the numbers that carry them. Where no rule holds, the records do not
// decide, and the words say so. All that is given is plain numbers, so that records of any kind can be asked.
package mechanism

import (
	"math"

	"dcae/experiments/outcome"
	"dcae/experiments/statistics"
)

// Run is what the records of one run hold.
type Run struct {
	Arm     string
	Seed    uint64
	Outcome outcome.Outcome
	Loss    []float64 // of each step
	Epochs  []float64 // mean training loss of each completed epoch
	Layers  []Layer   // with units or trained variables, from input to output
	Output  Output

	FVU         float64 // on the test images
	Reestimated float64 // the same with batch normalization's statistics taken anew; NaN where that was not measured
	HeldOutMean float64 // of all output values after the last epoch; NaN if there was none
}

// Layer is one layer's part of the records. A series is nil where nothing was recorded.
type Layer struct {
	Name      string    // as it is shown
	Kernel    bool      // it has one that is trained
	Narrowest bool      // it is the bottleneck: the hidden layer with units that has the fewest values
	Units     int       // channels or outputs
	Gradient  []float64 // L2 norm of each step
	Update    []float64 // length of each step over that of the weights
	Weight    []float64 // length of the weights before each step
	Dead      []float64 // share of units after each epoch
	Saturated []float64 // share of values after each epoch
}

// Output is what the last layer can print, and what it is to print.
type Output struct {
	Layer      string  // the last layer with units
	Activation string  // its name
	Low, High  float64 // its limits, which may be infinite

	// Of the images in the records: their range, the share of their values beyond the limits, and the FVU that this costs at least,
	// since the limit is the nearest that can be printed.
	DataLow, DataHigh, Beyond, Floor float64
}

// slopeAtMost is the largest mean slope that the output's activation can have where the outputs have this mean: slopes of sigmoid, y(1-y),
// and tanh, 1-y^2, are concave in the output, so that they are largest where all outputs are equal (Jensen's inequality). ok is false
// for other activations.
func (o Output) slopeAtMost(mean float64) (slope float64, ok bool) {
	switch o.Activation {
	case "sigmoid":
		return mean * (1 - mean), true
	case "tanh":
		return 1 - float64(mean*mean), true
	}
	return 0, false
}

// kernels are the layers with a trained kernel whose steps were recorded.
func (r *Run) kernels() []*Layer {
	var out []*Layer
	for i := range r.Layers {
		if l := &r.Layers[i]; l.Kernel && len(l.Gradient) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// layer is the one with a name; nil if there is none.
func (r *Run) layer(name string) *Layer {
	for i := range r.Layers {
		if r.Layers[i].Name == name {
			return &r.Layers[i]
		}
	}
	return nil
}

// hidden are the layers with units before the output.
func (r *Run) hidden() []*Layer {
	var out []*Layer
	for i := range r.Layers {
		if l := &r.Layers[i]; l.Name != r.Output.Layer && len(l.Dead) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// stepOf is the last step of an epoch, counted from 0.
func (r *Run) stepOf(epoch int) int { return (epoch + 1) * len(r.Loss) / len(r.Epochs) }

// last is the final value of a series; NaN of none.
func last(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return values[len(values)-1]
}

// lateShare is the part of the steps, at the end, that figures of layers are medians over.
const lateShare = 10

// late is the median over the last tenth of the steps, over one at least.
func late(values []float64) float64 {
	return statistics.Median(values[len(values)-(len(values)+lateShare-1)/lateShare:])
}

// since is the first of n steps, from 1, from which on a condition holds to the end; 0 if it does not hold at the end.
func since(n int, holds func(i int) bool) int {
	i := n
	for i > 0 && holds(i-1) {
		i--
	}
	if i == n {
		return 0
	}
	return i + 1
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
