//go:build amd64 && !noasm

package kernel

// lazyProduct is a product with one phase whose results are computed where they are read.
type lazyProduct struct {
	*product
	stretches []stretch[float32] // by worker
}

// lazyRows is how many rows of results are computed at a time: few stay in the first level cache, many share the rows at their edges.
const lazyRows = 4

// lazy returns the results of n images; they are valid until the product's next use.
func (p *product) lazy(pool *Pool, n int, in operand[float32], kernel, bias []float32) Lazy[float32] {
	l := &p.lazily
	l.product = p
	p.n, p.in, p.kernel, p.apart = n, in, kernel, false
	p.blockImages, p.blockRows = 1, min(lazyRows, p.bandRows)
	clear(p.bias)
	copy(p.bias, bias)
	p.own.begin() // what the pool lends, others use before the results are read
	p.grow(&p.own, pool.Threads())
	p.pack(pool, &p.own)
	l.stretches = clearStretches(l.stretches, pool.Threads())
	return l
}

// slice is part of [Lazy].
func (l *lazyProduct) slice(worker, from, to int) []float32 {
	length := l.dstW * l.plan.n
	first := from / length * length
	missing, start := l.stretches[worker].move(first, ceil(to, length)*length)
	w := l.workers[worker]
	for row, out := start/length, missing; len(out) > 0; { // rows of all images
		b := block{image: row / l.dstH, images: 1, from: row % l.dstH}
		b.to = min(b.from+l.blockRows, b.from+len(out)/length, l.dstH)
		l.runPanels(w, 0, 0, len(l.panels), out, l.source(w, b), b)
		row += b.to - b.from
		out = out[(b.to-b.from)*length:]
	}
	if l.act.Function == Sigmoid || l.act.Function == Tanh {
		activate32(l.act, missing)
	}
	return l.stretches[worker].values[from-first : to-first]
}
