package edit_test

import (
	"path/filepath"
	"slices"
	"testing"

	"dcae/graph"
	"dcae/models"
	"dcae/models/keras"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// net adds nodes to a model.
type net struct{ graph.Model }

// add puts a layer behind nodes, the model's input is -1, and returns the new node.
func (n *net) add(name string, l graph.Layer, in ...int) int {
	n.Nodes = append(n.Nodes, graph.Node{Name: name, Layer: l, Inputs: in})
	return len(n.Nodes) - 1
}

// again calls the layer of a node once more.
func (n *net) again(node, in int) int {
	first := n.Nodes[node]
	return n.share(graph.Node{Name: first.Name + "/2", Layer: first.Layer, Inputs: []int{in}, SharedWith: first.Name})
}

func (n *net) share(node graph.Node) int {
	n.Nodes = append(n.Nodes, node)
	return len(n.Nodes) - 1
}

func functional(name string, input graph.Shape, build func(n *net)) *graph.Model {
	n := &net{graph.Model{Name: name, Input: input}}
	build(n)
	return &n.Model
}

func conv(filters int, a graph.Activation) graph.Conv2D {
	return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: a}
}

func up(filters int, a graph.Activation) graph.Conv2DTranspose {
	return graph.Conv2DTranspose{Filters: filters, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: a}
}

// uNet has a connection around its narrowest tensor.
func uNet() *graph.Model {
	return functional("u_net", graph.Shape{8, 12, 1}, func(n *net) {
		a := n.add("down", conv(4, graph.Tanh), -1)
		p := n.add("pool", graph.MaxPooling2D{}, a)
		b := n.add("middle", conv(8, graph.ReLU), p)
		d := n.add("drop", graph.Dropout{Rate: 0.25}, b)
		u := n.add("up", up(4, graph.ReLU), d)
		c := n.add("both", graph.Concatenate{}, u, a)
		e := n.add("after", conv(4, graph.Sigmoid), c)
		n.add("image", conv(1, graph.Sigmoid), e)
	})
}

// residual adds hidden tensors, one of them squeezed and excited, and its output to its input.
func residual() *graph.Model {
	l2 := graph.Regularizer{L2: 0.01}
	return functional("residual", graph.Shape{8, 8, 2}, func(n *net) {
		first := conv(6, graph.Linear)
		first.KernelRegularizer, first.ActivityRegularizer, first.KernelInit = l2, l2, graph.RandomNormal{StdDev: 1}
		a := n.add("first", first, -1)
		norm := n.add("norm", graph.BatchNormalization{GammaRegularizer: l2}, a)
		act := n.add("act", graph.Rectifier{}, norm)
		b := n.add("b", conv(6, graph.Tanh), act)
		sum := n.add("sum", graph.Add{}, b, act)
		pool := n.add("pool", graph.GlobalAveragePooling2D{KeepDims: true}, sum)
		squeeze := n.add("squeeze", graph.Dense{Units: 2, Activation: graph.ReLU}, pool)
		gate := n.add("gate", graph.Dense{Units: 6, Activation: graph.Sigmoid}, squeeze)
		scaled := n.add("scaled", graph.Multiply{}, sum, gate)
		last := n.add("last", conv(2, graph.Linear), scaled)
		n.add("out", graph.Add{}, last, -1)
	})
}

// shared calls a convolution, a normalization and an activation twice, the activation also for the output.
func shared() *graph.Model {
	return functional("shared", graph.Shape{6, 6, 3}, func(n *net) {
		c := n.add("conv", conv(3, graph.Tanh), -1)
		b := n.add("norm", graph.BatchNormalization{}, c)
		act := n.add("act", graph.Activate{Function: graph.Sigmoid}, b)
		c2 := n.again(c, act)
		b2 := n.again(b, c2)
		code := n.add("code", conv(1, graph.ReLU), b2)
		t := n.add("same", graph.Conv2DTranspose{Filters: 3, Kernel: graph.Square(3), Padding: graph.Same}, code)
		n.again(act, t)
	})
}

// twice calls a convolution on two hidden tensors, whose widths must stay equal.
func twice() *graph.Model {
	return functional("twice", graph.Shape{6, 6, 1}, func(n *net) {
		a, b := n.add("a", conv(4, graph.ReLU), -1), n.add("b", conv(4, graph.Sigmoid), -1)
		c := n.add("c", conv(5, graph.Tanh), a)
		both := n.add("both", graph.Concatenate{}, c, n.again(c, b))
		code := n.add("code", graph.Dense{Units: 2}, both)
		n.add("image", conv(1, graph.Linear), n.add("wide", up(6, graph.ReLU), n.add("pool", graph.AveragePooling2D{}, code)))
	})
}

// separate has activations as layers of their own, in the order of those who normalize first, and a bottleneck without activation.
func separate() *graph.Model {
	return graph.Sequential("separate", graph.Shape{8, 8, 1},
		graph.GaussianNoise{StdDev: 0.1},
		conv(4, graph.Linear), graph.BatchNormalization{}, graph.LeakyRectifier{NegativeSlope: 0.1}, graph.SpatialDropout2D{Rate: 0.5}, graph.MaxPooling2D{},
		conv(8, graph.Linear), graph.ParametricRectifier{SharedAxes: []int{1, 2}}, graph.MaxPooling2D{},
		conv(8, graph.Linear), graph.Activate{Function: graph.Softsign},
		graph.Flatten{}, graph.Dense{Units: 5}, graph.Dense{Units: 2 * 2 * 8, Activation: graph.HardSigmoid}, graph.Reshape{Target: graph.Shape{2, -1, 8}},
		graph.UpSampling2D{}, conv(8, graph.Linear), graph.Rectifier{}, graph.UpSampling2D{Interpolation: graph.Bilinear}, conv(4, graph.ELU),
		conv(1, graph.Linear), graph.Activate{Function: graph.Tanh}, graph.Rescaling{Scale: []float64{0.5}, Offset: []float64{0.5}})
}

// channelsFirst makes a vector of an image and an image of a vector with channels first, as programs in PyTorch do.
func channelsFirst() *graph.Model {
	return graph.Sequential("channels_first", graph.Shape{8, 6, 1},
		conv(4, graph.ReLU), graph.MaxPooling2D{}, graph.Permute{Order: []int{3, 1, 2}}, graph.Flatten{}, graph.Dense{Units: 6},
		graph.Dense{Units: 5 * 4 * 3, Activation: graph.ReLU}, graph.Reshape{Target: graph.Shape{5, 4, 3}}, graph.Permute{Order: []int{2, 3, 1}},
		up(4, graph.ReLU), conv(1, graph.Sigmoid))
}

// mobile has convolutions by channel and in groups.
func mobile() *graph.Model {
	l2 := graph.Regularizer{L2: 0.01}
	return functional("torch_mobile", graph.Shape{8, 8, 3}, func(n *net) {
		a := n.add("first", conv(4, graph.ReLU), -1)
		b := n.add("depthwise", graph.DepthwiseConv2D{Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.Sigmoid, KernelRegularizer: l2}, a)
		c := n.add("separable", graph.SeparableConv2D{Filters: 6, Kernel: graph.Square(3), Multiplier: 2, Padding: graph.Same, Activation: graph.Tanh, DepthwiseRegularizer: l2}, b)
		grouped := graph.Conv2D{Filters: 6, Kernel: graph.Square(3), Groups: 3, Margins: graph.AllAround(1), Activation: graph.ReLU}
		d := n.add("sum", graph.Add{}, n.add("grouped", grouped, c), c)
		e := n.add("twice", graph.DepthwiseConv2D{Kernel: graph.Square(2), Multiplier: 2, Padding: graph.Same}, d)
		code := n.add("code", conv(2, graph.Linear), e)
		up := n.add("up", graph.Conv2DTranspose{Filters: 4, Kernel: graph.Square(4), Strides: graph.Square(2), Margins: graph.AllAround(1), Groups: 2, Activation: graph.ReLU}, code)
		n.add("image", conv(3, graph.Sigmoid), up)
	})
}

// normalizedAlone normalizes each image alone, in every way.
func normalizedAlone() *graph.Model {
	l2 := graph.Regularizer{L2: 0.01}
	return graph.Sequential("normalized_alone", graph.Shape{8, 6, 2},
		conv(4, graph.Linear), graph.GroupNormalization{Groups: 2, GammaRegularizer: l2}, graph.Activate{Function: graph.SiLU}, graph.MaxPooling2D{},
		conv(6, graph.Linear), graph.LayerNormalization{Axes: []int{1, 2, 3}, BetaRegularizer: l2}, graph.Activate{Function: graph.Sigmoid},
		conv(3, graph.Tanh), graph.UnitNormalization{}, conv(4, graph.Linear), graph.GroupNormalization{Groups: -1}, graph.Rectifier{},
		graph.UpSampling2D{}, conv(4, graph.Linear), graph.RMSNormalization{}, graph.LayerNormalization{}, graph.Activate{Function: graph.GELU}, conv(2, graph.Sigmoid))
}

// signal is an autoencoder of sequences.
func signal() *graph.Model {
	conv1 := func(filters int, a graph.Activation) graph.Layer {
		return graph.Conv1D{Filters: filters, Kernel: 5, Padding: graph.Same, Activation: a}
	}
	return graph.Sequential("signal", graph.Shape{16, 1},
		conv1(6, graph.Tanh), graph.MaxPooling1D{}, conv1(4, graph.ReLU), graph.BatchNormalization{}, graph.AveragePooling1D{}, graph.Flatten{}, graph.Dense{Units: 3},
		graph.Dense{Units: 16, Activation: graph.ReLU}, graph.Reshape{Target: graph.Shape{4, 4}}, graph.UpSampling1D{}, conv1(6, graph.Sigmoid),
		graph.Conv1DTranspose{Filters: 5, Kernel: 3, Stride: 2, Padding: graph.Same, Activation: graph.ReLU}, graph.ZeroPadding1D{Padding: graph.Ends{Before: 1}},
		graph.Cropping1D{Cropping: graph.Ends{After: 1}}, conv1(1, graph.Linear))
}

// deep is Deep in small.
func deep() *graph.Model {
	m := models.Deep()
	out := *m
	out.Input = graph.Shape{16, 16, 1}
	out.Nodes = append([]graph.Node{}, m.Nodes...)
	for i, n := range out.Nodes {
		switch l := n.Layer.(type) {
		case graph.Conv2D:
			l.Filters = (l.Filters + 7) / 8
			out.Nodes[i].Layer = l
		case graph.Conv2DTranspose:
			l.Filters /= 8
			out.Nodes[i].Layer = l
		}
	}
	return &out
}

func stack(t testing.TB, s models.Stack) *graph.Model {
	m, err := s.Model()
	check(t, err)
	return m
}

// zoo are models of all kinds.
func zoo(t testing.TB) []*graph.Model {
	small := graph.Shape{8, 8, 1}
	all := []*graph.Model{
		models.SigmoidFor(small), models.HighLRFor(small), models.ImprovedFor(small), models.ImprovedFor(graph.Shape{9, 7, 3}), deep(), uNet(), residual(), shared(), twice(), separate(), channelsFirst(), mobile(), signal(), normalizedAlone(),
		stack(t, models.Stack{Name: "stack7", Input: graph.Shape{7, 9, 2}, Convolutions: 7, Filters: 3, Decoder: models.UpSampling, BatchNormalization: true, Activation: graph.Tanh}),
		stack(t, models.Stack{Name: "stack4", Input: small, Convolutions: 4, Filters: 2, FullyConvolutional: true}),
		stack(t, models.Stack{Name: "stack1", Input: graph.Shape{5, 6, 1}, Convolutions: 1, Filters: 4}),
	}
	return append(all, files(t)...)
}

// files are models that Keras saved, if they are there.
func files(t testing.TB) []*graph.Model {
	variants := []string{"sigmoid.keras", "highlr.keras", "improved.keras", "trained_improved.keras"} // they are in the zoo as they are
	var out []*graph.Model
	for _, pattern := range []string{"../../../shared/fixtures/*.keras", "../keras/testdata/*.keras"} {
		paths, err := filepath.Glob(pattern)
		check(t, err)
		for _, path := range paths {
			if slices.Contains(variants, filepath.Base(path)) {
				continue
			}
			a, err := keras.Open(path)
			check(t, err)
			c, err := keras.ParseConfig(a.Config)
			check(t, err)
			flat, err := c.Flatten()
			if err != nil {
				continue // what is not supported is tested where it is refused
			}
			flat.Model.Name = filepath.Base(path)
			out = append(out, flat.Model)
		}
	}
	return out
}
