package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// Training is a model's compiled training step: output, loss and all gradients.
type Training struct {
	*machine
	model     *Model
	x, target *batchInput
	loss      *gorgonia.Node
	total     *gorgonia.Node // loss and penalties
	gradients []*gorgonia.Node
	zeros     map[int]*tensor.Dense // gradients by variables that the loss does not depend on
}

// NewTraining compiles the training step of a model. The target has the shape of the model's output. It fails if the batch size is below 1, where
// shapes do not fit, if params lacks a variable, for unknown activations and losses, if the loss is to be the model's own and it has none, and if no
// variable is trained.
func NewTraining(m *Model, params *Params, loss Loss, o Options) (*Training, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	mach, err := newMachine(params, o, true)
	if err != nil {
		return nil, err
	}
	t := &Training{machine: mach, model: m}
	t.x = mach.addInput("x", m.Input)
	mach.flows[t.x.node] = o.KeepActivations // so that there is a gradient by every layer's output
	t.target = mach.addInput("target", shapes[len(shapes)-1])
	mach.x, mach.target = t.x.node, t.target.node
	computed := m
	if loss.Function == Given {
		if len(m.OwnLoss) == 0 {
			return nil, errors.Errorf("model %s gives no loss of its own", m.Name)
		}
		computed = m.withLoss()
		if common, err := computed.Common(); err == nil && !common[len(common)-1] {
			return nil, errors.New("the loss must be one number, not one for each image: sum or average it over the batch")
		}
	}
	y, err := mach.apply(computed, loss.ReadsLogits(m))
	if err != nil {
		return nil, err
	}
	if t.loss, err = loss.apply(mach.builder, y, t.target.node); err != nil {
		return nil, err
	}
	t.total = t.loss
	if !o.NoPenalties {
		if t.total, err = mach.total(t.loss); err != nil {
			return nil, err
		}
	}
	return t, t.differentiate(params.Trainable())
}

// differentiate adds the gradients by the variables, and compiles the program.
func (t *Training) differentiate(variables []*Variable) error {
	reached := gradientReaches(t.total)
	var by gorgonia.Nodes
	for _, v := range variables {
		if n := t.variables[v]; n != nil && reached[n] {
			by = append(by, n)
		}
	}
	if len(by) == 0 {
		return errors.Errorf("model %s has nothing to train: its weights, if it has any, are frozen or get no gradient of the loss (as after detach, or in no_grad)", t.model.Name)
	}
	if t.options.KeepActivations && reached[t.x.node] {
		by = append(by, t.x.node)
	}
	grads, err := gorgonia.Grad(t.total, by...)
	if err != nil {
		return errors.Wrap(err, "differentiating the loss")
	}
	t.gradients, t.zeros = make([]*gorgonia.Node, len(variables)), map[int]*tensor.Dense{}
	for i, v := range variables {
		if n := t.variables[v]; n != nil && reached[n] {
			t.gradients[i], grads = grads[0], grads[1:]
		} else {
			t.zeros[i] = newDense(t.precision, v.Shape)
		}
	}
	return t.compile()
}

// gradientReaches are the nodes that a gradient by n flows to.
func gradientReaches(n *gorgonia.Node) map[*gorgonia.Node]bool {
	reached := map[*gorgonia.Node]bool{n: true}
	for next := []*gorgonia.Node{n}; len(next) > 0; next = next[1:] {
		o, ours := next[0].Op().(*op)
		for i := 0; ours && i < len(o.inputs); i++ {
			if in := o.inputs[i]; o.differentiable[i] && !reached[in] {
				reached[in] = true
				next = append(next, in)
			}
		}
	}
	return reached
}

// Inputs is the memory that the next step's images and their targets, batch images each, are to be written to, in float32. It panics for a batch
// larger than Options.Batch, or in another precision.
func (t *Training) Inputs(batch int) (x, target []float32) {
	t.x.resize(batch)
	t.target.resize(batch)
	return data[float32](t.x.value), data[float32](t.target.value)
}

// SetInputs converts and copies a batch for the next step. It fails if the numbers of values are not those of whole images, or of more images than
// the program was compiled for.
func (t *Training) SetInputs(x, target []float64) error {
	return setInputs([]*batchInput{t.x, t.target}, x, target)
}

// Step computes loss and gradients of the batch that lies in Inputs. Variables stay as they are. The loss leaves out the
// penalties of regularizers, the gradients do not. It fails if batch is not 1 to Options.Batch. A loss that is not finite is no failure.
func (t *Training) Step(batch int) (loss float64, err error) {
	t.random.step++
	if err := t.run(batch); err != nil {
		return 0, err
	}
	return t.number(t.loss), nil
}

// SetSteps says how many steps were taken before the next one. What dropout and noise layers draw in a step follows from
// Options.Seed, their names and the step's number.
func (t *Training) SetSteps(taken int) { t.random.step = taken }

// PenalizedLoss is the loss of the last Step and the penalties of all regularizers: what the gradients are of.
func (t *Training) PenalizedLoss() float64 { return t.number(t.total) }

func (t *Training) number(n *gorgonia.Node) float64 {
	if t.precision == Float64 {
		return scalar[float64](n.Value())
	}
	return float64(scalar[float32](n.Value()))
}

// Gradient is the gradient by the i-th of the trainable variables, valid until the next Step. It is zero if the loss does not depend on
// the variable.
func (t *Training) Gradient(i int) *tensor.Dense {
	if zero := t.zeros[i]; zero != nil {
		return zero
	}
	return t.gradients[i].Value().(*tensor.Dense)
}

// UpdateStatistics takes the last Step's batch into the moving averages.
func (t *Training) UpdateStatistics() {
	for _, s := range t.statistics {
		t.blend(s, s.momentum)
	}
}

// AverageStatistics makes the moving averages the mean over the last Step's batch and the given number of batches before
// it.
func (t *Training) AverageStatistics(before int) {
	for _, s := range t.statistics {
		t.blend(s, float64(before)/float64(before+1))
	}
}

func (t *Training) blend(s statistic, momentum float64) {
	factor := 1.0
	if n := t.x.batch * s.unbiased; n > 1 {
		factor = float64(n) / float64(n-1)
	}
	switch moving := s.moving.Value.Data().(type) {
	case []float32:
		average(moving, data[float32](s.batch), float32(momentum), float32(factor))
	case []float64:
		average(moving, data[float64](s.batch), momentum, factor)
	}
}

func average[T kernel.Float](moving, batch []T, momentum, factor T) {
	share := (1 - momentum) * factor
	for i, b := range batch {
		moving[i] = T(moving[i]*momentum) + T(b*share)
	}
}

// Activation is the output of the i-th of the model's nodes in the last Step, [batch, item...]. Without Options.KeepActivations it is undefined, and may
// panic.
func (t *Training) Activation(i int) *tensor.Dense { return t.outputs[i].Value().(*tensor.Dense) }

// Derivative is the gradient of the last Step's loss by the i-th node's output, [batch, item...]; nil if there is none. Without
// Options.KeepActivations it is undefined, and may panic.
func (t *Training) Derivative(i int) *tensor.Dense {
	if g := derivative(t.outputs[i]); g != nil {
		return g.Value().(*tensor.Dense)
	}
	return nil
}
