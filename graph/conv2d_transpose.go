package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Conv2DTranspose is the adjoint of a strided convolution, with bias and activation: it enlarges an image.
//
// Input {height, width, channels}, output {height*stride, width*stride, Filters} with padding same, and
// {height*stride + max(reach-stride, 0), ...} with padding valid, where reach is (kernel-1)*dilation + 1, unless OutputPadding is set; kernel
// [KernelH, KernelW, Filters/Groups, channels]. It fails if groups do not divide channels and filters, or if margins take more than there is.
// Reference: https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
type Conv2DTranspose struct {
	Filters    int
	Kernel     Size
	Strides    Size    // default 1x1
	Dilation   Size    `json:",omitzero"`  // default 1x1
	Groups     int     `json:",omitempty"` // into which channels and filters fall, each with a kernel of its own; default 1
	Padding    Padding // valid or same
	Margins    Margins `json:",omitzero"` // rows and columns that are taken from the output's border, with padding valid
	Activation Activation
	NoBias     bool
	KernelInit Initializer // default Glorot uniform
	BiasInit   Initializer // default zeros

	// OutputPadding, if it is not nil, says how many more rows and columns (less than the strides, or the dilation) the output has than
	// (height-1)*stride + reach, with padding same than (height-1)*stride + reach mod 2.
	OutputPadding *Size `json:",omitempty"`

	KernelRegularizer   Regularizer `json:",omitzero"`
	BiasRegularizer     Regularizer `json:",omitzero"`
	ActivityRegularizer Regularizer `json:",omitzero"`
}

// Class is "Conv2DTranspose".
func (Conv2DTranspose) Class() string { return "Conv2DTranspose" }

// OutputShape is that of the enlarged image. It fails for an input that is no image, and for output padding that is negative, not less than
// the strides, or does not fit.
func (l Conv2DTranspose) OutputShape(in []Shape) (Shape, error) {
	w, err := l.window(in)
	return Shape{w.InH, w.InW, w.InC}, err
}

// Variables are kernel and bias.
func (l Conv2DTranspose) Variables(in []Shape) []Declaration {
	return kernelAndBias(Shape{l.Kernel.H, l.Kernel.W, l.Filters / max(l.Groups, 1), in[0][2]}, l.Filters, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer)
}

// window is that of the convolution whose adjoint the layer is: from the layer's output to its input.
func (l Conv2DTranspose) window(in []Shape) (kernel.Window, error) {
	s, err := one(in, 3)
	if err != nil {
		return kernel.Window{}, err
	}
	if err := checkGroups(l.Filters, s[2], l.Groups); err != nil {
		return kernel.Window{}, err
	}
	if l.Padding == Causal {
		return kernel.Window{}, errors.New("a transposed convolution has no padding causal")
	}
	strides, dilation, more := l.Strides.or(Square(1)), l.Dilation.or(Square(1)), Size{-1, -1}
	if p := l.OutputPadding; p != nil {
		if p.H < 0 || p.W < 0 || p.H >= max(strides.H, dilation.H) || p.W >= max(strides.W, dilation.W) {
			return kernel.Window{}, errors.Errorf("output padding %dx%d must be at least 0 and less than the strides %dx%d or the dilation %dx%d", p.H, p.W, strides.H, strides.W, dilation.H, dilation.W)
		}
		more = *p
	}
	m := l.Margins
	image := Shape{
		l.enlarge(s[0], l.Kernel.H, strides.H, dilation.H, more.H) - m.Top - m.Bottom,
		l.enlarge(s[1], l.Kernel.W, strides.W, dilation.W, more.W) - m.Left - m.Right, l.Filters,
	}
	if image[0] < 1 || image[1] < 1 {
		return kernel.Window{}, errors.Errorf("margins %+v leave nothing of the output", m)
	}
	w, err := sliding{size: l.Kernel, strides: strides, dilation: dilation, padding: l.Padding, margins: m}.over(image)
	if l.Padding == Same && err == nil && (w.OutH != s[0] || w.OutW != s[1]) {
		return w, errors.Errorf("output padding %dx%d does not fit a kernel of %dx%d with strides %dx%d", more.H, more.W, l.Kernel.H, l.Kernel.W, strides.H, strides.W)
	}
	w.OutH, w.OutW, w.OutC = s[0], s[1], s[2] // what output padding adds is of no window
	return w, err
}

// enlarge is the output's size along one axis without margins; more below 0 is no output padding.
func (l Conv2DTranspose) enlarge(in, size, stride, dilation, more int) int {
	reach := (size-1)*dilation + 1
	switch {
	case more < 0 && l.Padding == Same:
		return in * stride
	case more < 0:
		return in*stride + max(reach-stride, 0)
	case l.Padding == Same:
		return (in-1)*stride + reach%2 + more
	}
	return (in-1)*stride + reach + more
}

func (l Conv2DTranspose) ending() (Activation, Regularizer) {
	return l.Activation, l.ActivityRegularizer
}

func (l Conv2DTranspose) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.window(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return l.convolve(b, "conv2d_transpose", layer, w, Shape{w.InH, w.InW, w.InC}, in[0])
}

// convolve adds the layer's op for the given window. Its output is of shape out.
func (l Conv2DTranspose) convolve(b *builder, label, layer string, w kernel.Window, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return conv2DTranspose[float64](b, label, layer, l, w, out, x)
	}
	return conv2DTranspose[float32](b, label, layer, l, w, out, x)
}

func conv2DTranspose[T kernel.Float](b *builder, label, layer string, l Conv2DTranspose, w kernel.Window, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	multiply := func(act kernel.Activation) product[T] { return kernel.NewConv2DTranspose[T](w, act) }
	switch {
	case l.grouped() && l.Groups == w.InC && l.Groups == w.OutC:
		multiply = func(act kernel.Activation) product[T] { return kernel.NewDepthwiseTranspose[T](w, act) }
	case l.grouped():
		multiply = func(act kernel.Activation) product[T] { return kernel.NewGroupedConv2DTranspose[T](w, l.Groups, act) }
	}
	return weighting[T]{
		label: label, product: multiply, perRow: w.OutH * w.OutW * w.OutC, out: out, withBias: !l.NoBias, of: l, fusion: b.fusion,
	}.add(b, layer, x)
}

// grouped tells whether channels fall into more than one group.
func (l Conv2DTranspose) grouped() bool { return l.Groups > 1 }
