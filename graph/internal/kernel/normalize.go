package kernel

import "math"

// Normalizing says what a normalization within items does to each part, a set of values of one item.
type Normalizing uint8

// The normalizations of n values x: by their mean and biased variance, (x-mean)/sqrt(variance+epsilon); by their root mean square,
// x/sqrt(mean of x*x + epsilon); to length 1, x*min(1/sqrt(sum of x*x), 1/epsilon).
const (
	ByMoments Normalizing = iota
	ByRootMeanSquare
	ToUnitLength
)

// Normalization normalizes parts of each item, and then scales and shifts: y = gamma*normalized + beta. An item is gone through run by run;
// of a training step it keeps each part's mean and scale.
type Normalization[T Float] struct {
	how     Normalizing
	epsilon float64
	runs    *runs // over: parts, weights
	values  int   // of a part

	means, scales []T // [n,parts]: what is subtracted, and the factor after that
	ones, zeros   []T // for a gamma or a beta that is not there

	channels *channelParts[T] // where sums by channel do; nil: run by run
	sums     [][]float64      // by worker: two for each part
	partials []float64        // by chunk: gradients by gamma and beta
}

// NewNormalization returns the operation for items of the given shape. parts and weights have as many axes: parts has length 1 along the
// axes that lie within a part; weights, the shape of gamma and beta, has length 1 along axes that share them.
func NewNormalization[T Float](how Normalizing, epsilon float64, item, parts, weights []int) *Normalization[T] {
	n := &Normalization[T]{how: how, epsilon: epsilon, runs: newRuns(item, parts, weights)}
	n.values = n.runs.size() / n.parts().size
	if how == ByMoments && vectorized[T]() {
		n.channels = newChannelParts[T](item, parts, weights)
	}
	n.ones, n.zeros = make([]T, n.weights().size), make([]T, n.weights().size)
	for i := range n.ones {
		n.ones[i] = 1
	}
	return n
}

func (m *Normalization[T]) parts() *repeated   { return &m.runs.over[0] }
func (m *Normalization[T]) weights() *repeated { return &m.runs.over[1] }

// Forward computes y of n items; gamma nil: 1, beta nil: 0.
func (m *Normalization[T]) Forward(p *Pool, n int, y, x, gamma, beta []T) {
	p = forTraffic[T](p, 2*len(x))
	parts, size := m.parts().size, m.runs.size()
	m.means, m.scales = resize(m.means, n*parts), resize(m.scales, n*parts)
	m.sums = grow(m.sums, p.Threads(), 2*parts)
	gamma, beta = m.orDefault(gamma, beta)
	m.prepareChannels(p)
	p.run(n, pieces(func(worker, item int) {
		x, y := x[item*size:][:size], y[item*size:][:size]
		means, scales := m.means[item*parts:][:parts], m.scales[item*parts:][:parts]
		if m.channels != nil {
			m.channels.forward(worker, y, x, gamma, beta, means, scales, m.sums[worker], m.scale)
			return
		}
		m.measure(means, scales, x, m.sums[worker])
		for i := range m.runs.count {
			at := i * m.runs.length
			part, weight := m.parts().starts[i], m.weights().starts[i]
			scaleRun(y[at:][:m.runs.length], x[at:], means[part:], scales[part:], m.parts().step, gamma[weight:], beta[weight:], m.weights().step)
		}
	}))
}

func (m *Normalization[T]) prepareChannels(p *Pool) {
	if m.channels != nil {
		m.channels.prepare(p.Threads())
	}
}

func (m *Normalization[T]) orDefault(gamma, beta []T) ([]T, []T) {
	if gamma == nil {
		gamma = m.ones
	}
	if beta == nil {
		beta = m.zeros
	}
	return gamma, beta
}

// measure computes what is subtracted from each part of an item and what it is multiplied by.
func (m *Normalization[T]) measure(means, scales, x []T, sums []float64) {
	clear(means)
	if m.how == ByMoments {
		mean := sums[:len(means)]
		clear(mean)
		addRuns(m.runs, mean, x)
		for i, s := range mean {
			means[i] = T(s / float64(m.values))
		}
	}
	squares := sums[len(means):]
	clear(squares)
	for i, start := range m.parts().starts {
		addSquares(squares[start:], x[i*m.runs.length:][:m.runs.length], means[start:], m.parts().step)
	}
	for i, s := range squares {
		scales[i] = T(m.scale(s))
	}
}

// scale is the factor of a part with the given sum of squares.
func (m *Normalization[T]) scale(squares float64) float64 {
	if m.how == ToUnitLength {
		return min(1/math.Sqrt(squares), 1/m.epsilon)
	}
	return 1 / math.Sqrt(squares/float64(m.values)+m.epsilon)
}

// addSquares adds (x-mean)*(x-mean) to each value's sum; step is that of sums and means.
func addSquares[T Float](sums []float64, x, means []T, step int) {
	if step == 1 {
		for k, v := range x {
			d := float64(v - means[k])
			sums[k] += float64(d * d)
		}
		return
	}
	sum, mean := sums[0], means[0]
	for _, v := range x {
		d := float64(v - mean)
		sum += float64(d * d)
	}
	sums[0] = sum
}

// scaleRun computes y = gamma*((x-mean)*scale) + beta along one run.
func scaleRun[T Float](y, x, means, scales []T, part int, gamma, beta []T, weight int) {
	x = x[:len(y)]
	switch {
	case part == 0 && weight == 1:
		mean, scale := means[0], scales[0]
		gamma, beta := gamma[:len(y)], beta[:len(y)]
		for k, v := range x {
			y[k] = T(gamma[k]*T((v-mean)*scale)) + beta[k]
		}
	case part == 1 && weight == 1:
		means, scales, gamma, beta := means[:len(y)], scales[:len(y)], gamma[:len(y)], beta[:len(y)]
		for k, v := range x {
			y[k] = T(gamma[k]*T((v-means[k])*scales[k])) + beta[k]
		}
	default:
		for k, v := range x {
			y[k] = T(gamma[k*weight]*T((v-means[k*part])*scales[k*part])) + beta[k*weight]
		}
	}
}

// Backward computes dx (nil: not wanted) and the gradients by gamma and beta (nil: not wanted) from Forward's x and gamma, and dy.
func (m *Normalization[T]) Backward(p *Pool, n int, dx, dgamma, dbeta, x, gamma, dy []T) {
	p = forTraffic[T](p, 3*len(x))
	parts, weights, size := m.parts().size, m.weights().size, m.runs.size()
	gamma, _ = m.orDefault(gamma, nil)
	m.sums = grow(m.sums, p.Threads(), 2*parts)
	m.prepareChannels(p)
	chunks := chunkCount(n, 4*weights)
	m.partials = resize(m.partials, chunks*2*weights)
	clear(m.partials)
	p.run(chunks, pieces(func(worker, chunk int) {
		byWeights := m.partials[chunk*2*weights:][:2*weights]
		from, to := split(n, chunks, chunk)
		for item := from; item < to; item++ {
			at := item * size
			g := itemGradient[T]{x: x[at:][:size], dy: dy[at:][:size], gamma: gamma, means: m.means[item*parts:][:parts], scales: m.scales[item*parts:][:parts]}
			if m.channels != nil {
				m.channels.addSums(worker, &g, m.sums[worker], byWeights)
			} else {
				m.addSums(&g, m.sums[worker], byWeights)
			}
			if dx != nil {
				m.gradient(worker, &g, dx[at:][:size], m.sums[worker])
			}
		}
	}))
	m.sumWeights(dgamma, 0, chunks)
	m.sumWeights(dbeta, weights, chunks)
}

// itemGradient is what one item's gradient follows from.
type itemGradient[T Float] struct{ x, dy, gamma, means, scales []T }

// addSums computes for each part the sums of dy*gamma and of that times the normalized value, and adds those of dy times the normalized value
// and of dy to each weight's.
func (m *Normalization[T]) addSums(g *itemGradient[T], sums, byWeights []float64) {
	clear(sums)
	part, weight := m.parts(), m.weights()
	plain, product := sums[:part.size], sums[part.size:]
	byGamma, byBeta := byWeights[:weight.size], byWeights[weight.size:]
	for i := range m.runs.count {
		at, s, w := i*m.runs.length, part.starts[i], weight.starts[i]
		dy := g.dy[at:][:m.runs.length]
		for k, v := range g.x[at:][:m.runs.length] {
			normalized := float64((v - g.means[s]) * g.scales[s])
			d := float64(dy[k])
			byGamma[w] += float64(d * normalized)
			byBeta[w] += d
			d = float64(d * float64(g.gamma[w]))
			plain[s] += d
			product[s] += float64(d * normalized)
			s += part.step
			w += weight.step
		}
	}
}

// gradient computes dx = scale*(dy*gamma - a - normalized*b), where a is the mean of dy*gamma over the part, if a mean was subtracted, and b
// that of dy*gamma*normalized.
func (m *Normalization[T]) gradient(worker int, g *itemGradient[T], dx []T, sums []float64) {
	part, weight := m.parts(), m.weights()
	plain, product := sums[:part.size], sums[part.size:]
	for i := range plain {
		plain[i] /= float64(m.values)
		switch {
		case m.how == ByMoments:
			product[i] /= float64(m.values)
		case m.how == ByRootMeanSquare:
			plain[i], product[i] = 0, product[i]/float64(m.values)
		case g.scales[i] < T(1/m.epsilon):
			plain[i] = 0
		default: // the length is below epsilon, and the scale does not follow it
			plain[i], product[i] = 0, 0
		}
	}
	if m.channels != nil {
		m.channels.gradient(worker, g, dx, plain, product)
		return
	}
	for i := range m.runs.count {
		at, s, w := i*m.runs.length, part.starts[i], weight.starts[i]
		dy, dx := g.dy[at:][:m.runs.length], dx[at:][:m.runs.length]
		for k, v := range g.x[at:][:m.runs.length] {
			normalized := T((v - g.means[s]) * g.scales[s])
			d := T(dy[k]*g.gamma[w]) - T(plain[s]) - T(normalized*T(product[s]))
			dx[k] = d * g.scales[s]
			s += part.step
			w += weight.step
		}
	}
}

// sumWeights adds the chunks' sums, which begin at the given place of each.
func (m *Normalization[T]) sumWeights(d []T, from, chunks int) {
	weights := m.weights().size
	for i := range d {
		sum := 0.0
		for chunk := range chunks {
			sum += m.partials[chunk*2*weights+from+i]
		}
		d[i] = T(sum)
	}
}
