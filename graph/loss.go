package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// LossFunction names a loss as Keras does; the zero value is mse.
type LossFunction string

// The losses of one value against its target.
const (
	MeanSquaredError   LossFunction = "mse"
	MeanAbsoluteError  LossFunction = "mae"
	BinaryCrossentropy LossFunction = "binary_crossentropy"
	Huber              LossFunction = "huber"
	LogCosh            LossFunction = "log_cosh"
)

// PyTorch's losses, by their classes, where they are others than Keras' ones.
const (
	BCELoss           LossFunction = "BCELoss"           // logarithms are at least -100
	BCEWithLogitsLoss LossFunction = "BCEWithLogitsLoss" // of the sigmoid of the output, also of one that is a sigmoid's
	SmoothL1Loss      LossFunction = "SmoothL1Loss"      // huber divided by its delta, which PyTorch calls beta
)

// Given is the loss that a model computes itself, [Model.OwnLoss].
const Given LossFunction = "given"

// Loss is the mean, or the sum, of a loss function over all values of a batch; the zero value is the mean squared error. References:
// https://keras.io/api/losses/ and https://pytorch.org/docs/stable/nn.html#loss-functions
type Loss struct {
	Function LossFunction

	// FromLogits says that binary_crossentropy is given what a sigmoid would make probabilities of; else these are limited to
	// 1e-7 and 1-1e-7. As in Keras, what goes into the sigmoid is taken where a model's last layer ends in one.
	FromLogits     bool    `setting:"from_logits"`
	LabelSmoothing float64 `setting:"label_smoothing"` // of binary_crossentropy: the share by which targets are drawn to 0.5
	Delta          float64 `setting:"delta"`           // of huber and SmoothL1Loss: where they turn linear; default 1
	Sum            bool    `setting:"sum"`             // over all values, not their mean

	SumOfMeans bool    // over images and places, of the mean over the last axis, as reduction="sum" in Keras
	Weight     float64 // by which the loss is multiplied, as loss_weights in Keras; default 1
}

// LossDefaults has the settings' defaults that are not 0.
var LossDefaults = Loss{Delta: 1}

// MSE is the mean squared error.
var MSE = Loss{Function: MeanSquaredError}

// String names the loss and the settings that differ from their defaults: "mse", "huber(delta=2)", "mse, summed".
func (l Loss) String() string {
	name := string(l.Function)
	switch l.Function {
	case "":
		name = string(MeanSquaredError)
	case BinaryCrossentropy:
		if l.FromLogits || l.LabelSmoothing != 0 {
			name += fmt.Sprintf("(from_logits=%t, label_smoothing=%g)", l.FromLogits, l.LabelSmoothing)
		}
	case Huber, SmoothL1Loss:
		if l.Delta != 0 && l.Delta != LossDefaults.Delta {
			name += fmt.Sprintf("(delta=%g)", l.Delta)
		}
	}
	if l.Sum || l.SumOfMeans {
		name += ", summed"
	}
	if w := l.weight(); w != 1 {
		name += fmt.Sprintf(", times %g", w)
	}
	return name
}

func (l Loss) weight() float64 {
	if l.Weight == 0 {
		return 1
	}
	return l.Weight
}

// IsScaled tells whether the loss is something else than the mean over all values.
func (l Loss) IsScaled() bool { return l.Sum || l.SumOfMeans || l.weight() != 1 }

// IsCrossEntropy tells whether the loss is a binary cross-entropy, Keras' or PyTorch's.
func (l Loss) IsCrossEntropy() bool {
	return l.Function == BinaryCrossentropy || l.Function == BCELoss || l.Function == BCEWithLogitsLoss
}

// TakesLogits tells whether the loss takes the sigmoid of what it is given.
func (l Loss) TakesLogits() bool {
	return l.Function == BinaryCrossentropy && l.FromLogits || l.Function == BCEWithLogitsLoss
}

// Check tells why there is no such loss; nil if there is.
func (l Loss) Check() error {
	if !(l.weight() > 0) || math.IsInf(l.Weight, 1) {
		return errors.Errorf("the loss must be multiplied by a positive number, not %g", l.Weight)
	}
	switch l.Function {
	case "", MeanSquaredError, MeanAbsoluteError, LogCosh, Given, BCELoss, BCEWithLogitsLoss:
		return nil
	case BinaryCrossentropy:
		if !(l.LabelSmoothing >= 0 && l.LabelSmoothing <= 1) {
			return errors.Errorf("label smoothing must be 0 to 1, not %g", l.LabelSmoothing)
		}
		return nil
	case Huber, SmoothL1Loss:
		if !(l.Delta >= 0) {
			return errors.Errorf("the delta of %s must be positive, not %g", l.Function, l.Delta)
		}
		return nil
	}
	return errors.Errorf("unknown loss %q (there are mse, mae, binary_crossentropy, huber, log_cosh, and PyTorch's BCELoss, BCEWithLogitsLoss and SmoothL1Loss)", l.Function)
}

// ReadsLogits tells whether the loss takes the place of a sigmoid at the model's end, and so reads what the sigmoid would.
func (l Loss) ReadsLogits(m *Model) bool {
	if l.Function != BinaryCrossentropy || len(m.Nodes) == 0 {
		return false
	}
	switch last := m.Nodes[len(m.Nodes)-1].Layer.(type) {
	case productLayer, Activate:
		a, _ := ActivationOf(last)
		return a == Sigmoid
	}
	return false
}

func (l Loss) apply(b *builder, y, target *gorgonia.Node) (*gorgonia.Node, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	if l.Function == Given {
		return ownLoss(b, y)
	}
	if b.logits != nil {
		l.FromLogits, y = true, b.logits
	}
	label, shape := l.label(), y.Shape()
	if l.SumOfMeans {
		l.Sum, l.SumOfMeans, l.Weight = true, false, l.weight()/float64(shape[len(shape)-1])
	}
	if b.precision == Float64 {
		return distance(b, label, measureOf[float64](l), y, target)
	}
	return distance(b, label, measureOf[float32](l), y, target)
}

// Reconstructing is the model whose output is to be compared with the images: where a loss takes logits, the model with a sigmoid at its end.
func (m *Model) Reconstructing(l Loss) *Model {
	if !l.TakesLogits() || l.ReadsLogits(m) {
		return m
	}
	out := *m
	last := len(m.Nodes) - 1
	out.Nodes = append(slices.Clone(m.Nodes), Node{Name: "probabilities", Layer: Activate{Function: Sigmoid}, Inputs: []int{last}})
	return &out
}

func (l Loss) label() string {
	if l == (Loss{}) || l == MSE {
		return "mean_squared_error"
	}
	return l.String()
}

// measure is a kernel that compares values with their targets.
type measure[T kernel.Float] interface {
	Forward(p *kernel.Pool, y, target []T) T
	Backward(p *kernel.Pool, dy, y, target []T, scale T)
}

func measureOf[T kernel.Float](l Loss) measure[T] {
	if w := l.weight(); w != 1 {
		l.Weight = 1
		return weighted[T]{measureOf[T](l), T(w)}
	}
	if l.Sum {
		l.Sum = false
		return total[T]{measureOf[T](l)}
	}
	if l.Function == "" || l.Function == MeanSquaredError {
		return kernel.NewSquaredError[T]()
	}
	return kernel.NewMeanDistance[T](distanceOf[T](l))
}

// total is the sum where another measure is the mean.
type total[T kernel.Float] struct{ mean measure[T] }

func (s total[T]) Forward(p *kernel.Pool, y, target []T) T {
	return T(len(y)) * s.mean.Forward(p, y, target)
}

func (s total[T]) Backward(p *kernel.Pool, dy, y, target []T, scale T) {
	s.mean.Backward(p, dy, y, target, T(len(y))*scale)
}

// weighted is a measure times a number.
type weighted[T kernel.Float] struct {
	measure measure[T]
	weight  T
}

func (w weighted[T]) Forward(p *kernel.Pool, y, target []T) T {
	return w.weight * w.measure.Forward(p, y, target)
}

func (w weighted[T]) Backward(p *kernel.Pool, dy, y, target []T, scale T) {
	w.measure.Backward(p, dy, y, target, w.weight*scale)
}

// distanceOf is the loss of one value in a precision.
func distanceOf[T kernel.Float](l Loss) kernel.Distance {
	switch l.Function {
	case MeanAbsoluteError:
		return kernel.AbsoluteError()
	case BinaryCrossentropy:
		if l.FromLogits {
			return kernel.LogitCrossEntropy(l.LabelSmoothing)
		}
		const epsilon = 1e-7
		low, high := float64(T(epsilon)), float64(T(1-epsilon))
		return kernel.CrossEntropy(low, high, l.LabelSmoothing)
	case BCELoss:
		return kernel.ClampedCrossEntropy()
	case BCEWithLogitsLoss:
		return kernel.LogitCrossEntropy(0)
	case Huber, SmoothL1Loss:
		delta := l.Delta
		if delta == 0 {
			delta = LossDefaults.Delta
		}
		if l.Function == SmoothL1Loss {
			return kernel.SmoothL1(delta)
		}
		return kernel.Huber(delta)
	case LogCosh:
		return kernel.LogCosh()
	}
	return kernel.Distance{Slope: func(y, target float64) float64 { return 2 * (y - target) }}
}

// Slope is the derivative of the loss of one output value y by y. Where the loss takes logits, y is the probability that a sigmoid makes of
// one.
func (l Loss) Slope() func(y, target float64) float64 {
	l.FromLogits = false
	if l.Function == BCEWithLogitsLoss {
		l.Function = BCELoss
	}
	return distanceOf[float64](l).Slope
}

func distance[T kernel.Float](b *builder, label string, k measure[T], y, target *gorgonia.Node) (*gorgonia.Node, error) {
	forward := &op{label: label, output: ownOutput{newScalar(b.precision)}}
	forward.run = func(in []gorgonia.Value, loss gorgonia.Value) error {
		setScalar(loss, k.Forward(b.pool, data[T](in[0]), data[T](in[1])))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		backward := &op{label: "gradient of " + label, batched: true, item: Shape(in[0].Shape()[1:])}
		backward.run = func(in []gorgonia.Value, dy gorgonia.Value) error {
			k.Backward(b.pool, data[T](dy), data[T](in[0]), data[T](in[1]), scalar[T](in[2]))
			return nil
		}
		dy, err := b.add(backward, in[0], in[1], grad)
		return gorgonia.Nodes{dy, nil}, err
	}
	return b.add(forward, y, target)
}
