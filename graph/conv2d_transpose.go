package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Conv2DTranspose is the adjoint of a strided convolution, with bias and activation: it enlarges an image.
//
// Input {height, width, channels}, output {height*stride, width*stride, Filters} with padding same, and
// {height*stride + max(kernel-stride, 0), ...} with padding valid; kernel [KernelH, KernelW, Filters, channels].
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
	return kernelAndBias(Shape{l.Kernel.H, l.Kernel.W, l.Filters, in[0][2]}, l.Filters, l.NoBias, l.KernelInit, l.BiasInit)
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
	enlarge := func(in, size, stride int) int {
		if l.Padding == Same {
			return in * stride
		}
		return in*stride + max(size-stride, 0)
	}
	image := Shape{enlarge(s[0], l.Kernel.H, stride.H), enlarge(s[1], l.Kernel.W, stride.W), l.Filters}
	w, err := slide(image, l.Kernel, stride, Square(1), l.Padding)
	w.OutC = s[2]
	return w, err
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
	act, err := l.Activation.kernel()
	if err != nil {
		return nil, err
	}
	return weighted[T](b, "conv2d_transpose", layer, kernel.NewConv2DTranspose[T](w, act), w.OutH*w.OutW*w.OutC, Shape{w.InH, w.InW, w.InC}, l.Activation, x, !l.NoBias)
}
