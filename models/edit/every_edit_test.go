package edit_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models"
	"dcae/models/edit"
	"dcae/models/keras"
)

type result struct {
	model   *graph.Model
	changed []string
	err     error
}

// fades tells whether an activation is a sigmoid or tanh, the gradient of which fades for large inputs.
func fades(a graph.Activation) bool { return a == graph.Sigmoid || a == graph.Tanh }

func of(m *graph.Model, changed []string, err error) result { return result{m, changed, err} }

// edits are all of the package.
var edits = []struct {
	name string
	edit func(m *graph.Model) result
	once bool // to do it again changes nothing
}{
	{"all leaky", func(m *graph.Model) result { return of(edit.HiddenActivations(m, nil, graph.LeakyReLU)) }, true},
	{"all gelu", func(m *graph.Model) result { return of(edit.HiddenActivations(m, nil, graph.GELU)) }, true},
	{"no fading", func(m *graph.Model) result { return of(edit.HiddenActivations(m, fades, graph.ReLU)) }, true},
	{"linear output", func(m *graph.Model) result { return of(edit.OutputActivation(m, graph.Linear)) }, true},
	{"sigmoid output", func(m *graph.Model) result { return of(edit.OutputActivation(m, graph.Sigmoid)) }, true},
	{"kernels", func(m *graph.Model) result { return of(edit.KernelInitializers(m, graph.Orthogonal{})) }, true},
	{"biases", func(m *graph.Model) result { return of(edit.BiasInitializers(m, graph.Constant{Value: 0.1})) }, true},
	{"delta-orthogonal", func(m *graph.Model) result { return of(edit.KernelInitializers(m, graph.DeltaOrthogonal{})) }, true},
	{"noise", func(m *graph.Model) result { return of(edit.AddInputNoise(m, 0.1)) }, false},
	{"free", func(m *graph.Model) result { return of(edit.Free(m)) }, true},
	{"reset", func(m *graph.Model) result { return of(edit.ResetInitializers(m)) }, true},
	{"normalize after", func(m *graph.Model) result { return of(edit.AddBatchNormalization(m, edit.AfterActivation)) }, true},
	{"normalize before", func(m *graph.Model) result { return of(edit.AddBatchNormalization(m, edit.BeforeActivation)) }, true},
	{"do not normalize", func(m *graph.Model) result { return of(edit.RemoveBatchNormalization(m)) }, true},
	{"no dropout", func(m *graph.Model) result { return of(edit.RemoveDropout(m)) }, true},
	{"no regularizers", func(m *graph.Model) result { return of(edit.RemoveRegularizers(m)) }, true},
	{"bottleneck", func(m *graph.Model) result { return of(edit.Bottleneck(m, 7)) }, false},
	{"wider bottleneck", func(m *graph.Model) result { return of(edit.WidenBottleneck(m, 1.5)) }, false},
	{"linear bottleneck", func(m *graph.Model) result { return of(edit.LinearBottleneck(m)) }, false},
	{"momentum", func(m *graph.Model) result { return of(edit.NormalizationMomentum(m, 0.5)) }, true},
	{"reset kernels", func(m *graph.Model) result { return of(edit.ResetKernels(m)) }, true},
	{"reset biases", func(m *graph.Model) result { return of(edit.ResetBiases(m)) }, true},
	{"twice as wide", func(m *graph.Model) result { return of(edit.Width(m, 2)) }, false},
	{"narrow", func(m *graph.Model) result { return of(edit.Width(m, 0.3)) }, false},
	{"one layer less", func(m *graph.Model) result { return of(edit.FewerLayers(m, 1)) }, false},
	{"few layers", func(m *graph.Model) result { return of(edit.FewerLayers(m, 100)) }, true},
	{"upsampling", func(m *graph.Model) result { return of(edit.SwapDecoder(m, models.UpSampling)) }, true},
	{"transposed", func(m *graph.Model) result { return of(edit.SwapDecoder(m, models.Transposed)) }, true},
}

// impossible are the edits that cannot be done, and what the error says.
var impossible = map[string]string{
	"residual/bottleneck":     "no bottleneck",
	"nested.keras/bottleneck": "no bottleneck",
	"torch_mobile/bottleneck": "7 channels and 4 filters do not fall into 2 groups",

	"residual/wider bottleneck":      "no bottleneck",
	"nested.keras/wider bottleneck":  "no bottleneck",
	"residual/linear bottleneck":     "no bottleneck",
	"nested.keras/linear bottleneck": "no bottleneck",
}

// step takes a training step on random images; the loss must be a number.
func step(t *testing.T, m *graph.Model) {
	t.Helper()
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 2})
	check(t, err)
	defer p.Close()
	x, target := p.Inputs(2)
	r := graph.Random(1, "images", "", 0)
	for i := range x {
		x[i] = r.Float32()
	}
	for i := range target {
		target[i] = r.Float32()
	}
	loss, err := p.Step(2)
	check(t, err)
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		t.Errorf("loss %v", loss)
	}
	for i := range params.Trainable() {
		if p.Gradient(i) == nil {
			t.Errorf("no gradient of %s", params.Trainable()[i].Path())
		}
	}
}

// outputShape is the shape of the last layer's output.
func outputShape(t *testing.T, m *graph.Model) graph.Shape {
	t.Helper()
	s, err := m.Shapes()
	check(t, err)
	return s[len(s)-1]
}

// throughKeras writes a model as Keras would have it and reads it again.
func throughKeras(t *testing.T, m *graph.Model) *graph.Model {
	t.Helper()
	m, _, err := edit.KerasNames(m, nil)
	check(t, err)
	config, err := keras.Encode(m)
	check(t, err)
	c, err := keras.ParseConfig(config)
	check(t, err)
	flat, err := c.Flatten()
	check(t, err)
	return flat.Model
}

// Whatever is edited, the result is a whole model of the same input and output, which trains and can be written; the old one is as it
// was.
func TestEveryEditOfEveryModel(t *testing.T) {
	for _, m := range zoo(t) {
		before := fmt.Sprintf("%+v", m)
		for _, e := range edits {
			t.Run(m.Name+"/"+e.name, func(t *testing.T) {
				r := e.edit(m)
				if got := fmt.Sprintf("%+v", m); got != before {
					t.Fatalf("the model itself was changed:\n%s\nwas\n%s", got, before)
				}
				if want := impossible[m.Name+"/"+e.name]; want != "" || r.err != nil {
					if r.err == nil || want == "" || !strings.Contains(r.err.Error(), want) {
						t.Fatalf("error %v, want %q", r.err, want)
					}
					return
				}
				if same := fmt.Sprintf("%+v", r.model) == before; same != (len(r.changed) == 0) {
					t.Errorf("changed %v, the model is the same: %v", r.changed, same)
				}
				if !slices.Equal(r.model.Input, m.Input) || !slices.Equal(outputShape(t, r.model), outputShape(t, m)) {
					t.Errorf("from %v to %v, was %v to %v", r.model.Input, outputShape(t, r.model), m.Input, outputShape(t, m))
				}
				step(t, r.model)
				if strings.HasPrefix(m.Name, "torch_") {
					return // Keras has no such settings
				}
				read := throughKeras(t, r.model)
				want, err := r.model.Shapes()
				check(t, err)
				got, err := read.Shapes()
				check(t, err)
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("through Keras' format: shapes %v, were %v", got, want)
				}
				step(t, read)
				if _, err := edit.Inspect(r.model); err != nil {
					t.Error(err)
				}
				if m.Name == "many.keras" && e.name == "linear output" {
					return // there is one activation behind the other
				}
				if again := e.edit(r.model); e.once && (again.err != nil || len(again.changed) > 0) {
					t.Errorf("again: changed %v, %v", again.changed, again.err)
				}
			})
		}
	}
}
