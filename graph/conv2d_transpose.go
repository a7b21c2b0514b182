package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Conv2DTranspose is the adjoint of a strided convolution, with bias and activation: it enlarges an image.
//
// Input {height, width, channels}, output {height*stride, width*stride, Filters} with padding same, and
// {height*stride + max(kernel-stride, 0), ...} with padding valid, unless OutputPadding is set; kernel [KernelH, KernelW, Filters, channels].
// Reference: https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
type Conv2DTranspose struct {
	Filters    int
	Kernel     Size
	Strides    Size // default 1x1
	Padding    Padding
	Activation Activation
	NoBias     bool
	KernelInit Initializer // default Glorot uniform
	BiasInit   Initializer // default zeros

	// OutputPadding, if it is not nil, says how many more rows and columns (less than the strides) the output has than
	// (height-1)*stride + kernel, with padding same than (height-1)*stride + kernel mod 2.
	OutputPadding *Size `json:",omitempty"`

	KernelRegularizer   Regularizer `json:",omitzero"`
	BiasRegularizer     Regularizer `json:",omitzero"`
	ActivityRegularizer Regularizer `json:",omitzero"`
}

// Class is "Conv2DTranspose".
func (Conv2DTranspose) Class() string { return "Conv2DTranspose" }

// OutputShape is that of the enlarged image.
func (l Conv2DTranspose) OutputShape(in []Shape) (Shape, error) {
	w, err := l.window(in)
	return Shape{w.InH, w.InW, w.InC}, err
}

// Variables are kernel and bias.
func (l Conv2DTranspose) Variables(in []Shape) []Declaration {
	return kernelAndBias(Shape{l.Kernel.H, l.Kernel.W, l.Filters, in[0][2]}, l.Filters, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer)
}

// window is that of the convolution whose adjoint the layer is: from the layer's output to its input.
func (l Conv2DTranspose) window(in []Shape) (kernel.Window, error) {
	s, err := one(in, 3)
	if err != nil {
		return kernel.Window{}, err
	}
	if l.Filters < 1 {
		return kernel.Window{}, errors.Errorf("needs at least one filter, not %d", l.Filters)
	}
	stride := l.Strides.or(Square(1))
	padding := [2]int{-1, -1}
	if p := l.OutputPadding; p != nil {
		if p.H < 0 || p.W < 0 || p.H >= stride.H || p.W >= stride.W {
			return kernel.Window{}, errors.Errorf("output padding %dx%d must be at least 0 and less than the strides %dx%d", p.H, p.W, stride.H, stride.W)
		}
		padding = [2]int{p.H, p.W}
	}
	image := Shape{l.enlarge(s[0], l.Kernel.H, stride.H, padding[0]), l.enlarge(s[1], l.Kernel.W, stride.W, padding[1]), l.Filters}
	w, err := slide(image, l.Kernel, stride, Square(1), l.Padding)
	w.OutC = s[2]
	if err == nil && (w.OutH != s[0] || w.OutW != s[1]) {
		return w, errors.Errorf("output padding %dx%d does not fit a kernel of %dx%d with strides %dx%d", padding[0], padding[1], l.Kernel.H, l.Kernel.W, stride.H, stride.W)
	}
	return w, err
}

// enlarge is the output's size along one axis; padding below 0 is none.
func (l Conv2DTranspose) enlarge(in, size, stride, padding int) int {
	switch {
	case padding < 0 && l.Padding == Same:
		return in * stride
	case padding < 0:
		return in*stride + max(size-stride, 0)
	case l.Padding == Same:
		return (in-1)*stride + size%2 + padding
	}
	return (in-1)*stride + size + padding
}

func (l Conv2DTranspose) ending() (Activation, Regularizer) {
	return l.Activation, l.ActivityRegularizer
}

func (l Conv2DTranspose) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.window(itemShapes(in))
	if err != nil {
		return nil, err
	}
	if b.precision == Float64 {
		return conv2DTranspose[float64](b, layer, l, w, in[0])
	}
	return conv2DTranspose[float32](b, layer, l, w, in[0])
}

func conv2DTranspose[T kernel.Float](b *builder, layer string, l Conv2DTranspose, w kernel.Window, x *gorgonia.Node) (*gorgonia.Node, error) {
	return weighting[T]{
		label:   "conv2d_transpose",
		product: func(act kernel.Activation) product[T] { return kernel.NewConv2DTranspose[T](w, act) },
		perRow:  w.OutH * w.OutW * w.OutC, out: Shape{w.InH, w.InW, w.InC},
		withBias: !l.NoBias, of: l, fusion: b.fusion,
	}.add(b, layer, x)
}
