package kernel

// normalization computes y = (x-mean)*scale + beta by channel.
type normalization[T Float] struct {
	rowCuts
	y                 []T
	x                 Pixels[T]
	mean, scale, beta []T // repeated
}

func (a *normalization[T]) run(p *Pool, y []T, x Pixels[T]) {
	a.y, a.x = y, x
	forTraffic[T](p, 2*a.rows*a.channels).run(a.count(), a)
	a.y, a.x = nil, Pixels[T]{}
}

// resize makes room for the values of the channels.
func (a *normalization[T]) resize(rows, channels int) {
	a.rowCuts = cutRows[T](rows, channels)
	for _, v := range []*[]T{&a.mean, &a.scale, &a.beta} {
		*v = resize(*v, a.width)
	}
}

// repeat repeats the values of the channels.
func (a *normalization[T]) repeat() {
	for _, v := range [][]T{a.mean, a.scale, a.beta} {
		repeatChannels(v, a.channels)
	}
}

func (a *normalization[T]) piece(worker, i int) {
	from, to := a.rowRange(i)
	for at := from; at < to; at += a.perBlock {
		i, j := at*a.channels, min(at+a.perBlock, to)*a.channels
		a.apply(a.y[i:j], a.x.slice(worker, i, j))
	}
}

// apply computes some rows.
func (a *normalization[T]) apply(y, x []T) {
	n := vectorNormalize(float32s(y), float32s(x), float32s(a.mean), float32s(a.scale), float32s(a.beta))
	for y, x = y[n:], x[n:]; len(x) > 0; y, x = y[a.channels:], x[a.channels:] {
		for c, v := range x[:a.channels] {
			y[c] = T((v-a.mean[c])*a.scale[c]) + a.beta[c]
		}
	}
}

// normalizationGradient computes dx = (dy-offset)*scale - (x-mean)*slope by channel.
type normalizationGradient[T Float] struct {
	rowCuts
	dx, dy                     []T
	x                          Pixels[T]
	mean, scale, offset, slope []T // repeated

	act     Activation // whose derivative is taken, too
	scratch [][]T      // by worker, for slice
}

func (g *normalizationGradient[T]) run(p *Pool, dx, x, dy []T) {
	g.dx, g.x, g.act, g.dy = dx, InMemory(x), Activation{}, dy
	forTraffic[T](p, 3*g.rows*g.channels).run(g.count(), g)
	g.dx, g.x, g.dy = nil, Pixels[T]{}, nil
}

// lazy returns dx times the derivative of the activation that gave x.
func (g *normalizationGradient[T]) lazy(p *Pool, x Pixels[T], act Activation, dy []T) Lazy[T] {
	g.x, g.act, g.dy = x, act, dy
	g.scratch = grow(g.scratch, p.Threads(), 0)
	return g
}

// resize makes room for the values of the channels.
func (g *normalizationGradient[T]) resize(rows, channels int) {
	g.rowCuts = cutRows[T](rows, channels)
	for _, v := range []*[]T{&g.mean, &g.scale, &g.offset, &g.slope} {
		*v = resize(*v, g.width)
	}
}

// repeat repeats the values of the channels.
func (g *normalizationGradient[T]) repeat() {
	for _, v := range [][]T{g.mean, g.scale, g.offset, g.slope} {
		repeatChannels(v, g.channels)
	}
}

func (g *normalizationGradient[T]) piece(worker, i int) {
	from, to := g.rowRange(i)
	g.compute(worker, g.dx[from*g.channels:to*g.channels], from*g.channels)
}

// slice is part of [Lazy].
func (g *normalizationGradient[T]) slice(worker, from, to int) []T {
	dx := resize(g.scratch[worker], to-from)
	g.scratch[worker] = dx
	g.compute(worker, dx, from)
	return dx
}

// compute computes the elements of dx from one on.
func (g *normalizationGradient[T]) compute(worker int, dx []T, from int) {
	for len(dx) > 0 {
		n := min(len(dx), g.perBlock*g.channels)
		x := g.x.slice(worker, from, from+n)
		g.apply(dx[:n], x, g.dy[from:from+n])
		if g.act.Function != Linear {
			activationGradient(g.act, dx[:n], x, dx[:n])
		}
		dx, from = dx[n:], from+n
	}
}

// apply computes some rows.
func (g *normalizationGradient[T]) apply(dx, x, dy []T) {
	n := vectorNormalizeGradient(float32s(dx), float32s(x), float32s(dy), float32s(g.mean), float32s(g.scale), float32s(g.offset), float32s(g.slope))
	for dx, x, dy = dx[n:], x[n:], dy[n:]; len(x) > 0; dx, x, dy = dx[g.channels:], x[g.channels:], dy[g.channels:] {
		for c, v := range dy[:g.channels] {
			dx[c] = T((v-g.offset[c])*g.scale[c]) - T((x[c]-g.mean[c])*g.slope[c])
		}
	}
}
