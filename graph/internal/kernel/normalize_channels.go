package kernel

// leastRows is how many rows of channels an item must have for sums by channel to pay.
const leastRows = 16

// channelParts normalizes items by moments where each part is made of whole channels, as instance and group normalization do: the sums
// over an item are made by channel, as those of batch normalization are, and put together by part.
type channelParts[T Float] struct {
	rows, channels int
	part, weight   []int // of each channel
	workers        []channelWorker[T]
}

// channelWorker is the scratch memory of one worker.
type channelWorker[T Float] struct {
	moments  moments[T]
	sums     gradientSums[T]
	output   normalization[T]
	gradient normalizationGradient[T]
	means    []T // by channel
}

// newChannelParts returns nil where parts or weights do not go by channels alone; the shapes are those of [NewNormalization].
func newChannelParts[T Float](item, parts, weights []int) *channelParts[T] {
	axis := 0
	for axis < len(item) && parts[axis] == 1 && weights[axis] == 1 {
		axis++
	}
	c := &channelParts[T]{rows: 1, channels: 1}
	for i, d := range item {
		if i < axis {
			c.rows *= d
		} else {
			c.channels *= d
		}
	}
	if c.rows < leastRows || c.channels == 0 {
		return nil
	}
	r := newRuns(item[axis:], parts[axis:], weights[axis:])
	for i := range r.count {
		for k := range r.length {
			c.part = append(c.part, r.over[0].starts[i]+k*r.over[0].step)
			c.weight = append(c.weight, r.over[1].starts[i]+k*r.over[1].step)
		}
	}
	return c
}

// prepare makes room for so many workers.
func (c *channelParts[T]) prepare(workers int) {
	for len(c.workers) < workers {
		c.workers = append(c.workers, channelWorker[T]{})
	}
}

// forward computes an item's y, and the means and scales of its parts; sums has two for each part, and scale is that of a part with
// the given sum of squares.
func (c *channelParts[T]) forward(worker int, y, x, gamma, beta, means, scales []T, sums []float64, scale func(float64) float64) {
	w := &c.workers[worker]
	total := w.moments.total(nil, c.rows, c.channels, InMemory(x))
	mean, squares := sums[:len(means)], sums[len(means):]
	clear(sums)
	for i, p := range c.part {
		mean[p] += total[i]
	}
	perPart := float64(c.channels / len(means))
	for p, s := range mean {
		means[p] = T(s / perPart)
	}
	for i, p := range c.part {
		d := total[i] - float64(means[p])
		squares[p] += total[c.channels+i] + float64(float64(c.rows)*float64(d*d))
	}
	for p, s := range squares {
		scales[p] = T(scale(s))
	}
	o := &w.output
	o.resize(c.rows, c.channels)
	for i, p := range c.part {
		o.mean[i], o.scale[i], o.beta[i] = means[p], gamma[c.weight[i]]*scales[p], beta[c.weight[i]]
	}
	o.repeat()
	o.run(nil, y, InMemory(x))
}

// addSums is [Normalization.addSums].
func (c *channelParts[T]) addSums(worker int, g *itemGradient[T], sums, byWeights []float64) {
	w := &c.workers[worker]
	w.means = resize(w.means, c.channels)
	for i, p := range c.part {
		w.means[i] = g.means[p]
	}
	byChannel, products := w.sums.run(nil, c.rows, c.channels, InMemory(g.x), w.means, g.dy)
	clear(sums)
	plain, product := sums[:len(g.means)], sums[len(g.means):]
	byGamma, byBeta := byWeights[:len(byWeights)/2], byWeights[len(byWeights)/2:]
	for i, p := range c.part {
		at, d, normalized := c.weight[i], byChannel[i], float64(products[i]*float64(g.scales[p]))
		byGamma[at] += normalized
		byBeta[at] += d
		plain[p] += float64(d * float64(g.gamma[at]))
		product[p] += float64(normalized * float64(g.gamma[at]))
	}
}

// gradient computes dx = scale*(dy*gamma - plain - normalized*product), where the two are the means over the part that
// [Normalization.gradient] says.
func (c *channelParts[T]) gradient(worker int, g *itemGradient[T], dx []T, plain, product []float64) {
	w := &c.workers[worker]
	o, d := &w.output, &w.gradient // what is subtracted; the rest
	o.resize(c.rows, c.channels)
	d.resize(c.rows, c.channels)
	for i, p := range c.part {
		scale := float64(g.scales[p])
		o.mean[i], o.scale[i], o.beta[i] = g.means[p], T(scale*scale*product[p]), T(scale*plain[p])
		d.mean[i], d.scale[i], d.offset[i], d.slope[i] = 0, g.scales[p]*g.gamma[c.weight[i]], 0, 1
	}
	o.repeat()
	d.repeat()
	for block := o.perBlock * c.channels; len(dx) > 0; {
		n := min(block, len(dx))
		o.apply(dx[:n], g.x[len(g.x)-len(dx):][:n])
		d.apply(dx[:n], dx[:n], g.dy[len(g.dy)-len(dx):][:n])
		dx = dx[n:]
	}
}
