package graph

import (
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Regularizer adds L1 times the sum of magnitudes and L2 times the sum of squares to what is minimized; the zero value adds
// nothing. The penalty of a layer's activity is divided by the batch size. The loss that a step reports leaves penalties
// out. Reference: https://keras.io/api/layers/regularizers/
type Regularizer struct{ L1, L2 float64 }

// penalizeVariable adds the penalty of a trainable variable to those of the graph.
func (b *builder) penalizeVariable(v *Variable, n *gorgonia.Node) error {
	if !b.flows[n] {
		return nil
	}
	if b.precision == Float64 {
		return penalize[float64](b, v.Regularizer, "penalty of "+v.Path(), n, false)
	}
	return penalize[float32](b, v.Regularizer, "penalty of "+v.Path(), n, false)
}

// penalizeActivity adds the penalty of a layer's output, if it has one.
func penalizeActivity[T kernel.Float](b *builder, r Regularizer, y *gorgonia.Node) error {
	if !b.training {
		return nil
	}
	return penalize[T](b, r, "activity penalty", y, true)
}

func penalize[T kernel.Float](b *builder, r Regularizer, label string, x *gorgonia.Node, perImage bool) error {
	if r == (Regularizer{}) {
		return nil
	}
	share := func(x gorgonia.Value) float64 {
		if perImage {
			return 1 / float64(x.Shape()[0])
		}
		return 1
	}
	forward := &op{label: label, output: ownOutput{newScalar(b.precision)}}
	forward.run = func(in []gorgonia.Value, sum gorgonia.Value) error {
		setScalar(sum, T(share(in[0])*kernel.Penalty(b.pool, r.L1, r.L2, data[T](in[0]))))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		if !forward.differentiable[0] {
			return gorgonia.Nodes{nil}, nil
		}
		backward := &op{label: "gradient of " + label, batched: perImage, item: Shape(in[0].Shape())}
		if perImage {
			backward.item = Shape(in[0].Shape()[1:])
		}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			kernel.PenaltyGradient(b.pool, r.L1, r.L2, share(in[0])*float64(scalar[T](in[1])), data[T](dx), data[T](in[0]))
			return nil
		}
		dx, err := b.add(backward, in[0], grad)
		return gorgonia.Nodes{dx}, err
	}
	penalty, err := b.add(forward, x)
	b.penalties = append(b.penalties, penalty)
	return err
}

// total adds the op that sums the loss and all penalties; without any it is the loss.
func (b *builder) total(loss *gorgonia.Node) (*gorgonia.Node, error) {
	if len(b.penalties) == 0 {
		return loss, nil
	}
	if b.precision == Float64 {
		return sumScalars[float64](b, append([]*gorgonia.Node{loss}, b.penalties...))
	}
	return sumScalars[float32](b, append([]*gorgonia.Node{loss}, b.penalties...))
}

func sumScalars[T kernel.Float](b *builder, terms []*gorgonia.Node) (*gorgonia.Node, error) {
	forward := &op{label: "loss and penalties", output: ownOutput{newScalar(b.precision)}}
	forward.run = func(in []gorgonia.Value, sum gorgonia.Value) error {
		total := T(0)
		for _, v := range in {
			total += scalar[T](v)
		}
		setScalar(sum, total)
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, len(in))
		for i := range in {
			if !forward.differentiable[i] {
				continue
			}
			same := &op{label: "gradient of a term", output: ownOutput{newScalar(b.precision)}}
			same.run = func(in []gorgonia.Value, out gorgonia.Value) error {
				setScalar(out, scalar[T](in[0]))
				return nil
			}
			var err error
			if grads[i], err = b.add(same, grad); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	return b.add(forward, terms...)
}
