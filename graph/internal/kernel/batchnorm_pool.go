package kernel

// BatchNormPool is batch normalization followed by 2x2 max pooling with stride 2, without the normalized image between them, which
// exists a few rows at a time only. It gives the same bits as [BatchNorm] and [MaxPool2D] one after the other.
type BatchNormPool[T Float] struct {
	w        Window
	norm     BatchNorm[T]
	gradient unpooled[T]
	y, x     []T
	argmax   []uint8
	strips   strips
	count    int            // of strips
	perPiece int            // strips
	rows     [][]T          // by worker: normalized rows
	pools    []MaxPool2D[T] // by worker
}

// NewBatchNormPool returns the operation for a window that halves images ([Window.Halves]); epsilon is added to the variance.
func NewBatchNormPool[T Float](w Window, epsilon float64) *BatchNormPool[T] {
	return &BatchNormPool[T]{w: w, norm: BatchNorm[T]{channels: w.InC, epsilon: epsilon}}
}

// Train computes y [n,OutH,OutW,InC] and argmax (see [MaxPool2D.Forward]; nil: not wanted) from x [n,InH,InW,InC], and the batch's
// mean and variance [InC].
func (b *BatchNormPool[T]) Train(p *Pool, n int, y, x, gamma, beta, mean, variance []T, argmax []uint8) {
	b.norm.moments.run(p, b.pixels(n), b.w.InC, x, mean, variance)
	b.Evaluate(p, n, y, x, gamma, beta, mean, variance, argmax)
}

// Evaluate computes the same with given statistics.
func (b *BatchNormPool[T]) Evaluate(p *Pool, n int, y, x, gamma, beta, mean, variance []T, argmax []uint8) {
	b.norm.prepareOutput(b.pixels(n), gamma, beta, mean, variance)
	b.strips = newStrips(b.w)
	b.count = b.strips.count(n)
	row := b.w.InW * b.w.InC
	b.perPiece = max(1, blockLength/max(1, 2*row))
	p = forTraffic[T](p, b.pixels(n)*b.w.InC)
	b.rows = grow(b.rows, p.Threads(), 2*b.perPiece*row)
	b.pools = resizePools(b.pools, p.Threads(), b.w)
	b.y, b.x, b.argmax = y, x, argmax
	p.run((b.count+b.perPiece-1)/b.perPiece, b)
	b.y, b.x, b.argmax = nil, nil, nil
}

// Backward computes Train's gradients from dy [n,OutH,OutW,InC]: by x, gamma and beta, the last two nil where not wanted.
func (b *BatchNormPool[T]) Backward(p *Pool, n int, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T, argmax []uint8) {
	b.gradient.set(p, b.w, n, dy, argmax)
	b.norm.backward(p, b.pixels(n), dx, dgamma, dbeta, x, gamma, mean, variance, pixelRows[T]{pooled: &b.gradient})
	b.gradient.dy, b.gradient.argmax = nil, nil
}

// EvaluateBackward computes Evaluate's gradients; the statistics are constants.
func (b *BatchNormPool[T]) EvaluateBackward(p *Pool, n int, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T, argmax []uint8) {
	b.gradient.set(p, b.w, n, dy, argmax)
	b.norm.evaluateBackward(p, b.pixels(n), dx, dgamma, dbeta, x, gamma, mean, variance, pixelRows[T]{pooled: &b.gradient})
	b.gradient.dy, b.gradient.argmax = nil, nil
}

func (b *BatchNormPool[T]) pixels(n int) int { return n * b.w.InH * b.w.InW }

func (b *BatchNormPool[T]) piece(worker, i int) {
	s, pool := b.strips, &b.pools[worker]
	in, out := b.w.InW*b.w.InC, b.w.OutW*b.w.InC
	from := i * b.perPiece
	to := min(from+b.perPiece, b.count)
	first, end := s.row(from), s.row(to)
	rows := b.rows[worker][:(end-first)*in]
	b.norm.output.apply(rows, b.x[first*in:end*in])
	for k := from; k < to; k++ {
		row, ok := s.outputRow(k)
		if !ok {
			continue
		}
		pool.w.InH = s.row(k+1) - s.row(k)
		pool.in, pool.out, pool.argmax = rows[(s.row(k)-first)*in:], b.y[row*out:][:out], part(b.argmax, row*out, (row+1)*out)
		pool.outputRow(0, 0)
	}
	pool.in, pool.out, pool.argmax = nil, nil, nil
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

// pixelRows is a gradient [pixels, channels]: given as such, or as that of its max pooling.
type pixelRows[T Float] struct {
	values []T
	pooled *unpooled[T]
}

// slice returns pixels from to to; it is valid until the worker's next call.
func (r pixelRows[T]) slice(worker, from, to, channels int) []T {
	if r.pooled != nil {
		return r.pooled.slice(worker, from, to)
	}
	return r.values[from*channels : to*channels]
}

// unpooled is a gradient by a max pooling's input that exists a few rows at a time.
type unpooled[T Float] struct {
	w      Window
	dy     []T
	argmax []uint8
	strips strips
	rows   [][]T          // by worker
	pools  []MaxPool2D[T] // by worker
}

func (u *unpooled[T]) set(p *Pool, w Window, n int, dy []T, argmax []uint8) {
	u.w, u.dy, u.argmax, u.strips = w, dy, argmax, newStrips(w)
	perBlock := cutRows[T](n*w.InH*w.InW, w.InC).perBlock
	u.rows = grow(u.rows, p.Threads(), (perBlock+4*w.InW)*w.InC) // a block begins and ends within strips
	u.pools = resizePools(u.pools, p.Threads(), w)
}

func (u *unpooled[T]) slice(worker, from, to int) []T {
	s, pool := u.strips, &u.pools[worker]
	in, out := u.w.InW*u.w.InC, u.w.OutW*u.w.InC
	first, last := s.of(from/u.w.InW), s.of((to-1)/u.w.InW)
	top := s.row(first)
	rows := u.rows[worker][:(s.row(last+1)-top)*in]
	for k := first; k <= last; k++ {
		strip := rows[(s.row(k)-top)*in : (s.row(k+1)-top)*in]
		row, ok := s.outputRow(k)
		if !ok {
			clear(strip)
			continue
		}
		pool.w.InH = len(strip) / in
		pool.out, pool.in, pool.argmax = strip, u.dy[row*out:][:out], u.argmax[row*out:][:out]
		pool.inputRows(0, 0)
	}
	pool.out, pool.in, pool.argmax = nil, nil, nil
	return rows[(from-top*u.w.InW)*u.w.InC : (to-top*u.w.InW)*u.w.InC]
}
