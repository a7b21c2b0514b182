package graph

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Evaluation is a model's compiled output, with moving statistics where training uses the batch's.
type Evaluation struct {
	*machine
	x *batchInput
	y *gorgonia.Node
}

// NewEvaluation compiles a model's output. It fails if the batch size is below 1, where shapes do not fit, if params lacks a variable, for unknown
// activations, and for observers of float64 or of a layer that is computed together with a pooling.
func NewEvaluation(m *Model, params *Params, o Options, observers ...Observer) (*Evaluation, error) {
	mach, err := newMachine(params, o, false)
	if err != nil {
		return nil, err
	}
	e := &Evaluation{machine: mach, x: mach.addInput("x", m.Input)}
	mach.x = e.x.node
	if e.y, err = mach.apply(m, false); err != nil {
		return nil, err
	}
	for _, observer := range observers {
		if err := mach.observe(observer); err != nil {
			return nil, err
		}
	}
	return e, mach.compile(e.y)
}

// SetFirst says which number the first image of the next batch has among all that are evaluated; 0 unless it was called. What a [Sample] draws for
// an image follows from that number.
func (e *Evaluation) SetFirst(image int) { e.random.first = image }

// Input is the memory that the next run's images, batch of them, are to be written to, in float32. It panics for a batch larger than Options.Batch,
// or in another precision.
func (e *Evaluation) Input(batch int) []float32 {
	e.x.resize(batch)
	return data[float32](e.x.value)
}

// SetInput converts and copies a batch for the next run. It fails if the number of values is not that of whole images, or of more images than the
// program was compiled for.
func (e *Evaluation) SetInput(x []float64) error { return setInputs([]*batchInput{e.x}, x) }

// Run computes the output, [batch, output shape...], of the images that lie in Input. It is valid until the next Run.
// It fails if batch is not 1 to Options.Batch.
func (e *Evaluation) Run(batch int) (*tensor.Dense, error) {
	if err := e.run(batch); err != nil {
		return nil, err
	}
	return e.y.Value().(*tensor.Dense), nil
}
