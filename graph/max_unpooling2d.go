package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// MaxUnpooling2D puts values to where a max pooling found the largest ones, and zeros elsewhere; of several at one place the last stays.
//
// It fails if the shapes do not fit, or if the pooling is dilated. Inputs: the values, of the shape of what Pooling gives, and the image that it takes, to which no gradient flows; output of the image's shape.
// Reference: https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool2d.html
type MaxUnpooling2D struct{ Pooling MaxPooling2D }

// Class is "MaxUnpooling2D".
func (MaxUnpooling2D) Class() string { return "MaxUnpooling2D" }

// OutputShape is the pooled image's.
func (l MaxUnpooling2D) OutputShape(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return nil, errors.Errorf("takes values and the image that was pooled, not %d inputs", len(in))
	}
	if l.Pooling.Dilation.or(Square(1)) != Square(1) {
		return nil, errors.New("pooling with dilation cannot be undone")
	}
	pooled, err := l.Pooling.OutputShape(in[1:])
	if err != nil {
		return nil, err
	}
	if !slices.Equal(pooled, in[0]) {
		return nil, errors.Errorf("values of %v are not what pooling makes of an image of %v: %v", in[0], in[1], pooled)
	}
	return in[1], nil
}

// Variables are none.
func (MaxUnpooling2D) Variables([]Shape) []Declaration { return nil }

func (l MaxUnpooling2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.Pooling.window(itemShapes(in)[1:])
	if err != nil {
		return nil, err
	}
	if b.precision == Float64 {
		return unpooled[float64](b, w, in)
	}
	return unpooled[float32](b, w, in)
}

func unpooled[T kernel.Float](b *builder, w kernel.Window, in []*gorgonia.Node) (*gorgonia.Node, error) {
	rows, columns := kernel.WindowRanges(w)
	k := kernel.NewWindowMax[T](w.InH, w.InW, w.InC, rows, columns)
	forward := &op{label: "max_unpooling2d", batched: true, item: Shape{w.InH, w.InW, w.InC}}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		n := in[0].Shape()[0]
		k.Find(b.pool, n, data[T](in[0]))
		k.Put(b.pool, n, data[T](y), data[T](in[1]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, 2)
		if !forward.differentiable[1] {
			return grads, nil
		}
		backward := &op{label: "gradient of max_unpooling2d", batched: true, item: Shape(in[1].Shape()[1:])}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			k.Take(b.pool, in[0].Shape()[0], data[T](dx), data[T](in[0]))
			return nil
		}
		var err error
		grads[1], err = b.add(backward, grad)
		return grads, err
	}
	return b.addWithoutFirst(forward, in[1], in[0])
}

// see is what the windows see in which a place's value may have been found, and the value itself.
func (l MaxUnpooling2D) see(in []Shape, _ Shape, from []sight) sight {
	w, _ := l.Pooling.window(in[1:]) // the shapes were found to fit
	window := throughWindow(w, from[1])
	both := sight{rows: make([]span, len(window.rows)), columns: make([]span, len(window.columns))}
	for i := range both.rows {
		both.rows[i] = window.rows[i].with(from[0].rows[i])
	}
	for i := range both.columns {
		both.columns[i] = window.columns[i].with(from[0].columns[i])
	}
	return sight{
		spread(both.rows, w.InH, w.StrideH, w.PadTop, w.KernelH, w.DilationH),
		spread(both.columns, w.InW, w.StrideW, w.PadLeft, w.KernelW, w.DilationW),
	}
}
