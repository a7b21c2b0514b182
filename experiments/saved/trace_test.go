package saved

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/graph"
	"dcae/training/dataset/npz"
)

// fixtures are models that Keras made, with what it computed for them in float64.
var fixtures = []string{"sigmoid", "highlr", "improved", "trained_improved", "mixed", "functional"}

// fixturePath is where such a file lies: beside the repository, which leaves out what takes 30 MB.
func fixturePath(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join("..", "..", "..", "shared", "fixtures")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("needs what Keras computed: ", err)
	}
	return filepath.Join(folder, name)
}

func readArrays(t *testing.T, name string) []npz.Array {
	t.Helper()
	arrays, err := npz.Read(fixturePath(t, name+".npz"))
	check(t, err)
	return arrays
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTraceAgreesWithKeras(t *testing.T) {
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			m, err := LoadKeras(fixturePath(t, name+".keras"))
			check(t, err)
			want := readArrays(t, name)
			batch, err := batchOf(want, m)
			check(t, err)
			got, err := m.Trace(batch, 20, nil)
			check(t, err)
			if len(got) != len(want) {
				t.Errorf("%d arrays, Keras has %d", len(got), len(want))
			}
			compareTraces(t, m.Model, got, want)
		})
	}
}

// compareTraces holds a trace to the bounds: 1e-5 for outputs, 1e-4 of its own norm or 1e-5 of the norm of all of its kind for
// gradients, 1e-3 for losses; 5e-3 for weights after the steps, all together, since Adam turns those whose gradient is zero in
// theory into noise.
func compareTraces(t *testing.T, m *graph.Model, got, want []npz.Array) {
	t.Helper()
	all := map[string]float64{}
	for _, w := range want {
		kind, _, _ := strings.Cut(w.Name, "/")
		all[kind] = math.Hypot(all[kind], norm(float64s(&w)))
	}
	after := 0.0
	for _, w := range want {
		g := lookup(got, w.Name)
		if g == nil || !slices.Equal(g.Shape, w.Shape) || g.Float32 == nil {
			t.Errorf("%s is missing, of another shape or no float32", w.Name)
			continue
		}
		kind, layer, _ := strings.Cut(w.Name, "/")
		a, b := float64s(g), float64s(&w)
		if kind == "actgrad" && feedsMaxPooling(m, layer) {
			leaveOutTies(a, b, lookup(want, "act/"+layer))
		}
		d, own := difference(a, b), norm(b)
		ok := true
		switch kind {
		case "grad", "actgrad":
			ok = d <= 1e-4*own || d <= 1e-5*all[kind]
		case "losses":
			for i := range b {
				ok = ok && math.Abs(a[i]-b[i]) <= 1e-3*math.Abs(b[i])
			}
		case "final":
			after = math.Hypot(after, d)
		case "moving":
			ok = d <= 1e-4*own
		default:
			ok = d <= 1e-5*own
		}
		if !ok {
			t.Errorf("%s differs from Keras by %.3g, relative %.3g, of all %.3g", w.Name, d, d/own, d/all[kind])
		}
	}
	if !(after <= 5e-3*all["final"]) {
		t.Errorf("weights after the steps differ from Keras by %.3g, relative %.3g", after, after/all["final"])
	}
}

func norm(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return math.Sqrt(s)
}

func difference(a, b []float64) float64 {
	d := make([]float64, len(b))
	for i := range b {
		d[i] = a[i] - b[i]
	}
	return norm(d)
}

func feedsMaxPooling(m *graph.Model, layer string) bool {
	for _, n := range m.Nodes {
		if _, pools := n.Layer.(graph.MaxPooling2D); pools && n.Inputs[0] >= 0 && m.Nodes[n.Inputs[0]].Name == layer {
			return true
		}
	}
	return false
}

// leaveOutTies sets gradients to zero in the 2x2 pooling windows whose two largest values, different in float64, are the same
// number in float32: which of the two passes the gradient on is chance, in Keras' float32 too.
func leaveOutTies(got, want []float64, act *npz.Array) {
	shape, values := act.Shape, float64s(act)
	n, h, w, c := shape[0], shape[1], shape[2], shape[3]
	for window := range n * (h / 2) * (w / 2) * c {
		k, x, y, b := window%c, window/c%(w/2), window/c/(w/2)%(h/2), window/c/(w/2)/(h/2)
		var at [4]int
		var v [4]float64
		for i := range at {
			at[i] = ((b*h+2*y+i/2)*w+2*x+i%2)*c + k
			v[i] = values[at[i]]
		}
		slices.Sort(v[:])
		if v[3] == v[2] {
			for _, i := range at {
				got[i], want[i] = 0, 0
			}
		}
	}
}

func TestTraceLeavesRegularizersOut(t *testing.T) {
	trace := func(r graph.Regularizer) []npz.Array {
		model := graph.Sequential("m", graph.Shape{2, 3}, graph.Dense{Units: 3, KernelRegularizer: r, ActivityRegularizer: r})
		params, err := model.Init(1, graph.Float32)
		check(t, err)
		got, err := (&Model{Model: model, Params: params}).Trace(Batch{X: []float64{1, 2, 3, 4, 5, 6}, Target: make([]float64, 6)}, 3, nil)
		check(t, err)
		return got
	}
	if diff := cmp.Diff(trace(graph.Regularizer{}), trace(graph.Regularizer{L1: 1, L2: 2})); diff != "" {
		t.Error(diff)
	}
}

func TestTraceRefuses(t *testing.T) {
	m := graph.Sequential("noisy", graph.Shape{4, 4, 1}, graph.GaussianNoise{StdDev: 0.1}, graph.Dropout{Rate: 0.5}, graph.Dense{Units: 1})
	_, err := (&Model{Model: m}).Trace(Batch{}, 1, nil)
	if err == nil || !strings.Contains(err.Error(), "gaussian_noise (GaussianNoise), dropout (Dropout)") {
		t.Error(err)
	}
	plain := graph.Sequential("plain", graph.Shape{2, 1}, graph.Dense{Units: 3})
	x := npz.Array{Name: "x", Shape: []int{1, 2, 1}, Float32: make([]float32, 2)}
	for want, arrays := range map[string][]npz.Array{
		"no array x":           {{Name: "y", Shape: []int{1, 2, 1}, Float32: make([]float32, 2)}},
		"needs a target":       {x},
		"the model takes x":    {{Name: "x", Shape: []int{2}, Float32: make([]float32, 2)}},
		"1 images in x and 2 ": {x, {Name: "target", Shape: []int{2, 2, 3}, Float32: make([]float32, 12)}},
	} {
		if _, err := batchOf(arrays, &Model{Model: plain}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// Targets may be called y, as in data for training, and samples may have other axes of the same values; labels are no targets.
func TestTraceTakesData(t *testing.T) {
	plain := graph.Sequential("plain", graph.Shape{2, 2, 1}, graph.Dense{Units: 1})
	array := func(name string, values []float32, shape ...int) npz.Array {
		return npz.Array{Name: name, Shape: shape, Float32: values}
	}
	x, y, other := []float32{1, 2, 3, 4}, []float32{5, 6, 7, 8}, []float32{9, 9, 9, 9}
	for i, c := range []struct {
		arrays []npz.Array
		want   []float64
	}{
		{[]npz.Array{array("x", x, 1, 2, 2, 1)}, []float64{1, 2, 3, 4}},
		{[]npz.Array{array("x", x, 1, 4), array("y", y, 1, 2, 2)}, []float64{5, 6, 7, 8}},
		{[]npz.Array{array("x", x, 1, 2, 2, 1), array("target", y, 1, 2, 2, 1), array("y", other, 1, 2, 2, 1)}, []float64{5, 6, 7, 8}},
		{[]npz.Array{array("x", x, 1, 2, 2, 1), array("y", []float32{3}, 1)}, []float64{1, 2, 3, 4}},
	} {
		b, err := batchOf(c.arrays, &Model{Model: plain})
		check(t, err)
		if diff := cmp.Diff(c.want, b.Target); diff != "" || b.X[3] != 4 {
			t.Errorf("case %d: x %v, target %s", i, b.X, diff)
		}
	}
}

func readTestdata(name string) ([]npz.Array, error) {
	return npz.Read(filepath.Join("testdata", name+".npz"))
}
