package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// MatMul multiplies the matrices that the last two axes of its two inputs are.
//
// Inputs {..., rows, k} and {..., k, columns}, whose other axes are equal; output {..., rows, columns}. Reference:
// https://pytorch.org/docs/stable/generated/torch.matmul.html
type MatMul struct{}

// Class is "MatMul".
func (MatMul) Class() string { return "MatMul" }

// OutputShape is {..., rows, columns}. It fails if the matrices do not fit together.
func (MatMul) OutputShape(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return nil, errors.Errorf("takes two inputs, not %d", len(in))
	}
	a, b := in[0], in[1]
	last := len(a) - 1
	if last < 1 || len(b) != len(a) || a[last] != b[last-1] || !slices.Equal(a[:last-1], b[:last-1]) {
		return nil, errors.Errorf("matrices of %v and %v cannot be multiplied", a, b)
	}
	return append(slices.Clone(a[:last]), b[last]), nil
}

// Variables are none.
func (MatMul) Variables([]Shape) []Declaration { return nil }

func (l MatMul) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return matrixProduct[float64](b, in)
	}
	return matrixProduct[float32](b, in)
}

// see is, of a stack of matrices, the pair that is multiplied: rows of an image are such matrices.
func (MatMul) see(_ []Shape, out Shape, from []sight) sight {
	all := whole(out, from)
	if len(out) == 3 {
		all.rows = pointwise(out, from).rows
	}
	return all
}

func matrixProduct[T kernel.Float](b *builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shapes := itemShapes(in)
	out, err := MatMul{}.OutputShape(shapes)
	if err != nil {
		return nil, err
	}
	last := len(out) - 1
	stack := out[:last-1].Size()
	k := kernel.NewMatMul[T](out[last-1], shapes[0][last], out[last])
	forward := &op{label: "matmul", batched: true, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		k.Forward(b.pool, in[0].Shape()[0]*stack, data[T](y), data[T](in[0]), data[T](in[1]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, y, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, 2)
		for i := range grads {
			if !forward.differentiable[i] {
				continue
			}
			backward := &op{label: "gradient of matmul", batched: true, item: shapes[i]}
			backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
				var by [2][]T
				by[i] = data[T](dx)
				k.Backward(b.pool, in[0].Shape()[0]*stack, by[0], by[1], data[T](in[0]), data[T](in[1]), data[T](in[2]), data[T](in[3]))
				return nil
			}
			var err error
			if grads[i], err = b.add(backward, in[0], in[1], y, grad); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	return b.add(forward, in...)
}

func (MatMul) flops(in []Shape, out Shape) float64 {
	return 2 * float64(out.Size()*in[0][len(in[0])-1])
}
