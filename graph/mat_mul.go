package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// MatMul is the matrix product of two values of each item.
//
// Inputs {..., rows, length} and {..., length, columns}, with equal axes in front; output {..., rows, columns}. It fails if these do not fit.
// Reference: https://pytorch.org/docs/stable/generated/torch.matmul.html
type MatMul struct{}

// Class is "MatMul".
func (MatMul) Class() string { return "MatMul" }

// OutputShape is {..., rows, columns}.
func (MatMul) OutputShape(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return nil, errors.Errorf("takes two inputs, not %d", len(in))
	}
	a, b := in[0], in[1]
	last := len(a) - 1
	if last < 1 || len(b) != len(a) || !slices.Equal(a[:last-1], b[:last-1]) || a[last] != b[last-1] {
		return nil, errors.Errorf("matrices of %v and %v cannot be multiplied", a, b)
	}
	return append(slices.Clone(a[:last]), b[last]), nil
}

// Variables are none.
func (MatMul) Variables([]Shape) []Declaration { return nil }

func (MatMul) flops(in []Shape, out Shape) float64 {
	return 2 * float64(out.Size()*in[0][len(in[0])-1])
}

func (MatMul) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return multiplied[float64](b, in)
	}
	return multiplied[float32](b, in)
}

func multiplied[T kernel.Float](b *builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shapes := itemShapes(in)
	out, err := MatMul{}.OutputShape(shapes)
	if err != nil {
		return nil, err
	}
	axes := len(out)
	k := kernel.NewMatrixProduct[T](shapes[0][axes-2], shapes[0][axes-1], out[axes-1])
	forward := &op{label: "mat_mul", batched: true, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		k.Forward(b.pool, data[T](y), data[T](in[0]), data[T](in[1]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, 2)
		for i := range grads {
			if !forward.differentiable[i] {
				continue
			}
			backward := &op{label: "gradient of mat_mul", batched: true, item: shapes[i]}
			backward.run = func(in []gorgonia.Value, d gorgonia.Value) error {
				if i == 0 {
					k.First(b.pool, data[T](d), data[T](in[0]), data[T](in[1]))
				} else {
					k.Second(b.pool, data[T](d), data[T](in[0]), data[T](in[1]))
				}
				return nil
			}
			var err error
			if grads[i], err = b.add(backward, in[1-i], grad); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	return b.add(forward, in...)
}

// see is all of both matrices; the axes in front, of images the rows, are places as they are.
func (MatMul) see(_ []Shape, out Shape, from []sight) sight {
	if len(out) != 3 {
		return whole(out, from)
	}
	y := sight{rows: union(nil, out[0]), columns: union(slices.Concat(from[0].columns, from[1].columns), out[1])}
	for i := range y.rows {
		y.rows[i] = from[0].rows[i].with(from[1].rows[i])
	}
	return y
}
