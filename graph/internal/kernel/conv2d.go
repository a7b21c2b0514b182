package kernel

// Conv2D is a convolution layer with bias and activation: y = act(bias + x * kernel), where the kernel is not flipped (what
// the field calls convolution is a correlation). It keeps scratch memory between calls, so it serves one call at a time.
type Conv2D[T Float] struct {
	w       Window
	act     Activation
	forward *correlation[T]
	data    *adjoint[T] // from the first backward pass on, as weights
	weights *weightGradient[T]
}

// NewConv2D returns the layer of the given geometry.
func NewConv2D[T Float](w Window, act Activation) *Conv2D[T] {
	return &Conv2D[T]{
		w: w, act: act,
		forward: newCorrelation[T](w, act, nil),
	}
}

// Forward computes y [n,OutH,OutW,OutC] from x [n,InH,InW,InC], kernel [KernelH,KernelW,InC,OutC] and bias [OutC] (nil: none).
func (c *Conv2D[T]) Forward(p *Pool, n int, y, x, kernel, bias []T) {
	f := c.forward
	f.in, f.out, f.kernel, f.bias = operand[T]{values: x}, y, kernel, bias
	f.run(p, n)
}

// Backward computes the gradients by x, kernel and bias from dy, the gradient by Forward's result y. It overwrites dx (nil:
// not wanted), dkernel and dbias (nil: no bias).
func (c *Conv2D[T]) Backward(p *Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T) {
	if c.weights == nil {
		c.weights = newWeightGradient[T](c.w, c.act, false)
	}
	g, dz := c.weights, gradient(c.act, y, dy)
	if dx != nil {
		if g.runWithImage(p, n, operand[T]{values: x}, dz, dkernel, dbias, dx, kernel) {
			return
		}
		c.dataGradient(p, n, dx, kernel, y, dy)
	}
	g.in, g.out, g.dkernel, g.dbias = operand[T]{values: x}, dz, dkernel, dbias
	g.run(p, n)
}

func (c *Conv2D[T]) dataGradient(p *Pool, n int, dx, kernel, y, dy []T) {
	if c.data == nil {
		c.data = newAdjoint[T](c.w, Activation{}, &c.act)
	}
	d := c.data
	d.in, d.out, d.kernel = gradient(c.act, y, dy), dx, kernel
	d.run(p, n)
}
