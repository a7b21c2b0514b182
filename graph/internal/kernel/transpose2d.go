package kernel

// Conv2DTranspose is a transposed convolution layer with bias and activation. Its window describes the convolution whose
// adjoint it is: it maps [n,OutH,OutW,OutC] to [n,InH,InW,InC]. It keeps scratch memory between calls, so it serves one call
// at a time.
type Conv2DTranspose[T Float] struct {
	w       Window
	act     Activation
	forward *adjoint[T]
	from    origin          // of the gradient that the following read
	data    *correlation[T] // from the first backward pass on, as weights
	weights *weightGradient[T]
}

// NewConv2DTranspose returns the adjoint of the convolution of the given geometry.
func NewConv2DTranspose[T Float](w Window, act Activation) *Conv2DTranspose[T] {
	return &Conv2DTranspose[T]{
		w: w, act: act,
		forward: newAdjoint[T](w, act, features),
	}
}

// Forward computes y [n,InH,InW,InC] from x [n,OutH,OutW,OutC], kernel [KernelH,KernelW,InC,OutC] and bias [InC] (nil: none).
func (c *Conv2DTranspose[T]) Forward(p *Pool, n int, y, x, kernel, bias []T) {
	f := c.forward
	f.in, f.out, f.kernel, f.bias = plain(x), y, kernel, bias
	f.run(p, n)
}

// Backward computes the gradients by x, kernel and bias from dy, the gradient by Forward's result y. It overwrites dx (nil:
// not wanted), dkernel and dbias (nil: no bias).
func (c *Conv2DTranspose[T]) Backward(p *Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T) {
	c.BackwardOf(p, n, dx, dkernel, dbias, InMemory(x), kernel, y, InMemory(dy))
}

// BackwardOf is Backward of x in memory, and of dy that may be computed where it is read; y nil: dy is the gradient by what came before the activation.
func (c *Conv2DTranspose[T]) BackwardOf(p *Pool, n int, dx, dkernel, dbias []T, x Pixels[T], kernel, y []T, dy Pixels[T]) {
	dz := gradient(c.act, y, dy)
	if c.weights == nil || c.from != dz.origin() {
		c.from = dz.origin()
		c.weights, c.data = newWeightGradient[T](c.w, c.from, true), nil
	}
	g := c.weights
	if dx != nil {
		if g.runWithImage(p, n, dz, operand[T]{Pixels: x}, dkernel, dbias, dx, kernel) {
			return
		}
		c.dataGradient(p, n, dx, kernel, dz)
	}
	g.in, g.out, g.dkernel, g.dbias = dz, operand[T]{Pixels: x}, dkernel, dbias
	g.run(p, n)
}

func (c *Conv2DTranspose[T]) dataGradient(p *Pool, n int, dx, kernel []T, dz operand[T]) {
	if c.data == nil {
		c.data = newCorrelation[T](c.w, Activation{}, c.from)
	}
	d := c.data
	d.in, d.out, d.kernel = dz, dx, kernel
	d.run(p, n)
}
