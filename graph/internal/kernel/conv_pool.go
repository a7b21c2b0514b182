package kernel

import "unsafe"

// ConvMaxPool2D is a convolution with bias, 2x2 max pooling with stride 2 of its result, and an activation of that. The convolved
// images exist a few at a time, in a core's own cache: where images have few channels, it takes longer to write and read them than to
// compute them. It keeps scratch memory, and Forward's winners for Backward, so it serves one call at a time.
type ConvMaxPool2D[T Float] struct {
	w, pool          Window
	act              Activation
	train            bool // Backward will be called
	inX, inConv, inY int  // elements of an image
	argmax           []uint8
	workers          []convPoolWorker[T]
	sums             []T // by chunk: gradients by kernel and bias

	// of the current call
	n, chunks      int
	backward       bool
	y, x           []T
	kernel, bias   []T
	dy, dx         []T
	dkernel, dbias []T
}

type convPoolWorker[T Float] struct {
	conv     *Conv2D[T]
	pool     *MaxPool2D[T]
	images   []T // convolved, or the gradient by them
	gradient []T // by kernel and bias, of some images
}

// NewConvMaxPool2D returns the operation for both geometries; pool must halve images ([Window.Halves]). train: Backward will be called.
func NewConvMaxPool2D[T Float](w, pool Window, act Activation, train bool) *ConvMaxPool2D[T] {
	return &ConvMaxPool2D[T]{
		w: w, pool: pool, act: act, train: train,
		inX: w.InH * w.InW * w.InC, inConv: w.OutH * w.OutW * w.OutC, inY: pool.OutH * pool.OutW * pool.OutC,
	}
}

// Forward computes y [n,pool.OutH,pool.OutW,OutC] from x [n,InH,InW,InC], kernel [KernelH,KernelW,InC,OutC] and bias [OutC] (nil:
// none).
func (c *ConvMaxPool2D[T]) Forward(p *Pool, n int, y, x, kernel, bias []T) {
	if c.train {
		c.argmax = resize(c.argmax, len(y))
	}
	c.backward = false
	c.y, c.x, c.kernel, c.bias = y, x, kernel, bias
	c.run(p, n, 0)
}

// Backward computes the gradients by x, kernel and bias from dy, the gradient by Forward's result y. It overwrites dx (nil: not
// wanted), dkernel and dbias (nil: no bias). y is read only if there is an activation.
func (c *ConvMaxPool2D[T]) Backward(p *Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T) {
	c.backward = true
	c.y, c.x, c.kernel, c.bias = y, x, kernel, nil
	c.dy, c.dx, c.dkernel, c.dbias = dy, dx, dkernel, dbias
	c.run(p, n, len(dkernel)+len(dbias))
	clear(dkernel)
	clear(dbias)
	for sum := c.sums; len(sum) > 0; sum = sum[len(dkernel)+len(dbias):] {
		addScaled(dkernel, 1, sum)
		addScaled(dbias, 1, sum[len(dkernel):])
	}
}

// run computes n images, cut into chunks by their number and the size of the gradients' sums alone.
func (c *ConvMaxPool2D[T]) run(p *Pool, n, size int) {
	c.n, c.chunks = n, chunkCount(n, size)
	c.sums = resize(c.sums, c.chunks*size)
	for len(c.workers) < p.Threads() {
		c.workers = append(c.workers, convPoolWorker[T]{conv: NewConv2D[T](c.w, Activation{}), pool: NewActivatedMaxPool2D[T](c.pool, c.act)})
	}
	p.run(c.chunks, c)
	c.y, c.x, c.kernel, c.bias, c.dy, c.dx, c.dkernel, c.dbias = nil, nil, nil, nil, nil, nil, nil, nil
}

// convPoolBytes is how large convolved images may be, so that they stay in the second level cache.
const convPoolBytes = 256 << 10

// piece computes a chunk of the batch, some images at a time.
func (c *ConvMaxPool2D[T]) piece(worker, i int) {
	w := &c.workers[worker]
	step := max(1, convPoolBytes/(c.inConv*int(unsafe.Sizeof(T(0)))))
	size := len(c.dkernel) + len(c.dbias)
	sum := c.sums[i*size:][:size]
	clear(sum)
	w.gradient = resize(w.gradient, size)
	from, to := split(c.n, c.chunks, i)
	for at := from; at < to; at += step {
		end := min(at+step, to)
		n := end - at
		w.images = resize(w.images, n*c.inConv)
		x, y, argmax := c.x[at*c.inX:end*c.inX], part(c.y, at*c.inY, end*c.inY), part(c.argmax, at*c.inY, end*c.inY)
		if !c.backward {
			w.conv.Forward(nil, n, w.images, x, c.kernel, c.bias)
			w.pool.Forward(nil, n, y, w.images, argmax)
			continue
		}
		w.pool.Backward(nil, n, w.images, y, c.dy[at*c.inY:end*c.inY], argmax)
		dkernel, dbias := w.gradient[:len(c.dkernel)], w.gradient[len(c.dkernel):]
		if c.dbias == nil {
			dbias = nil
		}
		w.conv.Backward(nil, n, part(c.dx, at*c.inX, end*c.inX), dkernel, dbias, x, c.kernel, nil, w.images)
		addScaled(sum, 1, w.gradient)
	}
}
