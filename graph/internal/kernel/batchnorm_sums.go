package kernel

// rowCuts cuts rows of channels into pieces of about blockLength elements, or more where that would make too many pieces.
type rowCuts struct {
	rows, channels int
	perPiece       int
}

const maxPieces = 64

func cutRows(rows, channels int) rowCuts {
	perPiece := max(1, blockLength/channels, (rows+maxPieces-1)/maxPieces)
	return rowCuts{rows: rows, channels: channels, perPiece: perPiece}
}

func (c rowCuts) count() int { return (c.rows + c.perPiece - 1) / c.perPiece }

// rowRange is the rows of piece i.
func (c rowCuts) rowRange(i int) (from, to int) {
	return i * c.perPiece, min((i+1)*c.perPiece, c.rows)
}

// moments computes mean and biased variance by channel. Each block of rows is read twice, the second time from the cache, for its
// own mean and the squared distances from it; blocks merge by Chan, Golub & LeVeque (1983).
type moments[T Float] struct {
	rowCuts
	x       []T
	pieces  []float64 // by piece: means, then sums of squared distances, by channel
	scratch [][]float64
}

func (m *moments[T]) run(p *Pool, rows, channels int, x, mean, variance []T) {
	if rows == 0 {
		clear(mean)
		clear(variance)
		return
	}
	m.rowCuts, m.x = cutRows(rows, channels), x
	m.pieces = resize(m.pieces, 2*channels*m.count())
	m.scratch = grow(m.scratch, p.Threads(), 2*channels)
	p.forElements(rows*channels).run(m.count(), m)
	m.x = nil
	total := m.pieces[:2*channels]
	n := 0.0
	for i := range m.count() {
		from, to := m.rowRange(i)
		mergeMoments(total, n, m.pieces[2*channels*i:][:2*channels], float64(to-from))
		n += float64(to - from)
	}
	for c := range channels {
		mean[c], variance[c] = T(total[c]), T(total[channels+c]/n)
	}
}

func (m *moments[T]) piece(worker, i int) {
	from, to := m.rowRange(i)
	total := m.pieces[2*m.channels*i:][:2*m.channels]
	block := m.scratch[worker]
	step := max(1, blockLength/m.channels)
	for at := from; at < to; at += step {
		end := min(at+step, to)
		blockMoments(block, m.x[at*m.channels:end*m.channels])
		mergeMoments(total, float64(at-from), block, float64(end-at))
	}
}

// mergeMoments adds the moments of m more rows to those of n rows; each is means, then sums of squared distances.
func mergeMoments(total []float64, n float64, block []float64, m float64) {
	if n == 0 {
		copy(total, block)
		return
	}
	channels := len(total) / 2
	mean, square := total[:channels], total[channels:]
	weight := m / (n + m)
	for c, v := range block[:channels] {
		d := v - mean[c]
		mean[c] += d * weight
		square[c] += block[channels+c] + d*d*n*weight
	}
}

// blockMoments computes the moments of the rows in x.
func blockMoments[T Float](moments []float64, x []T) {
	channels := len(moments) / 2
	mean, square := moments[:channels], moments[channels:]
	clear(moments)
	n := float64(len(x) / channels)
	for row := x; len(row) > 0; row = row[channels:] {
		for c, v := range row[:channels] {
			mean[c] += float64(v)
		}
	}
	for c := range mean {
		mean[c] /= n
	}
	for row := x; len(row) > 0; row = row[channels:] {
		for c, v := range row[:channels] {
			d := float64(v) - mean[c]
			square[c] += d * d
		}
	}
}

// gradientSums computes by channel the sums over the rows of dy, and of dy*(x-mean).
type gradientSums[T Float] struct {
	rowCuts
	x, mean, dy []T
	pieces      []float64 // by piece: sums of dy, then of the product
}

// run returns the two sums; they are valid until the next run.
func (g *gradientSums[T]) run(p *Pool, rows, channels int, x, mean, dy []T) (plain, product []float64) {
	g.rowCuts, g.x, g.mean, g.dy = cutRows(rows, channels), x, mean, dy
	g.pieces = resize(g.pieces, 2*channels*max(1, g.count()))
	clear(g.pieces)
	p.forElements(rows*channels).run(g.count(), g)
	g.x, g.mean, g.dy = nil, nil, nil
	total := g.pieces[:2*channels]
	for more := g.pieces[2*channels:]; len(more) > 0; more = more[2*channels:] {
		for c := range total {
			total[c] += more[c]
		}
	}
	return total[:channels], total[channels:]
}

func (g *gradientSums[T]) piece(_, i int) {
	from, to := g.rowRange(i)
	total := g.pieces[2*g.channels*i:][:2*g.channels]
	plain, product := total[:g.channels], total[g.channels:]
	for r := from; r < to; r++ {
		x, dy := g.x[r*g.channels:][:g.channels], g.dy[r*g.channels:][:g.channels]
		for c, v := range dy {
			plain[c] += float64(v)
			product[c] += float64(v) * float64(x[c]-g.mean[c])
		}
	}
}
