package diagnosis

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/models/torch"
	"dcae/training"
)

// pasted is the code of a change of a program, and what the program is to be after it.
type pasted struct {
	Change string             `json:"change"`
	Code   string             `json:"code"`
	X      []float32          `json:"x"`      // an image, as PyTorch has it
	Y      []float32          `json:"y"`      // what the changed program makes of it with the file's weights; none where it draws weights anew
	Sizes  []int              `json:"sizes"`  // of the variables that are trained
	Spread map[string]float64 `json:"spread"` // of variables that are drawn anew, by their names in state_dict
}

// TestPastedCode writes the code of many changes of all programs in the folder DCAE_TORCH_CODE to code.json there, for models/torch/testdata/check_torch.py,
// which runs it.
func TestPastedCode(t *testing.T) {
	folder := os.Getenv("DCAE_TORCH_CODE")
	programs, err := filepath.Glob(filepath.Join(folder, "*.pt2"))
	if folder == "" || err != nil || len(programs) == 0 {
		t.Skip("DCAE_TORCH_CODE names no folder with programs")
	}
	all := map[string][]pasted{}
	fresh := map[string]map[string]freshly{}
	for _, program := range programs {
		m, err := saved.LoadTorch(program)
		if err != nil {
			t.Error(err)
			continue
		}
		fresh[saved.NameOf(program)] = freshValues(t, m)
		for what, f := range changesOfModels() {
			changed, names, err := f(m.Model)
			if err != nil || len(names) == 0 {
				continue
			}
			all[saved.NameOf(program)] = append(all[saved.NameOf(program)], pastedCode(t, m, what, changed))
		}
	}
	b, err := json.Marshal(map[string]any{"codes": all, "fresh": fresh})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "code.json"), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// freshly tells what values of a parameter are drawn anew, with five seeds together.
type freshly struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Most      float64 `json:"most"` // of their sizes
}

func freshValues(t *testing.T, m *saved.Model) map[string]freshly {
	out := map[string]freshly{}
	values := map[string][]float32{}
	for seed := range uint64(5) {
		params, err := m.Model.Init(seed+1, graph.Float32)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range params.Trainable() {
			if s := m.Torch.StoredAs(v.Path()); s != nil {
				values[s.Name] = append(values[s.Name], v.Float32s()...)
			}
		}
	}
	for name, all := range values {
		f := freshly{Deviation: deviationOf(all)}
		for _, v := range all {
			f.Mean += float64(v) / float64(len(all))
			f.Most = max(f.Most, math.Abs(float64(v)))
		}
		out[name] = f
	}
	return out
}

func changesOfModels() map[string]func(*graph.Model) (*graph.Model, []string, error) {
	type editing = func(*graph.Model) (*graph.Model, []string, error)
	activations := func(to graph.Activation) editing {
		return func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.HiddenActivations(m, func(graph.Activation) bool { return true }, to)
		}
	}
	return map[string]editing{
		"leaky": activations(graph.LeakyReLU), "elu": activations(graph.ELU), "free": edit.Free, "no dropout": edit.RemoveDropout,
		"reset": edit.ResetInitializers, "kernels": edit.ResetKernels, "linear code": edit.LinearBottleneck,
		"sigmoid":  func(m *graph.Model) (*graph.Model, []string, error) { return edit.OutputActivation(m, graph.Sigmoid) },
		"linear":   func(m *graph.Model) (*graph.Model, []string, error) { return edit.OutputActivation(m, graph.Linear) },
		"wide":     func(m *graph.Model) (*graph.Model, []string, error) { return edit.WidenBottleneck(m, 4) },
		"fewer":    func(m *graph.Model) (*graph.Model, []string, error) { return edit.FewerLayers(m, 2) },
		"momentum": func(m *graph.Model) (*graph.Model, []string, error) { return edit.NormalizationMomentum(m, 0.8) },
		"noise":    func(m *graph.Model) (*graph.Model, []string, error) { return edit.AddInputNoise(m, 0.1) },
		"normal before": func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.AddBatchNormalization(m, edit.BeforeActivation)
		},
		"normal after": func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.AddBatchNormalization(m, edit.AfterActivation)
		},
		"output bias": func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.OutputBias(m, graph.Constant{Value: -1.5})
		},
		"orthogonal": func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.KernelInitializers(m, graph.RandomNormal{StdDev: 0.3})
		},
	}
}

func pastedCode(t *testing.T, m *saved.Model, what string, changed *graph.Model) pasted {
	from := setup{model: m.Model, optimizer: m.Optimizer, loss: m.Loss, batch: 32}
	to := from
	to.model, to.optimizer = changed, training.WithLearningRate(m.Optimizer, 0.003)
	p := pasted{Change: what, Code: torchCode(from, to, m.Torch), Spread: map[string]float64{}}
	params, err := changed.Init(7, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	same := true
	for _, v := range params.All {
		if v.Trainable {
			p.Sizes = append(p.Sizes, v.Shape.Size())
		}
		own := m.Params.Lookup(v.Path())
		if same = same && own != nil && own.Shape.Size() == v.Shape.Size(); !same {
			continue
		}
		if s := m.Torch.StoredAs(v.Path()); s != nil && v.Trainable {
			p.Spread[s.Name] = deviationOf(v.Float32s())
		}
		if err := v.Set(own.Values()); err != nil {
			t.Fatal(err)
		}
	}
	anew := what == "reset" || what == "kernels" || what == "output bias" || what == "orthogonal"
	if !anew {
		p.Spread = nil
	}
	if !same || anew || changed.DrawsInEvaluation() {
		return p
	}
	x := make([]float64, changed.Input.Size())
	for i := range x {
		x[i] = float64(i*i%17) / 17
	}
	e, err := graph.NewEvaluation(changed, params, graph.Options{Batch: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.SetInput(torch.Inward(m.Torch.Input, x)); err != nil {
		t.Fatal(err)
	}
	y, err := e.Run(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range x {
		p.X = append(p.X, float32(v))
	}
	p.Y = torch.Outward(m.Torch.Output, y.Data().([]float32))
	return p
}

func deviationOf(values []float32) float64 {
	mean, square := 0.0, 0.0
	for _, v := range values {
		mean += float64(v) / float64(len(values))
	}
	for _, v := range values {
		square += (float64(v) - mean) * (float64(v) - mean) / float64(len(values))
	}
	return math.Sqrt(square)
}
