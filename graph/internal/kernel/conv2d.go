package kernel

// Conv2D is a convolution layer with bias and activation: y = act(bias + x * kernel), where the kernel is not flipped (what
// the field calls convolution is a correlation). It keeps scratch memory between calls, so it serves one call at a time.
type Conv2D[T Float] struct {
	w       Window
	act     Activation
	forward *correlation[T]
	from    origin      // of the gradient that the following read
	data    *adjoint[T] // from the first backward pass on, as weights
	weights *weightGradient[T]
}

// NewConv2D returns the layer of the given geometry.
func NewConv2D[T Float](w Window, act Activation) *Conv2D[T] {
	return &Conv2D[T]{
		w: w, act: act,
		forward: newCorrelation[T](w, act, features),
	}
}

// Forward computes y [n,OutH,OutW,OutC] from x [n,InH,InW,InC], kernel [KernelH,KernelW,InC,OutC] and bias [OutC] (nil: none).
func (c *Conv2D[T]) Forward(p *Pool, n int, y, x, kernel, bias []T) {
	c.ForwardOf(p, n, y, InMemory(x), kernel, bias)
}

// ForwardOf is Forward of x that may be computed where it is read.
func (c *Conv2D[T]) ForwardOf(p *Pool, n int, y []T, x Pixels[T], kernel, bias []T) {
	f := c.forward
	f.in, f.out, f.kernel, f.bias = operand[T]{Pixels: x}, y, kernel, bias
	f.run(p, n)
}

// Backward computes the gradients by x, kernel and bias from dy, the gradient by Forward's result y. It overwrites dx (nil:
// not wanted), dkernel and dbias (nil: no bias).
func (c *Conv2D[T]) Backward(p *Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T) {
	c.BackwardOf(p, n, dx, dkernel, dbias, InMemory(x), kernel, y, InMemory(dy))
}

// BackwardOf is Backward of x and dy that may be computed where they are read; y nil: dy is the gradient by what came before the activation.
func (c *Conv2D[T]) BackwardOf(p *Pool, n int, dx, dkernel, dbias []T, x Pixels[T], kernel, y []T, dy Pixels[T]) {
	dz := gradient(c.act, y, dy)
	if c.weights == nil || c.from != dz.origin() {
		c.from = dz.origin()
		c.weights, c.data = newWeightGradient[T](c.w, c.from, false), nil
	}
	g := c.weights
	if dx != nil {
		if g.runWithImage(p, n, operand[T]{Pixels: x}, dz, dkernel, dbias, dx, kernel) {
			return
		}
		c.dataGradient(p, n, dx, kernel, dz)
	}
	g.in, g.out, g.dkernel, g.dbias = operand[T]{Pixels: x}, dz, dkernel, dbias
	g.run(p, n)
}

// ForwardLazy is Forward with a result that is computed where it is read. It is valid as long as x, kernel and bias are, until the next call.
func (c *Conv2D[T]) ForwardLazy(p *Pool, n int, x, kernel, bias []T) Lazy[T] {
	return lazyResults(c.forward.fast, p, n, plain(x), kernel, bias)
}

// BackwardToLazy is Backward with a gradient by x that is computed where it is read. It is valid as long as kernel, y and dy are, until the
// next call.
func (c *Conv2D[T]) BackwardToLazy(p *Pool, n int, dkernel, dbias, x, kernel, y, dy []T) Lazy[T] {
	c.Backward(p, n, nil, dkernel, dbias, x, kernel, y, dy)
	return lazyResults(c.input().fast, p, n, gradient(c.act, y, InMemory(dy)), kernel, nil)
}

func (c *Conv2D[T]) dataGradient(p *Pool, n int, dx, kernel []T, dz operand[T]) {
	d := c.input()
	d.in, d.out, d.kernel = dz, dx, kernel
	d.run(p, n)
}

// input is the product that gives the gradient by the input.
func (c *Conv2D[T]) input() *adjoint[T] {
	if c.data == nil {
		c.data = newAdjoint[T](c.w, Activation{}, c.from)
	}
	return c.data
}
