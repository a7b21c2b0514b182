package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// DepthwiseConv2D convolves each channel with kernels of its own, and adds bias and activation.
//
// Input {height, width, channels}, output {new height, new width, channels*Multiplier}, where the outputs of one channel are neighbours; kernel
// [KernelH, KernelW, channels, Multiplier]. It fails if a valid kernel is larger than the image. Reference:
// https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
type DepthwiseConv2D struct {
	Kernel     Size
	Multiplier int  // how many kernels a channel has; default 1
	Strides    Size // default 1x1
	Dilation   Size // default 1x1
	Padding    Padding
	Activation Activation
	NoBias     bool
	KernelInit Initializer // default Glorot uniform
	BiasInit   Initializer // default zeros

	KernelRegularizer   Regularizer `json:",omitzero"`
	BiasRegularizer     Regularizer `json:",omitzero"`
	ActivityRegularizer Regularizer `json:",omitzero"`
}

// SeparableConv2D convolves each channel with kernels of its own and then mixes channels pixel by pixel, and adds bias and activation
// (Chollet 2017).
//
// Input {height, width, channels}, output {new height, new width, Filters}; depthwise kernel [KernelH, KernelW, channels, Multiplier], pointwise
// kernel [1, 1, channels*Multiplier, Filters]. It fails if a valid kernel is larger than the image. Reference:
// https://keras.io/api/layers/convolution_layers/separable_convolution2d/
type SeparableConv2D struct {
	Filters       int
	Kernel        Size
	Multiplier    int  // how many depthwise kernels a channel has; default 1
	Strides       Size // default 1x1
	Dilation      Size // default 1x1
	Padding       Padding
	Activation    Activation
	NoBias        bool
	DepthwiseInit Initializer // default Glorot uniform
	PointwiseInit Initializer // default Glorot uniform
	BiasInit      Initializer // default zeros

	DepthwiseRegularizer Regularizer `json:",omitzero"`
	PointwiseRegularizer Regularizer `json:",omitzero"`
	BiasRegularizer      Regularizer `json:",omitzero"`
	ActivityRegularizer  Regularizer `json:",omitzero"`
}

// Class is "DepthwiseConv2D".
func (DepthwiseConv2D) Class() string { return "DepthwiseConv2D" }

// Class is "SeparableConv2D".
func (SeparableConv2D) Class() string { return "SeparableConv2D" }

// OutputShape is that of the convolved image. It fails for an input that is no image, and if a valid kernel is larger than it.
func (l DepthwiseConv2D) OutputShape(in []Shape) (Shape, error) {
	w, err := l.window(in)
	return Shape{w.OutH, w.OutW, w.OutC}, err
}

// OutputShape is that of the convolved image. It fails for an input that is no image, if a valid kernel is larger than it, and for Filters
// below 1.
func (l SeparableConv2D) OutputShape(in []Shape) (Shape, error) {
	if l.Filters < 1 {
		return nil, errors.Errorf("needs at least one filter, not %d", l.Filters)
	}
	w, err := l.depthwise().window(in)
	return Shape{w.OutH, w.OutW, l.Filters}, err
}

// Variables are kernel and bias.
func (l DepthwiseConv2D) Variables(in []Shape) []Declaration {
	channels, times := in[0][2], max(l.Multiplier, 1)
	return kernelAndBias(Shape{l.Kernel.H, l.Kernel.W, channels, times}, channels*times, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer)
}

// Variables are the depthwise and the pointwise kernel, and bias.
func (l SeparableConv2D) Variables(in []Shape) []Declaration {
	channels, times := in[0][2], max(l.Multiplier, 1)
	depthwise := kernelAndBias(Shape{l.Kernel.H, l.Kernel.W, channels, times}, 0, true, l.DepthwiseInit, nil, l.DepthwiseRegularizer, Regularizer{})
	pointwise := kernelAndBias(Shape{1, 1, channels * times, l.Filters}, l.Filters, l.NoBias, l.PointwiseInit, l.BiasInit, l.PointwiseRegularizer, l.BiasRegularizer)
	depthwise[0].Name, pointwise[0].Name = "depthwise_kernel", "pointwise_kernel"
	return append(depthwise, pointwise...)
}

func (l DepthwiseConv2D) window(in []Shape) (kernel.Window, error) {
	s, err := one(in, 3)
	if err != nil {
		return kernel.Window{}, err
	}
	if l.Multiplier < 0 {
		return kernel.Window{}, errors.Errorf("needs at least one kernel a channel, not %d", l.Multiplier)
	}
	if l.Padding == Causal {
		return kernel.Window{}, errors.New("padding causal is for sequences")
	}
	w, err := sliding{size: l.Kernel, strides: l.Strides, dilation: l.Dilation, padding: l.Padding}.over(s)
	w.OutC = s[2] * max(l.Multiplier, 1)
	return w, err
}

// depthwise is the first of the two convolutions.
func (l SeparableConv2D) depthwise() DepthwiseConv2D {
	return DepthwiseConv2D{Kernel: l.Kernel, Multiplier: l.Multiplier, Strides: l.Strides, Dilation: l.Dilation, Padding: l.Padding, NoBias: true}
}

func (l DepthwiseConv2D) ending() (Activation, Regularizer) {
	return l.Activation, l.ActivityRegularizer
}

func (l SeparableConv2D) ending() (Activation, Regularizer) {
	return l.Activation, l.ActivityRegularizer
}

func (l DepthwiseConv2D) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.window(itemShapes(in))
	if err != nil {
		return nil, err
	}
	if b.precision == Float64 {
		return depthwiseConv2D[float64](b, layer, "kernel", l, w, b.fusion, in[0])
	}
	return depthwiseConv2D[float32](b, layer, "kernel", l, w, b.fusion, in[0])
}

func depthwiseConv2D[T kernel.Float](b *builder, layer, variable string, l DepthwiseConv2D, w kernel.Window, f fusion, x *gorgonia.Node) (*gorgonia.Node, error) {
	return weighting[T]{
		label: "depthwise_conv2d", kernel: variable,
		product: func(act kernel.Activation) product[T] { return kernel.NewDepthwise[T](w, act) },
		perRow:  w.InH * w.InW * w.InC, out: Shape{w.OutH, w.OutW, w.OutC}, withBias: !l.NoBias, of: l, fusion: f,
	}.add(b, layer, x)
}

func (l SeparableConv2D) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.depthwise().window(itemShapes(in))
	if err != nil {
		return nil, err
	}
	if b.precision == Float64 {
		return separableConv2D[float64](b, layer, l, w, in[0])
	}
	return separableConv2D[float32](b, layer, l, w, in[0])
}

func separableConv2D[T kernel.Float](b *builder, layer string, l SeparableConv2D, w kernel.Window, x *gorgonia.Node) (*gorgonia.Node, error) {
	depthwise, err := depthwiseConv2D[T](b, layer, "depthwise_kernel", l.depthwise(), w, fusion{}, x)
	if err != nil {
		return nil, err
	}
	pixel, err := sliding{size: Square(1)}.over(Shape{w.OutH, w.OutW, w.OutC})
	if err != nil {
		return nil, err
	}
	pixel.OutC = l.Filters
	return weighting[T]{
		label: "pointwise_conv2d", kernel: "pointwise_kernel",
		product: func(act kernel.Activation) product[T] { return kernel.NewConv2D[T](pixel, act) },
		perRow:  pixel.InH * pixel.InW * pixel.InC, out: Shape{pixel.OutH, pixel.OutW, pixel.OutC}, withBias: !l.NoBias, of: l, fusion: b.fusion,
	}.add(b, layer, depthwise)
}

func (l DepthwiseConv2D) see(in []Shape, _ Shape, from []sight) sight {
	w, _ := l.window(in) // the shapes were found to fit
	return throughWindow(w, from[0])
}

func (l SeparableConv2D) see(in []Shape, out Shape, from []sight) sight {
	return l.depthwise().see(in, out, from)
}

func (l DepthwiseConv2D) flops(_ []Shape, out Shape) float64 {
	return 2 * float64(out.Size()*l.Kernel.H*l.Kernel.W)
}

func (l SeparableConv2D) flops(in []Shape, out Shape) float64 {
	channels := out[0] * out[1] * in[0][2] * max(l.Multiplier, 1)
	return 2 * float64(channels*l.Kernel.H*l.Kernel.W+channels*l.Filters)
}
