package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Rescaling is x*Scale + Offset. Reference: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
type Rescaling struct {
	Scale  []float64 // one number, or one for each value along the last axis; default 1
	Offset []float64 // likewise; default 0
}

// Class is "Rescaling".
func (Rescaling) Class() string { return "Rescaling" }

// OutputShape is the input's. It fails for other than one input, and for a number of scales or offsets that is neither 1 nor the length of the
// last axis.
func (l Rescaling) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	for _, n := range []int{len(l.Scale), len(l.Offset)} {
		if n > 1 && (len(s) == 0 || n != s[len(s)-1]) {
			return nil, errors.Errorf("%d scales or offsets fit neither all values nor the last axis of %v", n, s)
		}
	}
	return s, nil
}

// Variables are none.
func (Rescaling) Variables([]Shape) []Declaration { return nil }

func (l Rescaling) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return rescaled[float64](b, l, in[0])
	}
	return rescaled[float32](b, l, in[0])
}

func rescaled[T kernel.Float](b *builder, l Rescaling, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	scale, offset := repeated[T](l.Scale, 1, item.Size()), repeated[T](l.Offset, 0, item.Size())
	op := unary[T]{
		label: "rescaling", out: item,
		forward:  func(_ int, y, x []T) { kernel.Rescale(b.pool, y, x, scale, offset) },
		backward: func(_ int, dx, _, _, dy []T) { kernel.Rescale(b.pool, dx, dy, scale, nil) },
	}
	return op.add(b, x)
}

// repeated fills an image with numbers that repeat.
func repeated[T kernel.Float](numbers []float64, def float64, size int) []T {
	if len(numbers) == 0 {
		numbers = []float64{def}
	}
	out := make([]T, size)
	for i := range out {
		out[i] = T(numbers[i%len(numbers)])
	}
	return out
}
