package kernel

// normalization computes y = (x-mean)*scale + beta by channel.
type normalization[T Float] struct {
	rowCuts
	y, x              []T
	mean, scale, beta []T // repeated
}

func (a *normalization[T]) run(p *Pool, y, x []T) {
	a.y, a.x = y, x
	forTraffic[T](p, 2*a.rows*a.channels).run(a.count(), a)
	a.y, a.x = nil, nil
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

func (a *normalization[T]) piece(_, i int) {
	from, to := a.rowRange(i)
	a.apply(a.y[from*a.channels:to*a.channels], a.x[from*a.channels:to*a.channels])
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
	dx, x                      []T
	dy                         pixelRows[T]
	mean, scale, offset, slope []T // repeated
}

func (g *normalizationGradient[T]) run(p *Pool, dx, x []T, dy pixelRows[T]) {
	g.dx, g.x, g.dy = dx, x, dy
	for _, v := range [][]T{g.mean, g.scale, g.offset, g.slope} {
		repeatChannels(v, g.channels)
	}
	forTraffic[T](p, 3*g.rows*g.channels).run(g.count(), g)
	g.dx, g.x, g.dy = nil, nil, pixelRows[T]{}
}

// resize makes room for the values of the channels.
func (g *normalizationGradient[T]) resize(rows, channels int) {
	g.rowCuts = cutRows[T](rows, channels)
	for _, v := range []*[]T{&g.mean, &g.scale, &g.offset, &g.slope} {
		*v = resize(*v, g.width)
	}
}

func (g *normalizationGradient[T]) piece(worker, i int) {
	from, to := g.rowRange(i)
	for at := from; at < to; at += g.perBlock {
		end := min(at+g.perBlock, to)
		g.apply(g.dx[at*g.channels:end*g.channels], g.x[at*g.channels:end*g.channels], g.dy.slice(worker, at, end, g.channels))
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
