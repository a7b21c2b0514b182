package kernel

import "math"

// BatchNorm is batch normalization (Ioffe & Szegedy, 2015) over the last axis: x is [rows, channels], where rows are the
// pixels of all images. It keeps scratch memory between calls.
type BatchNorm[T Float] struct {
	channels int
	epsilon  float64
	moments  moments[T]
	output   normalization[T]
	sums     gradientSums[T]
	data     normalizationGradient[T]
}

// NewBatchNorm returns the operation; epsilon is added to the variance.
func NewBatchNorm[T Float](channels int, epsilon float64) *BatchNorm[T] {
	return &BatchNorm[T]{channels: channels, epsilon: epsilon}
}

// Train computes y = gamma*(x-mean)/sqrt(variance+epsilon) + beta with the batch's own statistics, which it writes to mean and
// variance (the biased one). gamma, beta, mean and variance are [channels]; gamma nil is 1, beta nil is 0.
func (b *BatchNorm[T]) Train(p *Pool, rows int, y []T, x Pixels[T], gamma, beta, mean, variance []T) {
	b.moments.run(p, rows, b.channels, x, mean, variance)
	b.Evaluate(p, rows, y, x, gamma, beta, mean, variance)
}

// Evaluate computes the same with given statistics.
func (b *BatchNorm[T]) Evaluate(p *Pool, rows int, y []T, x Pixels[T], gamma, beta, mean, variance []T) {
	b.prepareOutput(rows, gamma, beta, mean, variance)
	b.output.run(p, y, x)
}

// Backward computes Train's gradients from dy [rows, channels]: by x, gamma and beta, the last two nil where not wanted.
func (b *BatchNorm[T]) Backward(p *Pool, rows int, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T) {
	plain, product := b.gradients(p, rows, dgamma, dbeta, InMemory(x), mean, variance, dy)
	b.prepareGradient(rows, gamma, mean, variance, plain, product)
	b.data.run(p, dx, x, dy)
}

// BackwardLazy is Backward with a lazy gradient, by what came before the activation that gave x. It is valid as long as x and dy are, until
// the next call.
func (b *BatchNorm[T]) BackwardLazy(p *Pool, rows int, dgamma, dbeta []T, x Pixels[T], act Activation, gamma, mean, variance, dy []T) Lazy[T] {
	plain, product := b.gradients(p, rows, dgamma, dbeta, x, mean, variance, dy)
	b.prepareGradient(rows, gamma, mean, variance, plain, product)
	return b.data.lazy(p, x, act, dy)
}

// gradients computes the sums over the rows, and dgamma and dbeta from them.
func (b *BatchNorm[T]) gradients(p *Pool, rows int, dgamma, dbeta []T, x Pixels[T], mean, variance, dy []T) (plain, product []float64) {
	plain, product = b.sums.run(p, rows, b.channels, x, mean, dy)
	for c := range dgamma {
		dgamma[c] = T(product[c] * b.inverse(variance, c))
	}
	for c := range dbeta {
		dbeta[c] = T(plain[c])
	}
	return plain, product
}

// prepareOutput sets the numbers by channel of the output.
func (b *BatchNorm[T]) prepareOutput(rows int, gamma, beta, mean, variance []T) {
	o := &b.output
	o.resize(rows, b.channels)
	for c := range b.channels {
		o.mean[c], o.beta[c] = mean[c], 0
		o.scale[c] = T(b.factor(gamma, c) * b.inverse(variance, c))
		if beta != nil {
			o.beta[c] = beta[c]
		}
	}
	o.repeat()
}

// prepareGradient sets the numbers by channel of dx, from the sums over the rows.
func (b *BatchNorm[T]) prepareGradient(rows int, gamma, mean, variance []T, plain, product []float64) {
	d, n := &b.data, float64(max(rows, 1))
	d.resize(rows, b.channels)
	for c := range b.channels {
		inverse := b.inverse(variance, c)
		d.mean[c], d.offset[c] = mean[c], T(plain[c]/n)
		d.scale[c] = T(b.factor(gamma, c) * inverse)
		d.slope[c] = T(b.factor(gamma, c) * inverse * inverse * inverse * product[c] / n)
	}
	d.repeat()
}

func (b *BatchNorm[T]) factor(gamma []T, c int) float64 {
	if gamma == nil {
		return 1
	}
	return float64(gamma[c])
}

func (b *BatchNorm[T]) inverse(variance []T, c int) float64 {
	return 1 / math.Sqrt(float64(variance[c])+b.epsilon)
}
