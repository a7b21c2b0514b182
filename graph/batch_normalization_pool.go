package graph

import "dcae/graph/internal/kernel"

// normalizer computes batch normalization, alone or together with the max pooling that follows it. Slices that are nil are not
// there or not wanted.
type normalizer[T kernel.Float] interface {
	train(p *kernel.Pool, y []T, x kernel.Pixels[T], gamma, beta, mean, variance []T)
	evaluate(p *kernel.Pool, y, x, gamma, beta, mean, variance []T)
	backward(p *kernel.Pool, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T)
	backwardLazy(p *kernel.Pool, dgamma, dbeta []T, x kernel.Pixels[T], act kernel.Activation, gamma, mean, variance, dy []T) kernel.Lazy[T]
}

// plainNormalizer is batch normalization alone.
type plainNormalizer[T kernel.Float] struct {
	*kernel.BatchNorm[T]
	channels int
}

func (n plainNormalizer[T]) train(p *kernel.Pool, y []T, x kernel.Pixels[T], gamma, beta, mean, variance []T) {
	n.Train(p, len(y)/n.channels, y, x, gamma, beta, mean, variance)
}

func (n plainNormalizer[T]) evaluate(p *kernel.Pool, y, x, gamma, beta, mean, variance []T) {
	n.Evaluate(p, len(x)/n.channels, y, kernel.InMemory(x), gamma, beta, mean, variance)
}

func (n plainNormalizer[T]) backward(p *kernel.Pool, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T) {
	n.Backward(p, len(x)/n.channels, dx, dgamma, dbeta, x, gamma, mean, variance, dy)
}

func (n plainNormalizer[T]) backwardLazy(p *kernel.Pool, dgamma, dbeta []T, x kernel.Pixels[T], act kernel.Activation, gamma, mean, variance, dy []T) kernel.Lazy[T] {
	return n.BackwardLazy(p, len(dy)/n.channels, dgamma, dbeta, x, act, gamma, mean, variance, dy)
}

// poolingNormalizer is batch normalization and 2x2 max pooling in one: the normalized image is never written to memory.
type poolingNormalizer[T kernel.Float] struct {
	*kernel.BatchNormPool[T]
	pooled  int     // values in a pooled image
	winners []uint8 // written forward, read backward
}

func (n *poolingNormalizer[T]) train(p *kernel.Pool, y []T, x kernel.Pixels[T], gamma, beta, mean, variance []T) {
	n.winners = grow(n.winners, len(y))
	n.Train(p, len(y)/n.pooled, y, x, gamma, beta, mean, variance, n.winners)
}

func (n *poolingNormalizer[T]) evaluate(p *kernel.Pool, y, x, gamma, beta, mean, variance []T) {
	n.Evaluate(p, len(y)/n.pooled, y, kernel.InMemory(x), gamma, beta, mean, variance)
}

func (n *poolingNormalizer[T]) backward(p *kernel.Pool, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T) {
	n.Backward(p, len(dy)/n.pooled, dx, dgamma, dbeta, x, gamma, mean, variance, dy, n.winners)
}

func (n *poolingNormalizer[T]) backwardLazy(p *kernel.Pool, dgamma, dbeta []T, x kernel.Pixels[T], act kernel.Activation, gamma, mean, variance, dy []T) kernel.Lazy[T] {
	return n.BackwardLazy(p, len(dy)/n.pooled, dgamma, dbeta, x, act, gamma, mean, variance, dy, n.winners)
}
