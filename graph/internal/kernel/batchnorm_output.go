package kernel

// affine computes y = (x-mean)*scale + beta by channel.
type affine[T Float] struct {
	rowCuts
	y, x              []T
	mean, scale, beta []T
}

func (a *affine[T]) run(p *Pool, rows, channels int, y, x []T) {
	a.rowCuts, a.y, a.x = cutRows(rows, channels), y, x
	p.forElements(rows*channels).run(a.count(), a)
	a.y, a.x = nil, nil
}

func (a *affine[T]) piece(_, i int) {
	from, to := a.rowRange(i)
	for r := from; r < to; r++ {
		y, x := a.y[r*a.channels:][:a.channels], a.x[r*a.channels:][:a.channels]
		for c, v := range x {
			y[c] = T((v-a.mean[c])*a.scale[c]) + a.beta[c]
		}
	}
}

// normGradient computes dx = (dy-offset)*scale - (x-mean)*slope by channel.
type normGradient[T Float] struct {
	rowCuts
	dx, x, dy                  []T
	mean, scale, offset, slope []T
}

func (g *normGradient[T]) run(p *Pool, rows, channels int, dx, x, dy []T) {
	g.rowCuts, g.dx, g.x, g.dy = cutRows(rows, channels), dx, x, dy
	p.forElements(rows*channels).run(g.count(), g)
	g.dx, g.x, g.dy = nil, nil, nil
}

func (g *normGradient[T]) piece(_, i int) {
	from, to := g.rowRange(i)
	for r := from; r < to; r++ {
		at := r * g.channels
		dx, x, dy := g.dx[at:][:g.channels], g.x[at:][:g.channels], g.dy[at:][:g.channels]
		for c, v := range dy {
			dx[c] = T((v-g.offset[c])*g.scale[c]) - T((x[c]-g.mean[c])*g.slope[c])
		}
	}
}
