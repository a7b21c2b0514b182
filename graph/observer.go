package graph

import (
	"gorgonia.org/gorgonia"

	"github.com/pkg/errors"
)

// Observer reads the output of one of a model's nodes in every run of an evaluation.
type Observer struct {
	Node    int                    // index of the model's node
	Observe func(values []float32) // [batch, item...]; valid during the call
}

// observe adds a node that shows a layer's output to an observer. It has no derivative and changes nothing.
func (b *builder) observe(o Observer) error {
	if b.precision != Float32 {
		return errors.New("only float32 outputs can be observed")
	}
	if b.outputs[o.Node] == nil {
		return errors.New("a batch normalization that is computed together with the pooling after it cannot be observed")
	}
	_, err := b.add(&op{label: "observe", output: ownOutput{newScalar(b.precision)},
		run: func(in []gorgonia.Value, _ gorgonia.Value) error {
			o.Observe(data[float32](in[0]))
			return nil
		}}, b.outputs[o.Node])
	return err
}

// Saturation returns the values below which and above which an output of the layer counts as saturated: within 5% of
// its activation's range from a limit. ok is false for layers whose activation has no limits.
func Saturation(l Layer) (low, high float64, ok bool) {
	a, _ := ActivationOf(l)
	low, high, ok = a.limits()
	margin := float64(0.05 * (high - low))
	return low + margin, high - margin, ok
}

// HasUnits tells whether a layer's outputs are units: those of a layer with a kernel, or of an activation.
func HasUnits(l Layer) bool {
	_, ok := ActivationOf(l)
	return ok
}

// ActivationOf is the activation that a layer ends with; ok is false for a layer that has neither a kernel nor an activation.
func ActivationOf(l Layer) (Activation, bool) {
	switch l := l.(type) {
	case productLayer:
		a, _ := l.ending()
		return a, true
	case Activate:
		return l.Function, true
	case LeakyRectifier, ParametricRectifier:
		return LeakyReLU, true
	case Rectifier:
		return ReLU, true
	case ExponentialLinear:
		return ELU, true
	case SoftmaxLayer:
		if l.Log {
			return LogSoftmax, true
		}
		return Softmax, true
	case Elementwise:
		if a, ok := l.Activation(); ok {
			return a, true
		}
	}
	return Linear, false
}
