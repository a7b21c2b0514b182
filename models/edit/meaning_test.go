package edit_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/graph"
	"dcae/models"
	"dcae/models/edit"
)

func mustBe(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// done is the model of an edit that changes the named layers, in words.
func done(t *testing.T, want string) func(m *graph.Model, changed []string, err error) *graph.Model {
	t.Helper()
	return func(m *graph.Model, changed []string, err error) *graph.Model {
		t.Helper()
		check(t, err)
		mustBe(t, "changed", changed, strings.Fields(want))
		return m
	}
}

func layer(t *testing.T, m *graph.Model, name string) graph.Layer {
	t.Helper()
	for _, n := range m.Nodes {
		if n.Name == name {
			return n.Layer
		}
	}
	t.Fatalf("there is no layer %s", name)
	return nil
}

// evaluate is the output for random images, with the given variables' values where names are equal.
func evaluate(t *testing.T, m *graph.Model, with *graph.Params) []float64 {
	t.Helper()
	params, err := m.Init(2, graph.Float64)
	check(t, err)
	for _, v := range params.All {
		if other := with.Lookup(v.Path()); other != nil {
			check(t, v.Set(other.Values()))
		}
	}
	e, err := graph.NewEvaluation(m, params, graph.Options{Batch: 3})
	check(t, err)
	defer e.Close()
	x, r := make([]float64, 3*m.Input.Size()), graph.Random(1, "images", "", 0)
	for i := range x {
		x[i] = r.Float64()
	}
	check(t, e.SetInput(x))
	y, err := e.Run(3)
	check(t, err)
	return append([]float64{}, y.Data().([]float64)...)
}

// A normalization that has seen nothing divides by sqrt(1.001). Without the normalizations that were added the model computes what it
// did, also where an activation was split from its layer for it.
func TestNormalizationAddedAndRemovedLeavesTheModel(t *testing.T) {
	for _, m := range zoo(t) {
		for _, place := range []edit.Place{edit.AfterActivation, edit.BeforeActivation} {
			plain, _, err := edit.RemoveBatchNormalization(m)
			check(t, err)
			normalized, added, err := edit.AddBatchNormalization(plain, place)
			check(t, err)
			back, removed, err := edit.RemoveBatchNormalization(normalized)
			check(t, err)
			if place == edit.AfterActivation {
				mustBe(t, m.Name, removed, added)
				if d := cmp.Diff(plain, back); d != "" {
					t.Errorf("%s: %s", m.Name, d)
				}
				continue
			}
			params, err := plain.Init(1, graph.Float64)
			check(t, err)
			if !slices.Equal(evaluate(t, plain, params), evaluate(t, back, params)) {
				t.Errorf("%s: an activation was lost", m.Name)
			}
		}
	}
}

// Noise takes no part in evaluation, and penalties none in the output.
func TestModelsWithoutNoiseAndPenaltiesComputeTheSame(t *testing.T) {
	for _, m := range zoo(t) {
		params, err := m.Init(1, graph.Float64)
		check(t, err)
		quiet, _, err := edit.RemoveDropout(m)
		check(t, err)
		free, _, err := edit.RemoveRegularizers(quiet)
		check(t, err)
		if !slices.Equal(evaluate(t, m, params), evaluate(t, free, params)) {
			t.Errorf("%s computes something else", m.Name)
		}
		s, err := edit.Inspect(free)
		check(t, err)
		if len(s.Dropout)+len(s.Regularizers) > 0 || s.DropoutTotal != 0 {
			t.Errorf("%s still has %v and %v", m.Name, s.Dropout, s.Regularizers)
		}
	}
}

func TestNormalizationStandsWhereItIsAskedFor(t *testing.T) {
	order := func(m *graph.Model) []string {
		var out []string
		for _, n := range m.Nodes {
			out = append(out, n.Name)
		}
		return out
	}
	m := graph.Sequential("m", graph.Shape{4, 4, 1}, conv(2, graph.ReLU), graph.MaxPooling2D{}, up(2, graph.Linear), graph.Rectifier{}, conv(1, graph.Sigmoid))
	after, _, err := edit.AddBatchNormalization(m, edit.AfterActivation)
	check(t, err)
	mustBe(t, "after", order(after), strings.Fields("conv2d batch_normalization max_pooling2d conv2d_transpose re_lu batch_normalization_1 conv2d_1"))
	before, _, err := edit.AddBatchNormalization(m, edit.BeforeActivation)
	check(t, err)
	mustBe(t, "before", order(before), strings.Fields("conv2d batch_normalization activation max_pooling2d conv2d_transpose batch_normalization_1 re_lu conv2d_1"))
	if a := layer(t, before, "activation"); a != (graph.Activate{Function: graph.ReLU}) || layer(t, before, "conv2d").(graph.Conv2D).Activation != graph.Linear {
		t.Errorf("the activation was not split from its layer: %v", a)
	}
}

// The softmax of attention mixes values of the image, and is no hidden activation; before a matrix of weights it is one.
func TestAttentionIsLeftAlone(t *testing.T) {
	m := functional("m", graph.Shape{6, 4}, func(n *net) {
		query := n.add("query", graph.Dense{Units: 4, Activation: graph.ReLU}, -1)
		products := n.add("products", graph.MatMul{}, query, n.add("turned", graph.Permute{Order: []int{2, 1}}, -1))
		shares := n.add("shares", graph.SoftmaxLayer{Axis: -1}, products)
		mixed := n.add("mixed", graph.MatMul{}, shares, -1)
		hidden := n.add("hidden", graph.SoftmaxLayer{Axis: -1}, mixed)
		product := n.add("product", graph.MatMul{}, hidden, n.add("weights", graph.Parameter{Shape: graph.Shape{4, 4}, Init: graph.Ones{}}))
		n.add("image", graph.Dense{Units: 4}, product)
	})
	done(t, "query hidden")(edit.HiddenActivations(m, nil, graph.LeakyReLU))
}

// A gate is one, too, if its sigmoid is a layer of its own.
func TestGatesAreLeftAlone(t *testing.T) {
	m := functional("m", graph.Shape{4, 4, 1}, func(n *net) {
		a := n.add("a", conv(2, graph.ReLU), -1)
		gate := n.add("sigmoid", graph.Activate{Function: graph.Sigmoid}, n.add("b", conv(2, graph.Linear), -1))
		n.add("image", conv(1, graph.Linear), n.add("gated", graph.Multiply{}, a, gate))
	})
	done(t, "a")(edit.HiddenActivations(m, nil, graph.LeakyReLU))
	for _, place := range []edit.Place{edit.AfterActivation, edit.BeforeActivation} {
		m, _, err := edit.AddBatchNormalization(m, place)
		check(t, err)
		s, err := edit.Inspect(m)
		check(t, err)
		if s.Normalizations != 1 {
			t.Errorf("%d normalizations, want that of a alone", s.Normalizations)
		}
	}
}

func TestHiddenAndOutputActivations(t *testing.T) {
	leaky := func(m *graph.Model) (*graph.Model, []string, error) {
		return edit.HiddenActivations(m, nil, graph.LeakyReLU)
	}
	smooth := func(m *graph.Model) (*graph.Model, []string, error) {
		return edit.HiddenActivations(m, fades, graph.ReLU)
	}
	m := done(t, "conv2d conv2d_1 dense")(leaky(models.Sigmoid()))
	if a := layer(t, m, "dense_1").(graph.Dense).Activation; a != graph.Sigmoid {
		t.Errorf("the output's activation became %s", a)
	}
	done(t, "conv2d conv2d_1 dense")(smooth(models.Sigmoid()))
	done(t, "")(smooth(models.Improved()))
	done(t, "down middle up after")(leaky(uNet()))
	done(t, "act b squeeze")(leaky(residual())) // the gate stays a sigmoid
	done(t, "p_re_lu activation dense_1 re_lu conv2d_4")(leaky(separate()))

	m = done(t, "conv act")(smooth(shared()))
	last := m.Nodes[len(m.Nodes)-1]
	if last.Layer != (graph.Activate{Function: graph.Sigmoid}) || last.SharedWith != "" || last.Name != "activation" {
		t.Errorf("the output's sigmoid, which was shared with a hidden one, is %+v", last)
	}

	m = done(t, "conv2d_2")(edit.OutputActivation(models.HighLR(), graph.Linear))
	if a := layer(t, m, "conv2d_2").(graph.Conv2D).Activation; a != graph.Linear {
		t.Errorf("activation %s", a)
	}
	done(t, "dense_1")(edit.OutputActivation(models.Sigmoid(), graph.Tanh))
	done(t, "activation_1")(edit.OutputActivation(separate(), graph.Sigmoid))
	m = done(t, "activation")(edit.OutputActivation(residual(), graph.Sigmoid)) // of the sum, not of one term
	if in := m.Nodes[len(m.Nodes)-1].Inputs; m.Nodes[in[0]].Name != "out" {
		t.Errorf("the activation stands behind %s", m.Nodes[in[0]].Name)
	}
	twiceOut := functional("m", graph.Shape{4, 4, 1}, func(n *net) {
		c := n.add("c", conv(1, graph.Tanh), -1)
		n.again(c, c)
	})
	if _, _, err := edit.OutputActivation(twiceOut, graph.Sigmoid); err == nil || !strings.Contains(err.Error(), "layer c/2 gives the model's output and is called elsewhere") {
		t.Errorf("error %v", err)
	}
	if _, _, err := leaky(&graph.Model{Name: "empty"}); err == nil {
		t.Error("an empty model is no error")
	}
	if _, _, err := edit.HiddenActivations(uNet(), nil, "glu"); err == nil {
		t.Error("an unknown activation is no error")
	}
}

func TestInitializers(t *testing.T) {
	m := done(t, "conv2d conv2d_1 dense dense_1 conv2d_transpose conv2d_transpose_1")(edit.ResetInitializers(models.HighLR()))
	if i := layer(t, m, "conv2d").(graph.Conv2D).KernelInit; i != graph.HeNormal() {
		t.Errorf("a kernel before a relu begins with %v", i)
	}
	done(t, "")(edit.ResetInitializers(models.Sigmoid()))
	done(t, "")(edit.KernelInitializers(models.Sigmoid(), graph.GlorotUniform())) // as it is by default
	done(t, "")(edit.BiasInitializers(models.Sigmoid(), graph.Constant{}))        // zeros by another name
	m = done(t, "first squeeze")(edit.ResetInitializers(residual()))              // a relu of its own; relu
	if i := layer(t, m, "first").(graph.Conv2D).KernelInit; i != graph.HeNormal() {
		t.Errorf("a kernel before a relu begins with %v", i)
	}
	if _, _, err := edit.KernelInitializers(models.Sigmoid(), graph.IdentityMatrix{}); err == nil || !strings.Contains(err.Error(), "layer conv2d (Conv2D)") {
		t.Errorf("error %v", err)
	}
	if _, _, err := edit.BiasInitializers(models.Sigmoid(), graph.Orthogonal{}); err == nil || !strings.Contains(err.Error(), "layer conv2d (Conv2D)") {
		t.Errorf("error %v", err)
	}
	s, err := edit.Inspect(residual())
	check(t, err)
	var other []string
	for _, i := range s.Initializers {
		if !i.Default {
			other = append(other, i.Layer+"/"+i.Variable+" "+i.Initializer.String())
		}
	}
	mustBe(t, "not Keras' default", other, []string{"first/kernel random_normal(mean=0, stddev=1)"})
}

func TestBottleneck(t *testing.T) {
	for _, c := range []struct {
		model  *graph.Model
		layer  string
		values int
	}{
		{models.Sigmoid(), "dense", 32}, {models.Improved(), "dense", 32}, {models.Deep(), "conv2d_4", 8 * 8 * 16}, {deep(), "conv2d_4", 2},
		{separate(), "dense", 5}, {shared(), "code", 36}, {twice(), "code", 3 * 3 * 2},
		{stack(t, models.Stack{FullyConvolutional: true, Filters: 2}), "conv2d_1", 7 * 7 * 4},
		{graph.Sequential("pooled", graph.Shape{8, 8, 1}, graph.MaxPooling2D{Pool: graph.Square(4)}, conv(8, graph.ReLU), graph.UpSampling2D{Factor: graph.Square(4)}, conv(1, graph.Linear)), "max_pooling2d", 4},
	} {
		layer, values, err := edit.BottleneckSize(c.model)
		if err != nil || layer != c.layer || values != c.values {
			t.Errorf("%s: %d values of %s, want %d of %s; error %v", c.model.Name, values, layer, c.values, c.layer, err)
		}
	}
	m := done(t, "dense")(edit.Bottleneck(models.HighLR(), 2))
	if _, values, err := edit.BottleneckSize(m); err != nil || values != 2 {
		t.Errorf("%d values, %v", values, err)
	}
	m = done(t, "dense reshape")(edit.Bottleneck(flat(), 12))
	if s := layer(t, m, "reshape").(graph.Reshape).Target; s.String() != "2x2x3" {
		t.Errorf("the target became %v", s)
	}
	done(t, "dense")(edit.Bottleneck(models.HighLR(), 33))
	done(t, "")(edit.Bottleneck(models.HighLR(), 32))
	for _, c := range []struct {
		model *graph.Model
		units int
		want  string
	}{
		{models.HighLR(), 0, "at least 1 unit"},
		{flat(), 6, "layer reshape (Reshape): 6 values would not fill 2x2 with whole channels: choose a multiple of 4"},
		{residual(), 4, "no bottleneck"},
		{graph.Sequential("pooled", graph.Shape{8, 8, 1}, graph.MaxPooling2D{Pool: graph.Square(4)}, conv(8, graph.ReLU), graph.UpSampling2D{Factor: graph.Square(4)}, conv(1, graph.Linear)), 3, "layer max_pooling2d (MaxPooling2D)"},
	} {
		if _, _, err := edit.Bottleneck(c.model, c.units); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %d units: error %v, want %q", c.model.Name, c.units, err, c.want)
		}
	}
}

// flat is squeezed into a dense layer whose units are an image's values.
func flat() *graph.Model {
	return graph.Sequential("flat", graph.Shape{4, 4, 1}, conv(4, graph.ReLU), graph.Flatten{}, graph.Dense{Units: 8, Activation: graph.ReLU},
		graph.Reshape{Target: graph.Shape{2, 2, 2}}, up(4, graph.ReLU), conv(1, graph.Sigmoid))
}

func TestWidth(t *testing.T) {
	m := done(t, "conv2d conv2d_1 dense_1 conv2d_transpose conv2d_transpose_1 reshape")(edit.Width(models.HighLR(), 0.5))
	shapes, err := m.Shapes()
	check(t, err)
	want := "[28x28x16 14x14x16 14x14x32 7x7x32 1568 32 1568 7x7x32 14x14x32 28x28x16 28x28x1]"
	if got := fmt.Sprint(shapes); got != want {
		t.Errorf("shapes %v, want %v", got, want)
	}
	m = done(t, "a b c wide")(edit.Width(twice(), 1.5))
	if a, b, c := layer(t, m, "a").(graph.Conv2D).Filters, layer(t, m, "b").(graph.Conv2D).Filters, layer(t, m, "c").(graph.Conv2D).Filters; a != 6 || b != 6 || c != 8 {
		t.Errorf("filters %d, %d and %d", a, b, c)
	}
	done(t, "c")(edit.Width(functional("m", graph.Shape{4, 4, 1}, func(n *net) { // c reads the input, and h, which must be as wide
		c := n.add("c", conv(4, graph.ReLU), -1)
		h := n.add("h", conv(1, graph.ReLU), -1)
		n.add("image", conv(1, graph.Linear), n.add("both", graph.Concatenate{}, c, n.again(c, h)))
	}), 2))
	m = done(t, "conv2d dense_1 conv2d_transpose reshape")(edit.Width(channelsFirst(), 2))
	if r := layer(t, m, "reshape").(graph.Reshape); !slices.Equal(r.Target, graph.Shape{10, 4, 3}) {
		t.Errorf("channels before height and width: %v", r.Target)
	}
	done(t, "")(edit.Width(models.HighLR(), 1))
	m, _, err = edit.Width(models.HighLR(), 1e-6)
	check(t, err)
	if f := layer(t, m, "conv2d").(graph.Conv2D).Filters; f != 1 {
		t.Errorf("%d filters", f)
	}
	for _, factor := range []float64{0, -1, math.NaN(), math.Inf(1), 1e300} {
		if _, _, err := edit.Width(models.HighLR(), factor); err == nil {
			t.Errorf("a factor of %g is no error", factor)
		}
	}
	// back and forth
	for _, m := range zoo(t) {
		wide, _, err := edit.Width(m, 3)
		check(t, err)
		back, _, err := edit.Width(wide, 1./3)
		check(t, err)
		a, err := m.Shapes()
		check(t, err)
		b, err := back.Shapes()
		check(t, err)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s: three times as wide and a third of that: %v, was %v", m.Name, b, a)
		}
	}
}

func TestFewerLayers(t *testing.T) {
	done(t, "")(edit.FewerLayers(models.HighLR(), 0))
	done(t, "conv2d_1 batch_normalization_1")(edit.FewerLayers(models.Improved(), 1)) // no other can be done without, but for the first
	deepest := stack(t, models.Stack{Convolutions: 8, Filters: 2})
	same := 0
	shapes, err := deepest.Shapes()
	check(t, err)
	for i, n := range deepest.Nodes {
		if c, ok := n.Layer.(graph.Conv2D); ok && i > 0 && slices.Equal(shapes[i], shapes[i-1]) {
			same += min(1, c.Filters)
		}
	}
	for n := 1; n <= same; n++ {
		m, removed, err := edit.FewerLayers(deepest, n)
		check(t, err)
		before, err := edit.Inspect(deepest)
		check(t, err)
		after, err := edit.Inspect(m)
		check(t, err)
		if len(removed) != n || after.Weighted != before.Weighted-n {
			t.Errorf("%d layers less: %v, %d left of %d", n, removed, after.Weighted, before.Weighted)
		}
		all, err := m.Shapes()
		check(t, err)
		for _, s := range all { // as long as there are layers that keep the shape, no shape vanishes
			shapes = slices.DeleteFunc(shapes, func(o graph.Shape) bool { return slices.Equal(o, s) })
		}
		if len(shapes) > 0 {
			t.Errorf("%d layers less: there is no output of %v any more", n, shapes)
		}
	}
	// both halves lose
	_, removed, err := edit.FewerLayers(deepest, same/2)
	check(t, err)
	left := 0
	for _, name := range removed {
		for i, n := range deepest.Nodes {
			if n.Name == name && i < len(deepest.Nodes)/2 {
				left++
			}
		}
	}
	if right := len(removed) - left; left == 0 || right == 0 || left-right > 1 || right-left > 1 {
		t.Errorf("%v: %d of the encoder, %d of the decoder", removed, left, right)
	}
}

func TestSwapDecoder(t *testing.T) {
	there := done(t, "conv2d_transpose conv2d_transpose_1")(edit.SwapDecoder(models.HighLR(), models.UpSampling))
	for _, n := range there.Nodes {
		if n.Layer.Class() == "Conv2DTranspose" {
			t.Errorf("%s is still there", n.Name)
		}
	}
	back, _, err := edit.SwapDecoder(there, models.Transposed)
	check(t, err)
	if d := cmp.Diff(models.HighLR(), back); d != "" {
		t.Error(d)
	}
	// a convolution's output of an enlarged image and a transposed convolution's have the same settings, and count the same weights
	for _, s := range []models.Stack{{}, {Input: graph.Shape{27, 13, 2}}, {Convolutions: 5, Filters: 2, BatchNormalization: true}} {
		s.Name = "stack"
		transposed := stack(t, s)
		s.Decoder = models.UpSampling
		up := stack(t, s)
		got, _, err := edit.SwapDecoder(up, models.Transposed)
		check(t, err)
		if d := cmp.Diff(layers(transposed), layers(got)); d != "" {
			t.Error(d)
		}
		got, _, err = edit.SwapDecoder(transposed, models.UpSampling)
		check(t, err)
		if d := cmp.Diff(layers(up), layers(got)); d != "" {
			t.Error(d)
		}
	}
	point := graph.Conv2D{Filters: 1, Kernel: graph.Square(1)}
	got, _, err := edit.SwapDecoder(graph.Sequential("m", graph.Shape{2, 2, 1}, graph.UpSampling2D{Factor: graph.Size{H: 2, W: 3}}, point), models.Transposed)
	check(t, err)
	if k := got.Nodes[0].Layer.(graph.Conv2DTranspose).Kernel; k != (graph.Size{H: 2, W: 3}) {
		t.Errorf("a kernel of %v leaves holes", k)
	}
	for _, size := range []int{2, 3, 4, 5} {
		for _, padding := range []graph.Padding{graph.Same, graph.Valid} {
			for _, stride := range []int{2, 3} {
				for _, extra := range []*graph.Size{nil, {H: 0, W: 1}} {
					l := graph.Conv2DTranspose{Filters: 2, Kernel: graph.Square(size), Strides: graph.Square(stride), Padding: padding, OutputPadding: extra}
					m := graph.Sequential("m", graph.Shape{3, 4, 2}, l)
					if _, err := m.Shapes(); err != nil {
						continue
					}
					up := done(t, "conv2d_transpose")(edit.SwapDecoder(m, models.UpSampling))
					if !slices.Equal(outputShape(t, up), outputShape(t, m)) {
						t.Errorf("%+v makes %v, upsampling %v", l, outputShape(t, m), outputShape(t, up))
					}
				}
			}
		}
	}
}

func layers(m *graph.Model) []graph.Layer {
	var out []graph.Layer
	for _, n := range m.Nodes {
		out = append(out, n.Layer)
	}
	return out
}

func TestKerasNames(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{2, 2, 1}, conv(1, graph.ReLU), conv(1, graph.ReLU), conv(1, graph.ReLU))
	m.Nodes[0].Name, m.Nodes[1].Name, m.Nodes[2].Name = "encoder/conv", "decoder/conv", "encoder_conv"
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	named, variables, err := edit.KerasNames(m, params)
	check(t, err)
	var got []string
	for i, v := range variables.All {
		got = append(got, v.Path())
		if v.Value != params.All[i].Value {
			t.Errorf("%s has other values", v.Path())
		}
	}
	mustBe(t, "variables", got, strings.Fields("encoder_conv_/kernel encoder_conv_/bias decoder_conv/kernel decoder_conv/bias encoder_conv/kernel encoder_conv/bias"))
	_, err = graph.NewEvaluation(named, variables, graph.Options{Batch: 1})
	check(t, err)
}
