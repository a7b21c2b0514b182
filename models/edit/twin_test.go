package edit_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/graph"
	"dcae/models/edit"
)

// coded is an encoder of poolings, a dense code, and a decoder that begins with a Reshape.
func coded(pixels, poolings, code int) *graph.Model {
	var layers []graph.Layer
	for i := range poolings {
		layers = append(layers, conv(4<<i, graph.ReLU), graph.MaxPooling2D{})
	}
	side := pixels >> poolings
	layers = append(layers, graph.Flatten{}, graph.Dense{Units: code, KernelInit: graph.RandomNormal{StdDev: 0.01}},
		graph.Dense{Units: side * side * 8, Activation: graph.ReLU}, graph.Reshape{Target: graph.Shape{side, side, 8}})
	for range poolings {
		layers = append(layers, up(8, graph.ReLU))
	}
	return graph.Sequential("coded", graph.Shape{pixels, pixels, 3}, append(layers, conv(3, graph.Sigmoid))...)
}

func TestTwinDerivesWhatDependsOnThePixels(t *testing.T) {
	m := coded(128, 3, 20)
	made, err := edit.Twin(m, 32, 32)
	check(t, err)
	shapes, err := made.Shapes()
	check(t, err)
	if got, want := shapes[len(shapes)-1], (graph.Shape{32, 32, 3}); !cmp.Equal(got, want) {
		t.Errorf("output %v, want %v", got, want)
	}
	for i, n := range made.Nodes {
		switch l := n.Layer.(type) {
		case graph.Dense:
			if l.Units != 20 && l.Units != 4*4*8 {
				t.Errorf("%s has %d units", n.Name, l.Units)
			}
			if init, ok := l.KernelInit.(graph.RandomNormal); l.Units == 20 && (!ok || math.Abs(init.StdDev-0.04) > 1e-12) {
				t.Errorf("%s begins with %v: a sixteenth of the inputs wants 4 times the deviation", n.Name, l.KernelInit)
			}
		case graph.Reshape:
			if !cmp.Equal(l.Target, graph.Shape{4, 4, 8}) {
				t.Errorf("%s makes %v", n.Name, l.Target)
			}
		case graph.Conv2D, graph.Conv2DTranspose:
			if !cmp.Equal(l, m.Nodes[i].Layer) {
				t.Errorf("%s was changed", n.Name)
			}
		}
	}
}

// The default, Glorot's, depends on the units too: a dense layer that fills a smaller map would begin with larger values.
func TestTwinKeepsVarianceByFanIn(t *testing.T) {
	made, err := edit.Twin(coded(128, 3, 20), 32, 32)
	check(t, err)
	for _, n := range made.Nodes {
		l, ok := n.Layer.(graph.Dense)
		if !ok || l.Units == 20 {
			continue
		}
		values := make([]float64, 20*l.Units)
		l.KernelInit.Fill(values, graph.Shape{20, l.Units}, graph.Random(1, "initialize", "x", 0))
		square := 0.0
		for _, v := range values {
			square += v * v
		}
		if got, want := square/float64(len(values)), 2.0/(20+16*16*8); math.Abs(got/want-1) > 0.1 {
			t.Errorf("variance %g, want %g as in the original", got, want)
		}
	}
}

func TestTwinFollowsWindowsThatCoverTheirMap(t *testing.T) {
	m := graph.Sequential("blog", graph.Shape{64, 64, 1},
		graph.Conv2D{Filters: 8, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU},
		graph.Conv2D{Filters: 8, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU},
		graph.Conv2D{Filters: 16, Kernel: graph.Square(16), KernelInit: graph.RandomUniform{Min: -0.03, Max: 0.03}},
		graph.Conv2DTranspose{Filters: 8, Kernel: graph.Square(16), Activation: graph.ReLU},
		up(8, graph.ReLU), up(1, graph.Sigmoid))
	made, err := edit.Twin(m, 24, 24)
	check(t, err)
	if k := made.Nodes[2].Layer.(graph.Conv2D).Kernel; k != graph.Square(6) {
		t.Errorf("the kernel that covers its map has %v, want 6x6", k)
	}
	if k := made.Nodes[3].Layer.(graph.Conv2DTranspose).Kernel; k != graph.Square(6) {
		t.Errorf("the transposed kernel of one pixel has %v, want 6x6", k)
	}
	if u := made.Nodes[2].Layer.(graph.Conv2D).KernelInit.(graph.RandomUniform); math.Abs(u.Max-0.03*16/6) > 1e-12 {
		t.Errorf("256 inputs became 36 a channel: it begins with %v, want limits of 0.08", u)
	}
}

// Sizes at which the unchanged layers give back the input's shape: a valid convolution in the middle allows 28, 20, 12.
func TestTwinSizes(t *testing.T) {
	valid := graph.Sequential("blog", graph.Shape{28, 28, 1}, conv(16, graph.ReLU), graph.MaxPooling2D{Padding: graph.Same}, conv(8, graph.ReLU), graph.MaxPooling2D{Padding: graph.Same},
		conv(8, graph.ReLU), graph.MaxPooling2D{Padding: graph.Same}, conv(8, graph.ReLU), graph.UpSampling2D{}, conv(8, graph.ReLU), graph.UpSampling2D{},
		graph.Conv2D{Filters: 16, Kernel: graph.Square(3), Activation: graph.ReLU}, graph.UpSampling2D{}, conv(1, graph.Sigmoid))
	for _, c := range []struct {
		model *graph.Model
		want  []edit.TwinSize
	}{
		{valid, []edit.TwinSize{{12, 12, 2}}}, // 20x20 has more than half the pixels
		{coded(256, 5, 10), []edit.TwinSize{{64, 64, 2}, {96, 96, 3}, {128, 128, 4}, {160, 160, 5}}},
		{coded(16, 4, 10), nil},
		{graph.Sequential("flat", graph.Shape{784}, graph.Dense{Units: 784}), nil},
	} {
		if d := cmp.Diff(c.want, edit.TwinSizes(c.model)); d != "" {
			t.Errorf("%s: %s", c.model.Name, d)
		}
	}
	wide := graph.Sequential("wide", graph.Shape{64, 128, 1}, conv(8, graph.ReLU), graph.MaxPooling2D{}, graph.UpSampling2D{}, conv(1, graph.Linear))
	for _, s := range edit.TwinSizes(wide) {
		if s.Width != 2*s.Height {
			t.Errorf("%dx%d is not half as high as wide", s.Height, s.Width)
		}
	}
}

func TestTwinFails(t *testing.T) {
	for _, c := range []struct {
		model *graph.Model
		h, w  int
	}{{coded(128, 3, 20), 30, 30}, {coded(128, 3, 20), 0, 32}, {graph.Sequential("flat", graph.Shape{784}, graph.Dense{Units: 784}), 8, 8}} {
		if _, err := edit.Twin(c.model, c.h, c.w); err == nil {
			t.Errorf("%s of %dx%d: no error", c.model.Name, c.h, c.w)
		}
	}
}

// A penalty of a layer's output is a sum over its pixels.
func TestTwinMultipliesPenaltiesOfOutputs(t *testing.T) {
	sparse := conv(4, graph.ReLU)
	sparse.ActivityRegularizer = graph.Regularizer{L1: 1e-5}
	m := graph.Sequential("sparse", graph.Shape{64, 64, 1}, sparse, conv(1, graph.Sigmoid))
	made, err := edit.Twin(m, 16, 16)
	check(t, err)
	if got := made.Nodes[0].Layer.(graph.Conv2D).ActivityRegularizer.L1; math.Abs(got-16e-5) > 1e-15 {
		t.Errorf("penalty %g, want 16 times 1e-5", got)
	}
}

// The error is summed over pixels, the code's term is not: both keep their weights. With mean errors nothing is to be multiplied.
func TestTwinOfAModelWithItsOwnLoss(t *testing.T) {
	for how, want := range map[graph.Reduction]float64{graph.ReduceSum: 16, graph.ReduceNorm: 4, graph.ReduceMean: 0} {
		m := coded(64, 2, 10)
		code, n := 5, len(m.Nodes)
		m.OwnLoss = []graph.Node{
			{Name: "target", Layer: graph.Target{Shape: m.Input}},
			{Name: "error", Layer: graph.Subtract{}, Inputs: []int{n - 1, n}},
			{Name: "vector", Layer: graph.Reshape{Target: graph.Shape{64 * 64 * 3}}, Inputs: []int{n + 1}},
			{Name: "error_of_image", Layer: graph.Reduce{How: how}, Inputs: []int{n + 2}},
			{Name: "squared_code", Layer: graph.Elementwise{Function: graph.Squared}, Inputs: []int{code}},
			{Name: "term", Layer: graph.Reduce{How: graph.ReduceSum}, Inputs: []int{n + 4}},
			{Name: "both", Layer: graph.Add{}, Inputs: []int{n + 3, n + 5}},
			{Name: "loss", Layer: graph.SumOverBatch{Mean: true}, Inputs: []int{n + 6}},
		}
		check(t, m.CheckOwnLoss())
		made, err := edit.Twin(m, 16, 16)
		check(t, err)
		check(t, made.CheckOwnLoss())
		got := 0.0
		for _, node := range made.OwnLoss {
			if l, ok := node.Layer.(graph.Rescaling); ok {
				got += l.Scale[0]
			}
		}
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: multiplied by %g, want %g", how, got, want)
		}
		params, err := made.Init(1, graph.Float32)
		check(t, err)
		p, err := graph.NewTraining(made, params, graph.Loss{Function: graph.Given}, graph.Options{Batch: 2})
		check(t, err)
		if _, err := p.Step(2); err != nil {
			t.Error(err)
		}
		p.Close()
		if m.OwnLoss[3].Inputs[0] != n+2 || len(m.OwnLoss) != 8 {
			t.Error("the model itself was changed")
		}
	}
}

// Models of PyTorch have the channels first where maps become vectors and where vectors become maps.
func TestTwinOfAModelWithChannelsFirst(t *testing.T) {
	for _, channels := range []int{1, 8} {
		toFirst, toLast := graph.Layer(graph.Permute{Order: []int{3, 1, 2}}), graph.Layer(graph.Permute{Order: []int{2, 3, 1}})
		if channels == 1 { // the order in memory is the same
			toFirst, toLast = graph.Reshape{Target: graph.Shape{1, 16, 16}}, graph.Reshape{Target: graph.Shape{16, 16, 1}}
		}
		m := graph.Sequential("torch", graph.Shape{64, 64, 3}, conv(4, graph.ReLU), graph.MaxPooling2D{}, conv(channels, graph.ReLU), graph.MaxPooling2D{},
			toFirst, graph.Reshape{Target: graph.Shape{16 * 16 * channels}}, graph.Dense{Units: 10}, graph.Dense{Units: 16 * 16 * channels},
			graph.Reshape{Target: graph.Shape{channels, 16, 16}}, toLast, up(4, graph.ReLU), up(3, graph.Sigmoid))
		made, err := edit.Twin(m, 16, 16)
		check(t, err)
		shapes, err := made.Shapes()
		check(t, err)
		for at, want := range map[int]graph.Shape{4: {channels, 4, 4}, 5: {16 * channels}, 7: {16 * channels}, 8: {channels, 4, 4}, 9: {4, 4, channels}} {
			if !cmp.Equal(shapes[at], want) {
				t.Errorf("%d channels, node %d: %v, want %v", channels, at, shapes[at], want)
			}
		}
		if sizes := edit.TwinSizes(m); len(sizes) == 0 || sizes[0] != (edit.TwinSize{Height: 8, Width: 8, Deepest: 2}) {
			t.Errorf("%d channels: sizes %v", channels, sizes)
		}
	}
}
