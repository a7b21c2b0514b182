package kernel

// rowCuts cuts rows of channels into pieces, and these into blocks of about rowsLength elements.
type rowCuts struct {
	rows, channels int
	width          int // of what is repeated by channel: several rows, where that suits vectors
	perBlock       int // rows
	perPiece       int
}

const (
	maxPieces  = 32      // more would only cost memory for their sums
	rowsLength = 8 << 10 // stay in the first level cache
)

func cutRows[T Float](rows, channels int) rowCuts {
	if channels == 0 {
		return rowCuts{perBlock: 1, perPiece: 1}
	}
	c := rowCuts{rows: rows, channels: channels, width: channels}
	if vectorized[T]() {
		c.width = vectorWidth(channels)
	}
	c.perBlock = c.width / channels * max(8, rowsLength/c.width)
	c.perPiece = c.perBlock * max(1, (rows+maxPieces*c.perBlock-1)/(maxPieces*c.perBlock))
	return c
}

func (c rowCuts) count() int { return (c.rows + c.perPiece - 1) / c.perPiece }

// rowRange is the rows of piece i.
func (c rowCuts) rowRange(i int) (from, to int) {
	return i * c.perPiece, min((i+1)*c.perPiece, c.rows)
}

// repeatChannels repeats the first values over the whole slice.
func repeatChannels[T Float](x []T, channels int) {
	for n := channels; n < len(x); n *= 2 {
		copy(x[n:], x[:n])
	}
}

// moments computes mean and biased variance by channel. The first block of rows of a piece is read twice, for its own mean and the squared
// distances from it, the others once, for those from the mean of the blocks before; blocks merge by Chan, Golub & LeVeque (1983).
type moments[T Float] struct {
	rowCuts
	x       Pixels[T]
	pieces  []float64   // by piece: means, then sums of squared distances, by channel
	blocks  [][]float64 // by worker: the same of a block
	scratch [][]float32 // by worker
}

func (m *moments[T]) run(p *Pool, rows, channels int, x Pixels[T], mean, variance []T) {
	if rows == 0 {
		clear(mean)
		clear(variance)
		return
	}
	total := m.total(p, rows, channels, x)
	for c := range channels {
		mean[c], variance[c] = T(total[c]), T(total[channels+c]/float64(rows))
	}
}

// total is means and sums of squared distances by channel, valid until the next run. There must be rows.
func (m *moments[T]) total(p *Pool, rows, channels int, x Pixels[T]) []float64 {
	m.rowCuts, m.x = cutRows[T](rows, channels), x
	p = forTraffic[T](p, rows*channels)
	m.pieces = resize(m.pieces, 2*channels*m.count())
	m.blocks = grow(m.blocks, p.Threads(), 2*channels)
	m.scratch = grow(m.scratch, p.Threads(), 4*m.width)
	p.run(m.count(), m)
	m.x = Pixels[T]{}
	total := m.pieces[:2*channels]
	n := 0.0
	for i := range m.count() {
		from, to := m.rowRange(i)
		mergeMoments(total, n, m.pieces[2*channels*i:][:2*channels], float64(to-from))
		n += float64(to - from)
	}
	return total
}

func (m *moments[T]) piece(worker, i int) {
	from, to := m.rowRange(i)
	total, block := m.pieces[2*m.channels*i:][:2*m.channels], m.blocks[worker]
	for at := from; at < to; {
		x := m.x.slice(worker, at*m.channels, min(at+m.perBlock, to)*m.channels)
		var guess []float64
		if at > from {
			guess = total[:m.channels]
		}
		rows := vectorMoments(block, float32s(x), guess, m.scratch[worker])
		if rows == 0 {
			rows = len(x) / m.channels
			blockMoments(block, x)
		}
		mergeMoments(total, float64(at-from), block, float64(rows))
		at += rows
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
		mean[c] += float64(d * weight)
		square[c] += block[channels+c] + float64(d*d*n*weight)
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
			square[c] += float64(d * d)
		}
	}
}

// gradientSums computes by channel the sums over the rows of dy, and of dy*(x-mean).
type gradientSums[T Float] struct {
	rowCuts
	x       Pixels[T]
	dy      []T
	mean    []T         // repeated
	pieces  []float64   // by piece: sums of dy, then of the product
	scratch [][]float32 // by worker
}

// run returns the two sums; they are valid until the next run.
func (g *gradientSums[T]) run(p *Pool, rows, channels int, x Pixels[T], mean, dy []T) (plain, product []float64) {
	g.rowCuts, g.x, g.dy = cutRows[T](rows, channels), x, dy
	p = forTraffic[T](p, 2*rows*channels)
	g.mean = resize(g.mean, g.width)
	copy(g.mean, mean[:channels])
	repeatChannels(g.mean, channels)
	g.pieces = resize(g.pieces, 2*channels*max(1, g.count()))
	clear(g.pieces)
	g.scratch = grow(g.scratch, p.Threads(), 2*g.width)
	p.run(g.count(), g)
	g.x, g.dy = Pixels[T]{}, nil
	total := g.pieces[:2*channels]
	for more := g.pieces[2*channels:]; len(more) > 0; more = more[2*channels:] {
		for c := range total {
			total[c] += more[c]
		}
	}
	return total[:channels], total[channels:]
}

func (g *gradientSums[T]) piece(worker, i int) {
	from, to := g.rowRange(i)
	total := g.pieces[2*g.channels*i:][:2*g.channels]
	plain, product := total[:g.channels], total[g.channels:]
	for at := from; at < to; at += g.perBlock {
		i, j := at*g.channels, min(at+g.perBlock, to)*g.channels
		x, dy := g.x.slice(worker, i, j), g.dy[i:j]
		n := vectorGradientSums(plain, product, float32s(x), float32s(dy), float32s(g.mean), g.scratch[worker])
		for x, dy = x[n:], dy[n:]; len(x) > 0; x, dy = x[g.channels:], dy[g.channels:] {
			for c, v := range dy[:g.channels] {
				plain[c] += float64(v)
				product[c] += float64(float64(v) * float64(x[c]-g.mean[c]))
			}
		}
	}
}
