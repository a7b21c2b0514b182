package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// MaxPooling2D takes the largest value of each window and channel; of equal ones the first passes the gradient on.
//
// Input {height, width, channels}; pixels outside of the image are left out. It fails if a valid window is larger than the image with its margins,
// or if margins are wider than half of the window. Reference: https://keras.io/api/layers/pooling_layers/max_pooling2d/
type MaxPooling2D struct {
	Pool     Size // default 2x2
	Strides  Size // default Pool
	Padding  Padding
	Dilation Size    `json:",omitzero"`  // default 1x1
	Margins  Margins `json:",omitzero"`  // around the image, with padding valid
	Ceil     bool    `json:",omitempty"` // the last window may reach beyond the margins, if it begins before the image's end
}

// Class is "MaxPooling2D".
func (MaxPooling2D) Class() string { return "MaxPooling2D" }

// OutputShape is that of the reduced image. It fails for an input that is no image, if a valid window is larger than it, and for windows of
// more than 256 pixels.
func (l MaxPooling2D) OutputShape(in []Shape) (Shape, error) {
	w, err := l.window(in)
	return Shape{w.OutH, w.OutW, w.OutC}, err
}

// Variables are none.
func (MaxPooling2D) Variables([]Shape) []Declaration { return nil }

func (l MaxPooling2D) window(in []Shape) (kernel.Window, error) {
	s, err := one(in, 3)
	if err != nil {
		return kernel.Window{}, err
	}
	pool := l.Pool.or(Square(2))
	slide := sliding{size: pool, strides: l.Strides.or(pool), dilation: l.Dilation, padding: l.Padding, margins: l.Margins, ceil: l.Ceil}
	if err := slide.poolable(); err != nil {
		return kernel.Window{}, err
	}
	w, err := slide.over(s)
	w.OutC = s[2]
	if err == nil && pool.H*pool.W > maxPool && slide.dilation.or(Square(1)) != Square(1) {
		return w, errors.Errorf("a window of %dx%d has more than %d pixels, which must not be dilated", pool.H, pool.W, maxPool)
	}
	return w, err
}

// maxPool is how many pixels a window has whose winners are bytes.
const maxPool = 256

func (l MaxPooling2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.window(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return pooledBy(b, "max_pooling2d", w, Shape{w.OutH, w.OutW, w.OutC}, in[0])
}

// pooledBy adds the max pooling of x, with an output of shape out, and the activation of its result as one op.
func pooledBy(b *builder, label string, w kernel.Window, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if w.KernelH*w.KernelW > maxPool {
		rows, columns := kernel.WindowRanges(w)
		return largestOf(b, label, Shape{w.InH, w.InW, w.InC}, rows, columns, out, x)
	}
	if b.precision == Float64 {
		return maxPooled[float64](b, label, w, out, b.fusion.end, x)
	}
	return maxPooled[float32](b, label, w, out, b.fusion.end, x)
}

func maxPooled[T kernel.Float](b *builder, label string, w kernel.Window, out Shape, act Activation, x *gorgonia.Node) (*gorgonia.Node, error) {
	k, activated := kernel.NewMaxPool2D[T](w), act.suffix() != ""
	if f, _ := act.fused(); activated {
		k = kernel.NewActivatedMaxPool2D[T](w, f)
	}
	var winners []uint8 // written forward, read backward
	forward := &op{label: label + act.suffix(), batched: true, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		out := data[T](y)
		if b.training {
			winners = grow(winners, len(out))
		}
		k.Forward(b.pool, in[0].Shape()[0], out, data[T](in[0]), winners)
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, y, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		if !forward.differentiable[0] {
			return gorgonia.Nodes{nil}, nil
		}
		reads := []*gorgonia.Node{grad}
		if activated { // its derivative follows from y
			reads = append(reads, y)
		}
		backward := &op{label: "gradient of " + forward.label, batched: true, item: Shape(in[0].Shape()[1:])}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			k.Backward(b.pool, in[0].Shape()[0], data[T](dx), optional[T](in, 1, activated), data[T](in[0]), winners)
			return nil
		}
		dx, err := b.add(backward, reads...)
		return gorgonia.Nodes{dx}, err
	}
	return b.add(forward, x)
}

// grow returns s with length n, allocating only when it is too small.
func grow[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
