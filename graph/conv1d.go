package graph

import "gorgonia.org/gorgonia"

// Conv1D is a one-dimensional convolution (cross-correlation) with bias and activation.
//
// Input {length, channels}, output {new length, Filters}; kernel [Kernel, channels/Groups, Filters]. It fails if a valid kernel is longer than the
// sequence with its margins, or if groups do not divide channels and filters. Reference:
// https://keras.io/api/layers/convolution_layers/convolution1d/
type Conv1D struct {
	Filters    int
	Kernel     int
	Stride     int // default 1
	Dilation   int // default 1
	Groups     int // into which channels and filters fall, each with a kernel of its own; default 1
	Padding    Padding
	Margins    Ends // places of zeros before and after the sequence, with padding valid
	Activation Activation
	NoBias     bool
	KernelInit Initializer // default Glorot uniform
	BiasInit   Initializer // default zeros

	KernelRegularizer   Regularizer `json:",omitzero"`
	BiasRegularizer     Regularizer `json:",omitzero"`
	ActivityRegularizer Regularizer `json:",omitzero"`
}

// Conv1DTranspose is the adjoint of a strided one-dimensional convolution, with bias and activation: it lengthens a sequence.
//
// Input {length, channels}, output {length*stride, Filters} with padding same, and {length*stride + max(reach-stride, 0), Filters} with padding
// valid, where reach is (kernel-1)*dilation + 1, unless OutputPadding is set; kernel [Kernel, Filters/Groups, channels]. It fails if groups do not
// divide channels and filters, or if margins take more than there is. Reference:
// https://keras.io/api/layers/convolution_layers/convolution1d_transpose/
type Conv1DTranspose struct {
	Filters    int
	Kernel     int
	Stride     int     // default 1
	Dilation   int     // default 1
	Groups     int     // into which channels and filters fall, each with a kernel of its own; default 1
	Padding    Padding // valid or same
	Margins    Ends    // places that are taken from the output's ends, with padding valid
	Activation Activation
	NoBias     bool
	KernelInit Initializer // default Glorot uniform
	BiasInit   Initializer // default zeros

	// OutputPadding, if it is not nil, says how many more places (less than the stride, or the dilation) the output has than
	// (length-1)*stride + reach, with padding same than (length-1)*stride + reach mod 2.
	OutputPadding *int `json:",omitempty"`

	KernelRegularizer   Regularizer `json:",omitzero"`
	BiasRegularizer     Regularizer `json:",omitzero"`
	ActivityRegularizer Regularizer `json:",omitzero"`
}

// Class is "Conv1D".
func (Conv1D) Class() string { return "Conv1D" }

// Class is "Conv1DTranspose".
func (Conv1DTranspose) Class() string { return "Conv1DTranspose" }

func (l Conv1D) image() Layer {
	return Conv2D{
		Filters: l.Filters, Kernel: Size{1, l.Kernel}, Strides: along(l.Stride), Dilation: along(l.Dilation), Groups: l.Groups,
		Padding: l.Padding, Margins: l.Margins.margins(), Activation: l.Activation, NoBias: l.NoBias, KernelInit: l.KernelInit, BiasInit: l.BiasInit,
		KernelRegularizer: l.KernelRegularizer, BiasRegularizer: l.BiasRegularizer, ActivityRegularizer: l.ActivityRegularizer,
	}
}

func (l Conv1DTranspose) image() Layer {
	made := Conv2DTranspose{
		Filters: l.Filters, Kernel: Size{1, l.Kernel}, Strides: along(l.Stride), Dilation: along(l.Dilation), Groups: l.Groups,
		Padding: l.Padding, Margins: l.Margins.margins(), Activation: l.Activation, NoBias: l.NoBias, KernelInit: l.KernelInit, BiasInit: l.BiasInit,
		KernelRegularizer: l.KernelRegularizer, BiasRegularizer: l.BiasRegularizer, ActivityRegularizer: l.ActivityRegularizer,
	}
	if l.OutputPadding != nil {
		made.OutputPadding = &Size{0, *l.OutputPadding}
	}
	return made
}

// OutputShape is that of the convolved sequence. It fails for an input that is no sequence, and where the settings do not fit it (see
// [Conv1D]).
func (l Conv1D) OutputShape(in []Shape) (Shape, error) {
	row, err := asRow(in)
	if err != nil {
		return nil, err
	}
	w, err := l.image().(Conv2D).window(row)
	return Shape{w.OutW, w.OutC}, err
}

// OutputShape is that of the lengthened sequence. It fails for an input that is no sequence, and where the settings do not fit it (see
// [Conv1DTranspose]).
func (l Conv1DTranspose) OutputShape(in []Shape) (Shape, error) { return shapeOfSequence(l, in) }

// Variables are kernel and bias.
func (l Conv1D) Variables(in []Shape) []Declaration { return variablesOfSequence(l, in) }

// Variables are kernel and bias.
func (l Conv1DTranspose) Variables(in []Shape) []Declaration { return variablesOfSequence(l, in) }

func (l Conv1D) ending() (Activation, Regularizer) { return l.Activation, l.ActivityRegularizer }

func (l Conv1DTranspose) ending() (Activation, Regularizer) {
	return l.Activation, l.ActivityRegularizer
}

func (l Conv1D) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	row, err := asRow(itemShapes(in))
	if err != nil {
		return nil, err
	}
	conv := l.image().(Conv2D)
	w, err := conv.window(row)
	if err != nil {
		return nil, err
	}
	return conv.convolve(b, "conv1d", layer, w, Shape{w.OutW, w.OutC}, in[0])
}

func (l Conv1DTranspose) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	row, err := asRow(itemShapes(in))
	if err != nil {
		return nil, err
	}
	conv := l.image().(Conv2DTranspose)
	w, err := conv.window(row)
	if err != nil {
		return nil, err
	}
	return conv.convolve(b, "conv1d_transpose", layer, w, Shape{w.InW, w.InC}, in[0])
}
