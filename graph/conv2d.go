package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Conv2D is a two-dimensional convolution (cross-correlation) with bias and activation.
//
// Input {height, width, channels}, output {new height, new width, Filters}; kernel [KernelH, KernelW, channels/Groups, Filters].
// It fails if a valid kernel is larger than the image with its margins, or if groups do not divide channels and filters. Reference:
// https://keras.io/api/layers/convolution_layers/convolution2d/
type Conv2D struct {
	Filters    int
	Kernel     Size
	Strides    Size    // default 1x1
	Dilation   Size    // default 1x1
	Groups     int     `json:",omitempty"` // into which channels and filters fall, each with a kernel of its own; default 1
	Padding    Padding // valid or same
	Margins    Margins `json:",omitzero"` // rows and columns of zeros around the image, with padding valid
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

// OutputShape is that of the convolved image. It fails for an input that is no image, and where the settings do not fit it (see [Conv2D]).
func (l Conv2D) OutputShape(in []Shape) (Shape, error) {
	if l.Padding == Causal {
		return nil, errors.New("padding causal is for sequences: use Conv1D")
	}
	w, err := l.window(in)
	return Shape{w.OutH, w.OutW, w.OutC}, err
}

// Variables are kernel and bias.
func (l Conv2D) Variables(in []Shape) []Declaration {
	return kernelAndBias(Shape{l.Kernel.H, l.Kernel.W, in[0][2] / max(l.Groups, 1), l.Filters}, l.Filters, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer)
}

func (l Conv2D) window(in []Shape) (kernel.Window, error) {
	s, err := one(in, 3)
	if err != nil {
		return kernel.Window{}, err
	}
	if err := checkGroups(l.Filters, s[2], l.Groups); err != nil {
		return kernel.Window{}, err
	}
	w, err := sliding{size: l.Kernel, strides: l.Strides, dilation: l.Dilation, padding: l.Padding, margins: l.Margins}.over(s)
	w.OutC = l.Filters
	return w, err
}

func (l Conv2D) ending() (Activation, Regularizer) { return l.Activation, l.ActivityRegularizer }

// checkGroups tells why channels cannot fall into groups and become filters.
func checkGroups(filters, channels, groups int) error {
	switch {
	case filters < 1:
		return errors.Errorf("needs at least one filter, not %d", filters)
	case groups < 0:
		return errors.Errorf("needs at least one group, not %d", groups)
	case groups > 1 && (channels%groups != 0 || filters%groups != 0):
		return errors.Errorf("%d channels and %d filters do not fall into %d groups: both must be multiples of that", channels, filters, groups)
	}
	return nil
}

func (l Conv2D) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.window(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return l.convolve(b, "conv2d", layer, w, Shape{w.OutH, w.OutW, w.OutC}, in[0])
}

// convolve adds the layer's op for the given window. Its output is of shape out, unless a pooling is computed with it.
func (l Conv2D) convolve(b *builder, label, layer string, w kernel.Window, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return conv2D[float64](b, label, layer, l, w, out, x)
	}
	return conv2D[float32](b, label, layer, l, w, out, x)
}

func conv2D[T kernel.Float](b *builder, label, layer string, l Conv2D, w kernel.Window, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	multiply := func(act kernel.Activation) product[T] { return kernel.NewConv2D[T](w, act) }
	switch pool := b.fusion.pooling; {
	case pool != nil:
		out = Shape{pool.OutH, pool.OutW, pool.OutC}
		multiply = func(act kernel.Activation) product[T] { return kernel.NewConvMaxPool2D[T](w, *pool, act, b.training) }
	case l.grouped() && l.Groups == w.InC:
		multiply = func(act kernel.Activation) product[T] { return kernel.NewDepthwise[T](w, act) }
	case l.grouped():
		multiply = func(act kernel.Activation) product[T] { return kernel.NewGroupedConv2D[T](w, l.Groups, act) }
	}
	return weighting[T]{
		label: label, product: multiply, perRow: w.InH * w.InW * w.InC, out: out, withBias: !l.NoBias, of: l, fusion: b.fusion,
	}.add(b, layer, x)
}

// grouped tells whether channels fall into more than one group.
func (l Conv2D) grouped() bool { return l.Groups > 1 }

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
