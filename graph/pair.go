package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Layers that compute one output of two inputs, value by value, as those of merge.go do.

// Divide is the first input divided by the second.
type Divide struct{}

// Power is the first input to the power of the second.
type Power struct{}

// Compare is 1 where its first input is related to the second as it says, else 0. No gradient flows through it.
type Compare struct{ How Relation }

// Relation is one of two numbers.
type Relation uint8

// The relations. The others follow with the inputs exchanged, or as 1 less the result.
const (
	IsGreater Relation = iota
	IsGreaterOrEqual
	IsEqual
)

// String is a short name.
func (r Relation) String() string { return [...]string{"greater", "greater_equal", "equal"}[r] }

// Class is "Divide".
func (Divide) Class() string { return "Divide" }

// Class is "Power".
func (Power) Class() string { return "Power" }

// Class is "Compare".
func (Compare) Class() string { return "Compare" }

// OutputShape is the inputs' common shape; there must be two.
func (Divide) OutputShape(in []Shape) (Shape, error) { return commonShapeOfTwo(in) }

// OutputShape is the inputs' common shape; there must be two.
func (Power) OutputShape(in []Shape) (Shape, error) { return commonShapeOfTwo(in) }

// OutputShape is the inputs' common shape; there must be two.
func (Compare) OutputShape(in []Shape) (Shape, error) { return commonShapeOfTwo(in) }

func commonShapeOfTwo(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return nil, errors.Errorf("takes two inputs, not %d", len(in))
	}
	return commonShape(in)
}

// Variables are none.
func (Divide) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Power) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Compare) Variables([]Shape) []Declaration { return nil }

func (Divide) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, "divide", kernel.Quotient, in)
}

func (Power) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, "power", kernel.Exponentiation, in)
}

func (l Compare) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, l.How.String(), [...]kernel.Merging{kernel.Above, kernel.AboveOrEqual, kernel.Equality}[l.How], in)
}
