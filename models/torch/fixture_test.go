package torch_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/graph/graphtest"
	"dcae/models/torch"
	"dcae/training/dataset/npz"
)

// fixture holds what PyTorch computed in float64 for a program.
type fixture map[string][]float64

func readFixture(t *testing.T, path string) fixture {
	t.Helper()
	arrays, err := npz.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{}
	for _, a := range arrays {
		values := a.Float64
		for _, v := range a.Float32 {
			values = append(values, float64(v))
		}
		f[a.Name] = values
	}
	return f
}

func norm(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return math.Sqrt(s)
}

func difference(got, want []float64) float64 {
	d := slices.Clone(want)
	for i := range d {
		d[i] -= got[i]
	}
	return norm(d)
}

func float64s(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// lossOf is what dcae.json says, as far as it needs no formula of PyTorch's own.
func lossOf(t *testing.T, path string, m *torch.Module) (graph.Loss, bool) {
	t.Helper()
	if m.GivesLoss {
		return graph.Loss{Function: graph.Given}, true
	}
	a, err := torch.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var how struct {
		Loss struct {
			Class string `json:"class"`
		} `json:"loss"`
	}
	if err := json.Unmarshal(a.Training, &how); err != nil {
		t.Fatal(err)
	}
	switch how.Loss.Class {
	case "MSELoss":
		return graph.MSE, true
	case "L1Loss":
		return graph.Loss{Function: graph.MeanAbsoluteError}, true
	case "BCEWithLogitsLoss":
		return graph.Loss{Function: graph.BinaryCrossentropy, FromLogits: true}, true
	}
	return graph.MSE, false
}

// floor is three times the error of PyTorch's own float32 where that is larger than a bound.
func (f fixture) floor(key string, bound float64) float64 {
	if e := f["floor/"+key]; len(e) > 0 {
		return max(bound, 3*e[0])
	}
	return bound
}

func TestModulesAgreeWithPyTorch(t *testing.T) {
	for name, path := range programs(t, "testdata", "../../../shared/fixtures", os.Getenv("DCAE_TORCH_ZOO")) {
		arrays := strings.TrimSuffix(path, ".pt2") + ".npz"
		if _, err := os.Stat(arrays); err == nil {
			t.Run(name, func(t *testing.T) { compareWithPyTorch(t, path, readFixture(t, arrays)) })
		}
	}
}

// programs are those in some folders, by their names. That of DCAE_TORCH_ZOO is made by testdata/make_models.py or check_torch.py.
func programs(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.pt2"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			out[strings.TrimSuffix(filepath.Base(path), ".pt2")] = path
		}
	}
	return out
}

// Each program has the gradients that finite differences give, and the same bits for every number of threads.
func TestProgramsHaveTheirGradientsAndTheSameBitsForAllThreads(t *testing.T) {
	for name, path := range programs(t, "testdata", os.Getenv("DCAE_TORCH_ZOO")) {
		t.Run(name, func(t *testing.T) { compareGradients(t, path) })
	}
}

func compareGradients(t *testing.T, path string) {
	a, err := torch.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Module()
	if err != nil {
		t.Skip(err) // it is there to be refused
	}
	batch := func(n int) int {
		if m.MaxBatch > 0 {
			n = min(n, m.MaxBatch)
		}
		return max(n, m.MinBatch)
	}
	loss, _ := lossOf(t, path, m)
	graphtest.Threads(t, m.Model, m.Params, loss, batch(1+(1<<14)/m.Model.Input.Size()), 1, 3)
	for _, n := range slices.Concat(m.Model.Nodes, m.Model.OwnLoss) {
		switch l := n.Layer.(type) {
		case graph.StopGradient:
			return // differences see what the gradient is kept from
		case graph.MaxUnpooling2D:
			if l.Pooling.Pool != l.Pooling.Strides {
				return // of values that go to one place the last stays, and PyTorch has a gradient by all of them
			}
		}
	}
	params, err := m.Model.Init(1, graph.Float64)
	if err != nil {
		t.Fatal(err)
	}
	if err := params.Restore(m.Params.Snapshot()); err != nil {
		t.Fatal(err)
	}
	r := graph.Random(1, "test", "", 0)
	images := func(l torch.Layout) []float64 {
		x := make([]float64, batch(3)*graph.Shape(l.Shape).Size())
		for i := range x {
			x[i] = r.Float64()
		}
		return x
	}
	graphtest.Gradients(t, m.Model, params, loss, images(m.Input), images(m.Output))
}

func compareWithPyTorch(t *testing.T, path string, f fixture) {
	a, err := torch.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Module()
	if err != nil {
		t.Fatal(err)
	}
	if f["y"] == nil {
		t.Skip("it draws at random")
	}
	within := func(key string, got []float64, bound float64) {
		t.Helper()
		want, ok := f[key]
		if !ok || len(want) != len(got) {
			t.Errorf("%s: %d values, PyTorch has %d", key, len(got), len(want))
		} else if e := difference(got, want); !(e <= f.floor(key, bound)*norm(want)) {
			t.Errorf("%s is off by %.2g", key, e/norm(want))
		}
	}
	const batch = 8
	x := torch.Inward(m.Input, f["x"])
	e, err := graph.NewEvaluation(m.Model, m.Params, graph.Options{Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.SetInput(x); err != nil {
		t.Fatal(err)
	}
	y, err := e.Run(batch)
	if err != nil {
		t.Fatal(err)
	}
	within("y", torch.Outward(m.Output, float64s(y.Data().([]float32))), 1e-5)

	loss, known := lossOf(t, path, m)
	p, err := graph.NewTraining(m.Model, m.Params, loss, graph.Options{Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.SetInputs(x, torch.Inward(m.Output, f["target"])); err != nil {
		t.Fatal(err)
	}
	got, err := p.Step(batch)
	if err != nil {
		t.Fatal(err)
	}
	if !known {
		return
	}
	within("loss", []float64{got}, 1e-5)
	var all []float64
	for _, s := range m.Stored {
		all = append(all, f["grad/"+s.Name]...)
	}
	for i, v := range m.Params.Trainable() {
		at := slices.IndexFunc(m.Stored, func(s torch.Stored) bool { return s.Variable == v.Path() })
		if at < 0 {
			t.Errorf("%s is no parameter of PyTorch's", v.Path())
			continue
		}
		s := m.Stored[at]
		want, ok := f["grad/"+s.Name]
		if !ok {
			t.Errorf("%s has no gradient in PyTorch", s.Name)
			continue
		}
		gradient := torch.Outward(s.Layout, float64s(p.Gradient(i).Data().([]float32)))
		if e := difference(gradient, want); !(e <= 1e-4*norm(want) || e <= 1e-5*norm(all)) {
			t.Errorf("the gradient by %s is off by %.2g, %.2g of all", s.Name, e/norm(want), e/norm(all))
		}
	}
}
