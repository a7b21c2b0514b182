package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// normalizer computes batch normalization, alone or together with the max pooling that follows it. Slices that are nil are not
// there or not wanted.
type normalizer[T kernel.Float] interface {
	train(p *kernel.Pool, y, x, gamma, beta, mean, variance []T)
	evaluate(p *kernel.Pool, y, x, gamma, beta, mean, variance []T)
	backward(p *kernel.Pool, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T)
}

// plainNormalizer is batch normalization alone.
type plainNormalizer[T kernel.Float] struct {
	*kernel.BatchNorm[T]
	channels int
}

func (n plainNormalizer[T]) train(p *kernel.Pool, y, x, gamma, beta, mean, variance []T) {
	n.Train(p, len(x)/n.channels, y, x, gamma, beta, mean, variance)
}

func (n plainNormalizer[T]) evaluate(p *kernel.Pool, y, x, gamma, beta, mean, variance []T) {
	n.Evaluate(p, len(x)/n.channels, y, x, gamma, beta, mean, variance)
}

func (n plainNormalizer[T]) backward(p *kernel.Pool, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T) {
	n.Backward(p, len(x)/n.channels, dx, dgamma, dbeta, x, gamma, mean, variance, dy)
}

// poolingNormalizer is batch normalization and 2x2 max pooling in one: the normalized image is never written to memory.
type poolingNormalizer[T kernel.Float] struct {
	*kernel.BatchNormPool[T]
	image   int     // values in one
	winners []uint8 // written forward, read backward
}

func (n *poolingNormalizer[T]) train(p *kernel.Pool, y, x, gamma, beta, mean, variance []T) {
	n.winners = grow(n.winners, len(y))
	n.Train(p, len(x)/n.image, y, x, gamma, beta, mean, variance, n.winners)
}

func (n *poolingNormalizer[T]) evaluate(p *kernel.Pool, y, x, gamma, beta, mean, variance []T) {
	n.Evaluate(p, len(x)/n.image, y, x, gamma, beta, mean, variance, nil)
}

func (n *poolingNormalizer[T]) backward(p *kernel.Pool, dx, dgamma, dbeta, x, gamma, mean, variance, dy []T) {
	n.Backward(p, len(x)/n.image, dx, dgamma, dbeta, x, gamma, mean, variance, dy, n.winners)
}

// pooledBy finds, for a batch normalization at node i, the node of the only layer that reads it, if that is a max pooling that
// can be computed together with it; -1 if there is none.
func (m *Model) pooledBy(i int, shapes []Shape) int {
	if _, ok := m.Nodes[i].Layer.(BatchNormalization); !ok || len(shapes[i]) != 3 || m.Nodes[i].Frozen {
		return -1
	}
	reader := -1
	for j, n := range m.Nodes {
		for _, from := range n.Inputs {
			if from == i && reader >= 0 {
				return -1
			} else if from == i {
				reader = j
			}
		}
	}
	if reader < 0 {
		return -1
	}
	pool, ok := m.Nodes[reader].Layer.(MaxPooling2D)
	if !ok {
		return -1
	}
	if w, err := pool.window([]Shape{shapes[i]}); err != nil || !w.Halves() {
		return -1
	}
	return reader
}

// applyPooled adds batch normalization, at node i, and max pooling as one op.
func (b *builder) applyPooled(m *Model, i int, pool MaxPooling2D, x *gorgonia.Node) (*gorgonia.Node, error) {
	b.layer = m.Nodes[i].Name
	w, err := pool.window(itemShapes([]*gorgonia.Node{x}))
	if err != nil {
		return nil, err
	}
	l := m.Nodes[i].Layer.(BatchNormalization).withDefaults()
	var n *gorgonia.Node
	if b.precision == Float64 {
		n, err = batchNorm[float64](b, m.Nodes[i].owner(), l, &w, x)
	} else {
		n, err = batchNorm[float32](b, m.Nodes[i].owner(), l, &w, x)
	}
	return n, errors.WithMessagef(err, "layer %s (BatchNormalization)", m.Nodes[i].Name)
}
