package kernel

// Dense is a fully connected layer with bias and activation: y = act(bias + x*kernel). It is a convolution of one pixel by
// one pixel, in which each row is an image.
type Dense[T Float] struct {
	conv *Conv2D[T]
}

// NewDense returns the layer of the given widths.
func NewDense[T Float](in, out int, act Activation) *Dense[T] {
	return &Dense[T]{conv: NewConv2D[T](Window{
		InH: 1, InW: 1, InC: in, OutH: 1, OutW: 1, OutC: out,
		KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1,
	}, act)}
}

// Forward computes y [rows,out] from x [rows,in], kernel [in,out] and bias [out] (nil: none).
func (d *Dense[T]) Forward(p *Pool, rows int, y, x, kernel, bias []T) {
	d.conv.Forward(p, rows, y, x, kernel, bias)
}

// Backward computes the gradients by x, kernel and bias from dy, the gradient by Forward's result y. It overwrites dx (nil:
// not wanted), dkernel and dbias (nil: no bias).
func (d *Dense[T]) Backward(p *Pool, rows int, dx, dkernel, dbias, x, kernel, y, dy []T) {
	d.conv.Backward(p, rows, dx, dkernel, dbias, x, kernel, y, dy)
}
