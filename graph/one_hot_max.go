package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// OneHotMax is 1 where the largest value along the last axis lies, of equal ones the first, and 0 elsewhere. No gradient flows through it.
// Reference: https://pytorch.org/docs/stable/generated/torch.argmax.html
type OneHotMax struct{}

// Class is "OneHotMax".
func (OneHotMax) Class() string { return "OneHotMax" }

// OutputShape is the input's.
func (OneHotMax) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err == nil && len(s) == 0 {
		err = errors.New("takes at least one axis besides the batch")
	}
	return s, err
}

// Variables are none.
func (OneHotMax) Variables([]Shape) []Declaration { return nil }

func (OneHotMax) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return oneHot[float64](b, in[0])
	}
	return oneHot[float32](b, in[0])
}

func oneHot[T kernel.Float](b *builder, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	return b.add(&op{label: "one_hot_max", batched: true, item: item, run: func(in []gorgonia.Value, y gorgonia.Value) error {
		kernel.OneHotMax(b.pool, item[len(item)-1], data[T](y), data[T](in[0]))
		return nil
	}}, x)
}
