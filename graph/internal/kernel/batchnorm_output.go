package kernel

// normalization computes y = (x-mean)*scale + beta by channel.
type normalization[T Float] struct {
	rowCuts
	y, x              []T
	mean, scale, beta []T // repeated
}

func (a *normalization[T]) run(p *Pool, y, x []T) {
	a.y, a.x = y, x
	for _, v := range [][]T{a.mean, a.scale, a.beta} {
		repeatChannels(v, a.channels)
	}
	p.forTraffic(2*a.rows*a.channels).run(a.count(), a)
	a.y, a.x = nil, nil
}

// resize makes room for the values of the channels.
func (a *normalization[T]) resize(rows, channels int) {
	a.rowCuts = cutRows[T](rows, channels)
	for _, v := range []*[]T{&a.mean, &a.scale, &a.beta} {
		*v = resize(*v, a.width)
	}
}

func (a *normalization[T]) piece(_, i int) {
	from, to := a.rowRange(i)
	y, x := a.y[from*a.channels:to*a.channels], a.x[from*a.channels:to*a.channels]
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
	dx, x, dy                  []T
	mean, scale, offset, slope []T // repeated
}

func (g *normalizationGradient[T]) run(p *Pool, dx, x, dy []T) {
	g.dx, g.x, g.dy = dx, x, dy
	for _, v := range [][]T{g.mean, g.scale, g.offset, g.slope} {
		repeatChannels(v, g.channels)
	}
	p.forTraffic(3*g.rows*g.channels).run(g.count(), g)
	g.dx, g.x, g.dy = nil, nil, nil
}

// resize makes room for the values of the channels.
func (g *normalizationGradient[T]) resize(rows, channels int) {
	g.rowCuts = cutRows[T](rows, channels)
	for _, v := range []*[]T{&g.mean, &g.scale, &g.offset, &g.slope} {
		*v = resize(*v, g.width)
	}
}

func (g *normalizationGradient[T]) piece(_, i int) {
	from, to := g.rowRange(i)
	dx, x, dy := g.dx[from*g.channels:to*g.channels], g.x[from*g.channels:to*g.channels], g.dy[from*g.channels:to*g.channels]
	n := vectorNormalizeGradient(float32s(dx), float32s(x), float32s(dy), float32s(g.mean), float32s(g.scale), float32s(g.offset), float32s(g.slope))
	for dx, x, dy = dx[n:], x[n:], dy[n:]; len(x) > 0; dx, x, dy = dx[g.channels:], x[g.channels:], dy[g.channels:] {
		for c, v := range dy[:g.channels] {
			dx[c] = T((v-g.offset[c])*g.scale[c]) - T((x[c]-g.mean[c])*g.slope[c])
		}
	}
}
