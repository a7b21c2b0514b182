package graph_test

import (
	"slices"
	"strings"
	"testing"

	"dcae/graph"
)

// Where outputs have several readers Gorgonia adds gradients in place, in memory that is lent. A program that lends and one
// that keeps everything agree to the bit, also for batches of changing size, and float32 agrees with float64.
func TestBranchesUseLentMemoryRightly(t *testing.T) {
	image := graph.Shape{16, 12, 1}
	for _, c := range []struct {
		name  string
		build func(n *net)
	}{{"unet", unet}, {"residual", residual}, {"repeated block", repeatedBlock}, {"squeeze", squeeze}, {"shared", shared}, {"reshaped", reshapedBranches}, {"joined", joined(2)}, {"maximum", several(graph.Maximum{}, 3)}} {
		t.Run(c.name, func(t *testing.T) {
			m := branching(image, c.build)
			params, err := m.Init(1, graph.Float32)
			check(t, err)
			wide, err := m.Init(1, graph.Float64)
			check(t, err)
			check(t, wide.Restore(params.Snapshot())) // rounded to float32
			shapes, err := m.Shapes()
			check(t, err)
			var programs [3]*graph.Training
			for i := range programs {
				of := params
				if i == 2 {
					of = wide
				}
				programs[i], err = graph.NewTraining(m, of, graph.MSE, graph.Options{Batch: 5, KeepActivations: i == 1})
				check(t, err)
				defer programs[i].Close()
			}
			for step, batch := range []int{5, 5, 2, 5, 1, 3, 5} {
				r := graph.Random(1, "test", "", step)
				draw := func(n int) []float64 {
					x := make([]float64, n)
					for i := range x {
						x[i] = float64(r.Float32())
					}
					return x
				}
				x, target := draw(batch*image.Size()), draw(batch*shapes[len(shapes)-1].Size())
				var losses [3]float64
				for i, p := range programs {
					check(t, p.SetInputs(x, target))
					losses[i], err = p.Step(batch)
					check(t, err)
				}
				if losses[0] != losses[1] {
					t.Errorf("step %d, batch %d: losses %v", step, batch, losses[:2])
				}
				within(t, "loss in float32", losses[:1], losses[2:], 1e-5)
				var all []float64
				for i := range params.Trainable() {
					all = append(all, values(programs[2].Gradient(i))...)
				}
				for i, v := range params.Trainable() {
					if !slices.Equal(values(programs[0].Gradient(i)), values(programs[1].Gradient(i))) {
						t.Errorf("step %d, batch %d: gradients of %s differ", step, batch, v.Path())
					}
					withinEither(t, "gradient of "+v.Path(), values(programs[0].Gradient(i)), values(programs[2].Gradient(i)), 1e-4, 1e-5*norm(all))
				}
			}
		})
	}
}

func TestBranchesAllocateLittle(t *testing.T) {
	m := branching(graph.Shape{32, 32, 1}, unet)
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 8})
	check(t, err)
	defer p.Close()
	p.Inputs(8)
	step := func() {
		if _, err := p.Step(8); err != nil {
			t.Fatal(err)
		}
	}
	step()
	step()
	bytes := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			step()
		}
	}).AllocedBytesPerOp()
	// one image alone has 4 KB, a layer's output 64 KB and more
	if bytes > 64<<10 {
		t.Errorf("a step allocates %d bytes", bytes)
	}
}

func TestSharedLayersHaveOneSetOfVariables(t *testing.T) {
	m := branching(graph.Shape{6, 4, 2}, shared)
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	var paths []string
	for _, v := range params.All {
		paths = append(paths, v.Path())
	}
	want := strings.Fields("layer_0/kernel layer_0/bias layer_1/gamma layer_1/beta layer_1/moving_mean layer_1/moving_variance layer_2/kernel layer_2/bias")
	if !slices.Equal(paths, want) {
		t.Errorf("variables %v, want %v", paths, want)
	}
	m = branching(graph.Shape{6, 4, 2}, func(n *net) {
		n.add(conv(3), -1)
		n.Nodes[n.add(conv(3), 0)].SharedWith = "layer_0"
	})
	if _, err := m.Init(1, graph.Float32); err == nil || !strings.Contains(err.Error(), "layer layer_1 cannot share kernel with layer_0") {
		t.Errorf("a kernel of another shape is shared: %v", err)
	}
}

func TestShapesThatCannotBeMergedAreNamed(t *testing.T) {
	for _, c := range []struct {
		layer graph.Layer
		in    []graph.Shape
		want  string
	}{
		{graph.Add{}, []graph.Shape{{4, 4, 2}, {4, 3, 2}}, "inputs of shapes [4x4x2 4x3x2] do not fit together"},
		{graph.Subtract{}, []graph.Shape{{4}, {4}, {4}}, "takes two inputs, not 3"},
		{graph.Concatenate{}, []graph.Shape{{4, 4, 2}, {4, 3, 2}}, "differ in another axis than 3"},
		{graph.Concatenate{Axis: 4}, []graph.Shape{{4, 4, 2}}, "no axis 4"},
		{graph.Concatenate{Axis: -4}, []graph.Shape{{4, 4, 2}}, "no axis -4"},
		{graph.Cropping2D{Cropping: graph.AllAround(2)}, []graph.Shape{{4, 4, 2}}, "leaves nothing of 4x4x2"},
		{graph.ZeroPadding2D{Padding: graph.Margins{Top: -1}}, []graph.Shape{{4, 4, 2}}, "must not be negative"},
		{graph.UpSampling2D{Factor: graph.Size{H: 2}}, []graph.Shape{{4, 4, 2}}, "at least 1"},
		{graph.GlobalMaxPooling2D{}, []graph.Shape{{4}}, "takes images"},
		{graph.Dropout{Rate: 1.5}, []graph.Shape{{4}}, "0 to 1"},
		{graph.ParametricRectifier{SharedAxes: []int{0}}, []graph.Shape{{4}}, "shared axis 0"},
		{graph.Rescaling{Scale: []float64{1, 2, 3}}, []graph.Shape{{4, 4, 2}}, "3 scales or offsets"},
		{graph.Rectifier{NegativeSlope: -1}, []graph.Shape{{4}}, "must not be negative"},
		{graph.Conv2DTranspose{Filters: 1, Kernel: graph.Square(3), Strides: graph.Square(2), OutputPadding: &graph.Size{H: 2}}, []graph.Shape{{4, 4, 2}}, "less than the strides 2x2"},
	} {
		if _, err := c.layer.OutputShape(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: error %v, want %q", c.layer.Class(), c.layer, err, c.want)
		}
	}
}

func TestUnknownNamesAreErrors(t *testing.T) {
	for _, a := range []graph.Activation{"glu", "threshold", "swoosh"} {
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), string(a)) {
			t.Errorf("activation %s: %v", a, err)
		}
	}
	for _, l := range []graph.Loss{{Function: "poisson"}, {Function: graph.Huber, Delta: -1}, {Function: graph.BinaryCrossentropy, LabelSmoothing: 2}} {
		if l.Check() == nil {
			t.Errorf("%v is no error", l)
		}
	}
}
