package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Loss names a loss as Keras does; the zero value is mse.
type Loss string

// MSE is the mean, over all values of a batch, of the squared difference between output and target.
const MSE Loss = "mse"

func (l Loss) apply(b *builder, y, target *gorgonia.Node) (*gorgonia.Node, error) {
	if l != "" && l != MSE {
		return nil, errors.Errorf("unknown loss %q (there is mse)", l)
	}
	if b.precision == Float64 {
		return squaredError[float64](b, y, target)
	}
	return squaredError[float32](b, y, target)
}

func squaredError[T kernel.Float](b *builder, y, target *gorgonia.Node) (*gorgonia.Node, error) {
	k := kernel.NewSquaredError[T]()
	forward := &op{label: "mean_squared_error", output: ownOutput{newScalar(b.precision)}}
	forward.run = func(in []gorgonia.Value, loss gorgonia.Value) error {
		setScalar(loss, k.Forward(b.pool, data[T](in[0]), data[T](in[1])))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		backward := &op{label: "gradient of mean_squared_error", batched: true, item: Shape(in[0].Shape()[1:])}
		backward.run = func(in []gorgonia.Value, dy gorgonia.Value) error {
			k.Backward(b.pool, data[T](dy), data[T](in[0]), data[T](in[1]), scalar[T](in[2]))
			return nil
		}
		dy, err := b.add(backward, in[0], in[1], grad)
		return gorgonia.Nodes{dy, nil}, err
	}
	return b.add(forward, y, target)
}
