package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Where takes each value from its second input where the first is not 0, and from its third where it is. It fails if the inputs differ in shape.
// Reference: https://pytorch.org/docs/stable/generated/torch.where.html
type Where struct{}

// Class is "Where".
func (Where) Class() string { return "Where" }

// OutputShape is the inputs'.
func (Where) OutputShape(in []Shape) (Shape, error) {
	if len(in) != 3 || !slices.Equal(in[0], in[1]) || !slices.Equal(in[0], in[2]) {
		return nil, errors.Errorf("takes three inputs of equal shape, not %v", in)
	}
	return in[0], nil
}

// Variables are none.
func (Where) Variables([]Shape) []Declaration { return nil }

func (Where) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return chosen[float64](b, in)
	}
	return chosen[float32](b, in)
}

func chosen[T kernel.Float](b *builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(in[0].Shape()[1:])
	forward := &op{label: "where", batched: true, item: item}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		kernel.Where(b.pool, data[T](y), data[T](in[0]), data[T](in[1]), data[T](in[2]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, 3)
		for i := 1; i < 3; i++ {
			if !forward.differentiable[i] {
				continue
			}
			backward := &op{label: "gradient of where", batched: true, item: item}
			backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
				first, second := data[T](in[1]), []T(nil)
				if i == 2 {
					first, second = second, first
				}
				kernel.Where(b.pool, data[T](dx), data[T](in[0]), first, second)
				return nil
			}
			var err error
			if grads[i], err = b.add(backward, in[0], grad); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	return b.addWithoutFirst(forward, in...)
}
