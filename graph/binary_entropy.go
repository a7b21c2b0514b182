package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// BinaryEntropy is the cross-entropy -t*log(y) - (1-t)*log(1-y) of each value y of its first input, a probability, against that of its second,
// t. As in PyTorch, logarithms below -100 count as -100. It fails if the inputs differ in shape. Reference:
// https://pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
type BinaryEntropy struct{}

// Class is "BinaryEntropy".
func (BinaryEntropy) Class() string { return "BinaryEntropy" }

// OutputShape is the inputs'.
func (BinaryEntropy) OutputShape(in []Shape) (Shape, error) {
	if len(in) != 2 || !slices.Equal(in[0], in[1]) {
		return nil, errors.Errorf("takes two inputs of equal shape, not %v", in)
	}
	return in[0], nil
}

// Variables are none.
func (BinaryEntropy) Variables([]Shape) []Declaration { return nil }

func (BinaryEntropy) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return binaryEntropy[float64](b, in[0], in[1])
	}
	return binaryEntropy[float32](b, in[0], in[1])
}

func binaryEntropy[T kernel.Float](b *builder, y, target *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(y.Shape()[1:])
	forward := &op{label: "binary_entropy", batched: true, item: item}
	forward.run = func(in []gorgonia.Value, out gorgonia.Value) error {
		kernel.CrossEntropies(b.pool, data[T](out), data[T](in[0]), data[T](in[1]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, 2)
		var err error
		if forward.differentiable[0] {
			backward := &op{label: "gradient of binary_entropy", batched: true, item: item}
			backward.run = func(in []gorgonia.Value, dy gorgonia.Value) error {
				kernel.CrossEntropiesGradient(b.pool, data[T](dy), data[T](in[0]), data[T](in[1]), data[T](in[2]))
				return nil
			}
			if grads[0], err = b.add(backward, in[0], in[1], grad); err != nil {
				return nil, err
			}
		}
		if forward.differentiable[1] {
			backward := &op{label: "gradient of binary_entropy by its target", batched: true, item: item}
			backward.run = func(in []gorgonia.Value, dt gorgonia.Value) error {
				kernel.CrossEntropiesTargetGradient(b.pool, data[T](dt), data[T](in[0]), data[T](in[1]))
				return nil
			}
			grads[1], err = b.add(backward, in[0], grad)
		}
		return grads, err
	}
	return b.add(forward, y, target)
}
