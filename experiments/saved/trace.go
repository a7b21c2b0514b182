package saved

import (
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras"
	"dcae/models/torch"
	"dcae/training"
	"dcae/training/dataset/npz"
)

// Batch is images, [n, input shape...], and what the model's output for them is compared with, [n, output shape...].
type Batch struct{ X, Target []float64 }

// ReadBatch reads x and target (default: y where it has as many values as the model's output, else x) from a .npz file, for a model's input and
// output. Samples may be flattened, or lack axes of length 1. It fails where the file cannot be read, has no x, or has samples of other shapes than
// the model takes and gives. Images for a model of PyTorch are [N, C, H, W].
func ReadBatch(path string, m *Model) (Batch, error) {
	arrays, err := npz.Read(path)
	if err != nil {
		return Batch{}, err
	}
	b, err := batchOf(arrays, m)
	return b, errors.WithMessage(err, path)
}

func batchOf(arrays []npz.Array, m *Model) (Batch, error) {
	takes, gives, err := m.imageLayouts()
	if err != nil {
		return Batch{}, err
	}
	x, target := lookup(arrays, "x"), lookup(arrays, "target")
	if x == nil {
		return Batch{}, errors.New("there is no array x")
	}
	out := graph.Shape(gives.Shape)
	if y := lookup(arrays, "y"); target == nil && y != nil && fits(y, out) {
		target = y
	}
	if target == nil {
		target = x
	}
	for _, a := range []struct {
		array *npz.Array
		item  []int
		what  string
	}{{x, takes.Shape, "the model takes x"}, {target, gives.Shape, "the model's output needs a target"}} {
		if !fits(a.array, a.item) {
			return Batch{}, errors.Errorf("%s of shape [images %v], not %v", a.what, a.item, a.array.Shape)
		}
	}
	if x.Shape[0] != target.Shape[0] {
		return Batch{}, errors.Errorf("there are %d images in x and %d in target", x.Shape[0], target.Shape[0])
	}
	return Batch{torch.Inward(takes, float64s(x)), torch.Inward(gives, float64s(target))}, nil
}

// fits tells whether an array's samples are of a shape, or the same values in another.
func fits(a *npz.Array, sample graph.Shape) bool {
	return len(a.Shape) > 0 && a.Shape[0] > 0 && sameValues(sample, a.Shape[1:])
}

func lookup(arrays []npz.Array, name string) *npz.Array {
	if i := slices.IndexFunc(arrays, func(a npz.Array) bool { return a.Name == name }); i >= 0 {
		return &arrays[i]
	}
	return nil
}

func float64s(a *npz.Array) []float64 {
	if a.Float64 != nil {
		return a.Float64
	}
	out := make([]float64, len(a.Float32))
	for i, v := range a.Float32 {
		out[i] = float64(v)
	}
	return out
}

// Trace computes what a model does with one batch, and what becomes of it in some steps of training on that batch, for
// comparison with Keras, or PyTorch where the model comes from there. Arrays are in the framework's shapes, and named as by it: LAYER/VAR is
// enc.0.weight, as in state_dict, for PyTorch.
//
//	x, target           the batch
//	y                   output in evaluation, with moving statistics
//	y_train, loss       output in training, with the batch's statistics, and its loss
//	param/LAYER/VAR     trainable variables at the start
//	grad/LAYER/VAR      gradient of the loss by them
//	act/LAYER           a layer's output in that training pass; Keras' models alone
//	actgrad/LAYER       gradient of the loss by that output; none at the end where the loss is taken from what went into a sigmoid
//	losses              the loss before each step
//	final/LAYER/VAR     trainable variables after the steps
//	moving/LAYER/VAR    other variables after the steps
//
// act and actgrad are left out for a model that has models in it. Regularizers take no part: neither loss nor gradients have
// their penalties. The optimizer starts afresh. The model's variables change.
//
// Trace fails for a model that draws at random, since no two programs draw the same, for one that cannot be built, and for a batch of another size
// than the model's input and output.
func (m *Model) Trace(b Batch, steps int, threads *graph.Threads) ([]npz.Array, error) {
	if err := refuseRandom(m.Model); err != nil {
		return nil, err
	}
	t := &tracer{saved: m, batch: b, n: len(b.X) / m.Model.Input.Size(), threads: threads}
	for _, part := range []func() error{t.evaluate, t.layers, func() error { return t.train(steps) }} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return t.out, nil
}

func refuseRandom(m *graph.Model) error {
	var random keras.Unsupported
	for _, n := range m.Nodes {
		if _, ok := graph.Noise(n.Layer); ok {
			random = append(random, n.Name+" ("+n.Layer.Class()+")")
		}
	}
	if len(random) > 0 {
		return errors.Errorf("layers that draw at random cannot be traced, since Keras and PyTorch draw other numbers: %s; leave them out of the model", strings.Join(random, ", "))
	}
	return nil
}

type tracer struct {
	saved   *Model
	batch   Batch
	n       int // images
	threads *graph.Threads
	out     []npz.Array
}

func (t *tracer) add(name string, shape []int, values []float32) {
	t.out = append(t.out, npz.Array{Name: name, Shape: slices.Clone(shape), Float32: slices.Clone(values)})
}

func (t *tracer) addVariables(prefix string, trainable bool) {
	for _, v := range t.saved.Params.All {
		if v.Trainable == trainable {
			t.addVariable(prefix, v, v.Float32s())
		}
	}
}

func (t *tracer) options() graph.Options {
	return graph.Options{Batch: t.n, Threads: t.threads, NoPenalties: true}
}

// evaluate adds x, target and y.
func (t *tracer) evaluate() error {
	e, err := graph.NewEvaluation(t.saved.Model, t.saved.Params, t.options())
	if err != nil {
		return err
	}
	defer e.Close()
	if err := e.SetInput(t.batch.X); err != nil {
		return err
	}
	y, err := e.Run(t.n)
	if err != nil {
		return err
	}
	takes, gives, err := t.saved.imageLayouts()
	if err != nil {
		return err
	}
	t.addImages("x", takes, float32s(t.batch.X))
	t.addImages("target", gives, float32s(t.batch.Target))
	t.addImages("y", gives, y.Data().([]float32))
	return nil
}

// layers adds the outputs of layers in training, and the gradients by them.
func (t *tracer) layers() error {
	o := t.options()
	o.KeepActivations = true
	p, err := graph.NewTraining(t.saved.Model, t.saved.Params, t.saved.Loss, o)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.SetInputs(t.batch.X, t.batch.Target); err != nil {
		return err
	}
	if _, err := p.Step(t.n); err != nil {
		return err
	}
	_, gives, err := t.saved.imageLayouts()
	if err != nil {
		return err
	}
	t.addImages("y_train", gives, p.Activation(len(t.saved.Model.Nodes)-1).Data().([]float32))
	if t.saved.Nested || t.saved.Torch != nil {
		return nil
	}
	for i, n := range t.saved.Model.Nodes {
		if i+1 < len(t.saved.Model.Nodes) && t.saved.Model.Nodes[i+1].Name == n.Name+keras.ActivationSuffix {
			continue // the layer's output is that of its activation
		}
		n.Name = strings.TrimSuffix(n.Name, keras.ActivationSuffix)
		act := p.Activation(i)
		t.add("act/"+n.Name, act.Shape(), act.Data().([]float32))
		if d := p.Derivative(i); d != nil {
			t.add("actgrad/"+n.Name, d.Shape(), d.Data().([]float32))
		}
	}
	return nil
}

// train adds the rest, by the program that training runs.
func (t *tracer) train(steps int) error {
	p, err := graph.NewTraining(t.saved.Model, t.saved.Params, t.saved.Loss, t.options())
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.SetInputs(t.batch.X, t.batch.Target); err != nil {
		return err
	}
	trainable := t.saved.Params.Trainable()
	updater, err := training.NewUpdater(t.saved.optimizer(), trainable, nil)
	if err != nil {
		return err
	}
	t.addVariables("param/", true)
	losses := make([]float32, max(steps, 1))
	for i := range losses {
		loss, err := p.Step(t.n)
		if err != nil {
			return err
		}
		losses[i] = float32(loss)
		if i == 0 {
			t.add("loss", nil, losses[:1])
			for k, v := range trainable {
				t.addVariable("grad/", v, p.Gradient(k).Data().([]float32))
			}
		}
		if i < steps {
			p.UpdateStatistics()
			updater.Step(t.threads, func(k int) []float32 { return p.Gradient(k).Data().([]float32) })
		}
	}
	t.add("losses", []int{steps}, losses[:steps])
	t.addVariables("final/", true)
	if t.saved.Torch != nil {
		t.addBuffers(steps)
		return nil
	}
	t.addVariables("moving/", false)
	return nil
}

func float32s(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}
