package kernel

// BatchNormPool is batch normalization followed by 2x2 max pooling with stride 2, without the normalized image between them, which
// exists a few rows at a time only. It gives the same as [BatchNorm] and [MaxPool2D] one after the other, y and argmax to the bit.
type BatchNormPool[T Float] struct {
	w         Window
	norm      BatchNorm[T]
	winners   []T // what of x the last forward pass with argmax chose
	strips    strips
	rows      [][]T          // by worker: normalized rows, or the gradient by them
	pools     []MaxPool2D[T] // by worker
	stretches []stretch[T]   // by worker, for slice

	// of the current call, and as long as a lazy gradient is valid
	count, perPiece int // strips
	backward        bool
	y, dx, dy       []T
	x               Pixels[T]
	argmax          []uint8
	act             Activation // whose derivative is taken, too
}

// NewBatchNormPool returns the operation for a window that halves images ([Window.Halves]); epsilon is added to the variance.
func NewBatchNormPool[T Float](w Window, epsilon float64) *BatchNormPool[T] {
	return &BatchNormPool[T]{w: w, norm: BatchNorm[T]{channels: w.InC, epsilon: epsilon}, strips: newStrips(w)}
}

// Train computes y [n,OutH,OutW,InC] and argmax (see [MaxPool2D.Forward]; nil: not wanted) from x [n,InH,InW,InC], and the batch's
// mean and variance [InC].
func (b *BatchNormPool[T]) Train(p *Pool, n int, y []T, x Pixels[T], gamma, beta, mean, variance []T, argmax []uint8) {
	b.norm.moments.run(p, b.pixels(n), b.w.InC, x, mean, variance)
	b.normalize(p, n, y, x, gamma, beta, mean, variance, argmax)
}

// Evaluate computes y with given statistics.
func (b *BatchNormPool[T]) Evaluate(p *Pool, n int, y []T, x Pixels[T], gamma, beta, mean, variance []T) {
	b.normalize(p, n, y, x, gamma, beta, mean, variance, nil)
}

func (b *BatchNormPool[T]) normalize(p *Pool, n int, y []T, x Pixels[T], gamma, beta, mean, variance []T, argmax []uint8) {
	b.norm.prepareOutput(b.pixels(n), gamma, beta, mean, variance)
	if argmax != nil {
		b.winners = resize(b.winners, len(argmax))
	}
	b.backward, b.y, b.x, b.argmax = false, y, x, argmax
	b.run(p, n)
}

// Backward computes Train's gradients from dy [n,OutH,OutW,InC], after a Train with argmax: by x, gamma and beta, the last two nil where
// not wanted.
func (b *BatchNormPool[T]) Backward(p *Pool, n int, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T, argmax []uint8) {
	plain, product := b.gradients(p, n, dgamma, dbeta, mean, variance, dy)
	b.prepareBackward(n, InMemory(x), gamma, mean, variance, plain, product, dy, argmax)
	b.dx = dx
	b.run(p, n)
}

// BackwardLazy is Backward with a lazy gradient, by what came before the activation that gave x. It is valid as long as x, dy and argmax
// are, until the next call.
func (b *BatchNormPool[T]) BackwardLazy(p *Pool, n int, dgamma, dbeta []T, x Pixels[T], act Activation, gamma, mean, variance, dy []T, argmax []uint8) Lazy[T] {
	plain, product := b.gradients(p, n, dgamma, dbeta, mean, variance, dy)
	b.prepareBackward(n, x, gamma, mean, variance, plain, product, dy, argmax)
	b.act = act
	b.grow(p.Threads())
	return b
}

// gradients computes dgamma and dbeta and returns the sums that they follow from: only winners have a gradient.
func (b *BatchNormPool[T]) gradients(p *Pool, n int, dgamma, dbeta, mean, variance, dy []T) (plain, product []float64) {
	return b.norm.gradients(p, n*b.w.OutH*b.w.OutW, dgamma, dbeta, InMemory(b.winners), mean, variance, dy)
}

func (b *BatchNormPool[T]) prepareBackward(n int, x Pixels[T], gamma, mean, variance []T, plain, product []float64, dy []T, argmax []uint8) {
	b.norm.prepareGradient(b.pixels(n), gamma, mean, variance, plain, product)
	b.backward, b.x, b.dy, b.argmax, b.act = true, x, dy, argmax, Activation{}
}

func (b *BatchNormPool[T]) pixels(n int) int { return n * b.w.InH * b.w.InW }

func (b *BatchNormPool[T]) run(p *Pool, n int) {
	b.count = b.strips.count(n)
	b.perPiece = max(1, blockLength/max(1, 2*b.w.InW*b.w.InC))
	p = forTraffic[T](p, b.pixels(n)*b.w.InC)
	b.grow(p.Threads())
	p.run((b.count+b.perPiece-1)/b.perPiece, b)
	b.y, b.dx, b.dy, b.x, b.argmax = nil, nil, nil, Pixels[T]{}, nil
}

// grow makes room for what workers keep.
func (b *BatchNormPool[T]) grow(workers int) {
	b.rows = grow(b.rows, workers, 2*b.w.InW*b.w.InC)
	b.pools = resizePools(b.pools, workers, b.w)
	b.stretches = clearStretches(b.stretches, workers)
}

func (b *BatchNormPool[T]) piece(worker, i int) {
	row := b.w.InW * b.w.InC
	from, to := i*b.perPiece, min((i+1)*b.perPiece, b.count)
	first, end := b.strips.row(from)*row, b.strips.row(to)*row
	if b.backward {
		b.inputs(worker, b.dx[first:end], from, to)
		return
	}
	x := b.x.slice(worker, first, end)
	for k := from; k < to; k++ {
		if out, ok := b.strips.outputRow(k); ok {
			b.output(worker, x[b.strips.row(k)*row-first:b.strips.row(k+1)*row-first], out)
		}
	}
}

// slice is part of [Lazy]: the gradient by x.
func (b *BatchNormPool[T]) slice(worker, from, to int) []T {
	row := b.w.InW * b.w.InC
	first, end := b.strips.of(from/row), b.strips.of((to-1)/row)+1
	begin := b.strips.row(first) * row
	if missing, start := b.stretches[worker].move(begin, b.strips.row(end)*row); len(missing) > 0 {
		b.inputs(worker, missing, b.strips.of(start/row), end)
	}
	return b.stretches[worker].values[from-begin : to-begin]
}

// output computes a row of y from the strip x.
func (b *BatchNormPool[T]) output(worker int, x []T, row int) {
	o, length := &b.norm.output, b.w.OutW*b.w.InC
	from, to := row*length, (row+1)*length
	y, argmax := b.y[from:to], part(b.argmax, from, to)
	if argmax != nil && b.whole(x) && vectorNormalizePool(b.w.OutW, b.w.InC, float32s(y), float32s(x), argmax, float32s(b.winners[from:to]), float32s(o.mean), float32s(o.scale), float32s(o.beta)) {
		return
	}
	rows := b.rows[worker][:len(x)]
	o.apply(rows, x)
	m := b.pool(worker, len(x))
	m.in, m.out, m.argmax = rows, y, argmax
	m.outputRow(0, 0)
	m.in, m.out, m.argmax = nil, nil, nil
	for i, tap := range argmax {
		pixel, c := i/b.w.InC, i%b.w.InC
		b.winners[from+i] = x[(int(tap/2)*b.w.InW+2*pixel+int(tap%2))*b.w.InC+c]
	}
}

// inputs computes the gradient by the strips from..to of x.
func (b *BatchNormPool[T]) inputs(worker int, dx []T, from, to int) {
	row := b.w.InW * b.w.InC
	first := b.strips.row(from)
	x := b.x.slice(worker, first*row, b.strips.row(to)*row)
	for k := from; k < to; k++ {
		i, j := (b.strips.row(k)-first)*row, (b.strips.row(k+1)-first)*row
		b.input(worker, dx[i:j], x[i:j], k)
	}
}

// input computes the gradient by a strip of x.
func (b *BatchNormPool[T]) input(worker int, dx, x []T, strip int) {
	d, length := &b.norm.data, b.w.OutW*b.w.InC
	row, pooled := b.strips.outputRow(strip)
	var dy []T
	var argmax []uint8
	if pooled {
		dy, argmax = b.dy[row*length:(row+1)*length], b.argmax[row*length:(row+1)*length]
	}
	negative, folded := b.negative()
	if pooled && b.whole(x) && vectorNormalizePoolGradient(b.w.OutW, b.w.InC, float32s(dx), float32s(x), float32s(dy), argmax, float32s(d.mean), float32s(d.scale), float32s(d.offset), float32s(d.slope), negative) {
		if folded {
			return
		}
	} else {
		d.apply(dx, x, b.unpooled(worker, len(x), dy, argmax))
	}
	if b.act.Function != Linear {
		activationGradient(b.act, dx, x, dx)
	}
}

// negative is what the activation's derivative is where x is not positive; folded: where x is positive, it is 1.
func (b *BatchNormPool[T]) negative() (slope float32, folded bool) {
	switch b.act.Function {
	case Linear:
		return 1, true
	case ReLU:
		return 0, true
	case LeakyReLU:
		return float32(b.act.Slope), true
	}
	return 1, false
}

// unpooled is the gradient by a strip of that many normalized values from dy, that by its row of y, nil: there is none.
func (b *BatchNormPool[T]) unpooled(worker, elements int, dy []T, argmax []uint8) []T {
	rows := b.rows[worker][:elements]
	if dy == nil {
		clear(rows)
		return rows
	}
	m := b.pool(worker, elements)
	m.out, m.in, m.argmax = rows, dy, argmax
	m.inputRows(0, 0)
	m.out, m.in, m.argmax = nil, nil, nil
	return rows
}

// whole tells whether a strip is made of whole windows.
func (b *BatchNormPool[T]) whole(strip []T) bool {
	return len(strip) == 2*b.w.InW*b.w.InC && b.w.InW == 2*b.w.OutW
}

// pool is a worker's pooling for a strip of that many elements.
func (b *BatchNormPool[T]) pool(worker, elements int) *MaxPool2D[T] {
	m := &b.pools[worker]
	m.w.InH = elements / (b.w.InW * b.w.InC)
	return m
}

// strips are pairs of rows of images, and an odd last row of each.
type strips struct{ inH, outH, perImage int }

func newStrips(w Window) strips {
	return strips{inH: w.InH, outH: w.OutH, perImage: (w.InH + 1) / 2}
}

func (s strips) count(images int) int { return images * s.perImage }

// row is the first row of strip k, over all images.
func (s strips) row(k int) int {
	return k/s.perImage*s.inH + k%s.perImage*2
}

// of is the strip that a row belongs to.
func (s strips) of(row int) int {
	return row/s.inH*s.perImage + row%s.inH/2
}

// outputRow is the row of the pooled images that a strip gives, if there is one.
func (s strips) outputRow(k int) (int, bool) {
	return k/s.perImage*s.outH + k%s.perImage, k%s.perImage < s.outH
}

// resizePools gives each worker a pooling of one strip.
func resizePools[T Float](pools []MaxPool2D[T], workers int, w Window) []MaxPool2D[T] {
	pools = resize(pools, workers)
	for i := range pools {
		pools[i].w = w
		pools[i].w.OutH = 1
	}
	return pools
}
