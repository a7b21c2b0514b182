package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Target is what the model is trained towards, as a value that a loss of its own reads. It has no input, and stands in [Model.OwnLoss] alone.
//
// Output Shape, which must be that of the model's output.
type Target struct{ Shape Shape }

// Class is "Target".
func (Target) Class() string { return "Target" }

// OutputShape is Shape; it fails if there are inputs.
func (l Target) OutputShape(in []Shape) (Shape, error) {
	return Parameter{Shape: l.Shape}.OutputShape(in)
}

// Variables are none.
func (Target) Variables([]Shape) []Declaration { return nil }

func (l Target) apply(b *builder, _ string, _ []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.target == nil {
		return nil, errors.New("only a loss has a target")
	}
	if s := Shape(b.target.Shape()[1:]); !slices.Equal(s, l.Shape) {
		return nil, errors.Errorf("the target has the model's output shape, %v, not %v", s, l.Shape)
	}
	return b.target, nil
}

// ownLoss adds an op that makes a number of what the last node of a model's own loss gives.
func ownLoss(b *builder, x *gorgonia.Node) (*gorgonia.Node, error) {
	if x.Dims() != 1 {
		return nil, errors.Errorf("a loss must be one number, not %v", Shape(x.Shape()[1:]))
	}
	if b.precision == Float64 {
		return numbered[float64](b, x)
	}
	return numbered[float32](b, x)
}

func numbered[T kernel.Float](b *builder, x *gorgonia.Node) (*gorgonia.Node, error) {
	forward := &op{label: "own_loss", output: ownOutput{newScalar(b.precision)}}
	forward.run = func(in []gorgonia.Value, loss gorgonia.Value) error {
		setScalar(loss, data[T](in[0])[0])
		return nil
	}
	forward.derive = func(_ gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		backward := &op{label: "gradient of own_loss", item: Shape{1}}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			data[T](dx)[0] = scalar[T](in[0])
			return nil
		}
		dx, err := b.add(backward, grad)
		return gorgonia.Nodes{dx}, err
	}
	return b.add(forward, x)
}
