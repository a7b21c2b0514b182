package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// halved is the shape of what GLU leaves of one.
func halved(s Shape) (Shape, error) {
	last := len(s) - 1
	if last < 0 || s[last]%2 != 0 {
		return nil, errors.Errorf("activation glu halves the last axis, which has an odd length in %v", s)
	}
	out := append(Shape{}, s...)
	out[last] /= 2
	return out, nil
}

// gated adds the activation GLU.
func gated[T kernel.Float](b *builder, x *gorgonia.Node) (*gorgonia.Node, error) {
	out, err := halved(Shape(x.Shape()[1:]))
	if err != nil {
		return nil, err
	}
	width := out[len(out)-1]
	op := unary[T]{
		label: string(GLU), out: out, needsX: true,
		forward:  func(_ int, y, x []T) { kernel.GLU(b.pool, width, y, x) },
		backward: func(_ int, dx, x, _, dy []T) { kernel.GLUGradient(b.pool, width, dx, x, dy) },
	}
	return op.add(b, x)
}
