package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Size is a height and a width, in pixels.
type Size struct{ H, W int }

// Square is a size of equal height and width.
func Square(n int) Size { return Size{n, n} }

func (s Size) or(def Size) Size {
	if s == (Size{}) {
		return def
	}
	return s
}

// Padding says how a window behaves at the image's border.
type Padding uint8

// Valid keeps the window inside of the image. Same pads with zeros so that the output has ceil(input/stride) pixels; where
// the padding is odd, the extra pixel lies below and to the right.
const (
	Valid Padding = iota
	Same
)

// String is Keras' name of the padding.
func (p Padding) String() string {
	if p == Same {
		return "same"
	}
	return "valid"
}

// Conv2D is a two-dimensional convolution (cross-correlation) with bias and activation.
//
// Input {height, width, channels}, output {new height, new width, Filters}; kernel [KernelH, KernelW, channels, Filters].
// It fails if a valid kernel is larger than the image. Reference: https://keras.io/api/layers/convolution_layers/convolution2d/
type Conv2D struct {
	Filters    int
	Kernel     Size
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

// Class is "Conv2D".
func (Conv2D) Class() string { return "Conv2D" }

// OutputShape is that of the convolved image.
func (l Conv2D) OutputShape(in []Shape) (Shape, error) {
	w, err := l.window(in)
	return Shape{w.OutH, w.OutW, w.OutC}, err
}

// Variables are kernel and bias.
func (l Conv2D) Variables(in []Shape) []Declaration {
	return kernelAndBias(Shape{l.Kernel.H, l.Kernel.W, in[0][2], l.Filters}, l.Filters, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer)
}

func (l Conv2D) window(in []Shape) (kernel.Window, error) {
	s, err := one(in, 3)
	if err != nil {
		return kernel.Window{}, err
	}
	if l.Filters < 1 {
		return kernel.Window{}, errors.Errorf("needs at least one filter, not %d", l.Filters)
	}
	w, err := slide(s, l.Kernel, l.Strides.or(Square(1)), l.Dilation.or(Square(1)), l.Padding)
	w.OutC = l.Filters
	return w, err
}

func (l Conv2D) ending() (Activation, Regularizer) { return l.Activation, l.ActivityRegularizer }

func (l Conv2D) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.window(itemShapes(in))
	if err != nil {
		return nil, err
	}
	if b.precision == Float64 {
		return conv2D[float64](b, layer, l, w, in[0])
	}
	return conv2D[float32](b, layer, l, w, in[0])
}

func conv2D[T kernel.Float](b *builder, layer string, l Conv2D, w kernel.Window, x *gorgonia.Node) (*gorgonia.Node, error) {
	out := Shape{w.OutH, w.OutW, w.OutC}
	multiply := func(act kernel.Activation) product[T] { return kernel.NewConv2D[T](w, act) }
	if pool := b.fusion.pooling; pool != nil {
		out = Shape{pool.OutH, pool.OutW, pool.OutC}
		multiply = func(act kernel.Activation) product[T] { return kernel.NewConvMaxPool2D[T](w, *pool, act, b.training) }
	}
	return weighting[T]{
		label: "conv2d", product: multiply, perRow: w.InH * w.InW * w.InC, out: out, withBias: !l.NoBias, of: l, fusion: b.fusion,
	}.add(b, layer, x)
}

// slide places a window on an image and computes the output's size (Keras' "same" and "valid").
func slide(image Shape, size, stride, dilation Size, p Padding) (kernel.Window, error) {
	w := kernel.Window{
		InH: image[0], InW: image[1], InC: image[2], KernelH: size.H, KernelW: size.W,
		StrideH: stride.H, StrideW: stride.W, DilationH: dilation.H, DilationW: dilation.W,
	}
	for _, v := range []int{size.H, size.W, stride.H, stride.W, dilation.H, dilation.W} {
		if v < 1 {
			return w, errors.Errorf("window, strides and dilation must be at least 1, not %d", v)
		}
		if v > 1<<20 {
			return w, errors.Errorf("window, strides and dilation must be at most %d, not %d", 1<<20, v)
		}
	}
	var err error
	if w.OutH, w.PadTop, err = slideAxis(w.InH, w.KernelH, w.StrideH, w.DilationH, p); err != nil {
		return w, err
	}
	w.OutW, w.PadLeft, err = slideAxis(w.InW, w.KernelW, w.StrideW, w.DilationW, p)
	return w, err
}

func slideAxis(in, size, stride, dilation int, p Padding) (out, before int, err error) {
	reach := (size-1)*dilation + 1
	if p == Same {
		out = (in + stride - 1) / stride
		return out, max((out-1)*stride+reach-in, 0) / 2, nil
	}
	if reach > in {
		return 0, 0, errors.Errorf("a window of %d pixels does not fit into %d; use padding same or a larger image", reach, in)
	}
	return (in-reach)/stride + 1, 0, nil
}

func kernelAndBias(k Shape, units int, noBias bool, kernelInit, biasInit Initializer, kernelPenalty, biasPenalty Regularizer) []Declaration {
	if kernelInit == nil {
		kernelInit = GlorotUniform()
	}
	d := []Declaration{{Name: "kernel", Shape: k, Init: kernelInit, Trainable: true, Regularizer: kernelPenalty}}
	if !noBias {
		if biasInit == nil {
			biasInit = Zeros{}
		}
		d = append(d, Declaration{Name: "bias", Shape: Shape{units}, Init: biasInit, Trainable: true, Regularizer: biasPenalty})
	}
	return d
}

// itemShapes are the shapes of nodes without the batch axis.
func itemShapes(nodes []*gorgonia.Node) []Shape {
	out := make([]Shape, len(nodes))
	for i, n := range nodes {
		out[i] = Shape(n.Shape()[1:])
	}
	return out
}
