package keras

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/graph"
	"dcae/models/keras/hdf5"
)

// layersWithSettings have every setting that can be written, none at its default where it has one.
func layersWithSettings() *graph.Model {
	l1, l2 := graph.Regularizer{L1: 0.1}, graph.Regularizer{L2: 0.2}
	two := graph.Size{H: 2, W: 3}
	m := graph.Sequential("all", graph.Shape{14, 15, 2},
		graph.Rescaling{Scale: []float64{0.5, 2}, Offset: []float64{1, -1}},
		graph.Conv2D{Filters: 4, Kernel: two, Strides: graph.Square(1), Dilation: graph.Size{H: 2, W: 1}, Padding: graph.Same, Activation: graph.GELU, NoBias: true,
			KernelInit: graph.HeNormal(), BiasInit: graph.Constant{Value: 0.5}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.BatchNormalization{Momentum: 0.9, Epsilon: 1e-5, NoScale: true, GammaRegularizer: l1, BetaRegularizer: l2},
		graph.BatchNormalization{Momentum: exactly(0), Epsilon: 1e-5, NoCenter: true, GammaInit: graph.RandomUniform{Min: 0.5, Max: 1}, BetaInit: graph.Ones{},
			MeanInit: graph.Constant{Value: 0.5}, VarianceInit: graph.Zeros{}},
		graph.MaxPooling2D{Pool: two, Strides: graph.Square(1), Padding: graph.Same},
		graph.AveragePooling2D{Pool: two, Strides: graph.Square(2), Padding: graph.Valid},
		graph.UpSampling2D{Factor: two, Interpolation: graph.Bilinear},
		graph.ZeroPadding2D{Padding: graph.Margins{Top: 1, Bottom: 2, Left: 3, Right: 4}},
		graph.Cropping2D{Cropping: graph.Margins{Top: 2, Bottom: 1, Left: 4, Right: 3}},
		graph.Conv2DTranspose{Filters: 3, Kernel: two, Strides: two, Padding: graph.Same, OutputPadding: &graph.Size{H: 1, W: 1}, Activation: graph.Tanh,
			KernelInit: graph.Orthogonal{Gain: 2}, BiasInit: graph.RandomUniform{Min: -1, Max: 2}, KernelRegularizer: graph.Regularizer{L1: 0.1, L2: 0.2}},
		graph.Dropout{Rate: 0.25}, graph.SpatialDropout2D{Rate: 0.5}, graph.GaussianNoise{StdDev: 0.1},
		graph.Rectifier{Max: 6, NegativeSlope: 0.1, Threshold: 0.2}, graph.Rectifier{}, graph.LeakyRectifier{NegativeSlope: exactly(0)},
		graph.ParametricRectifier{SharedAxes: []int{1, 2}, AlphaInit: graph.RandomTruncatedNormal{Mean: 0.1, StdDev: 0.2}, AlphaRegularizer: l1},
		graph.ExponentialLinear{Alpha: 0.5}, graph.SoftmaxLayer{}, graph.Activate{Function: graph.Mish}, graph.Identity{},
		graph.GlobalAveragePooling2D{KeepDims: true}, graph.GlobalMaxPooling2D{KeepDims: false},
		graph.Dense{Units: 6, Activation: graph.Linear, KernelInit: graph.VarianceScaling{Scale: 3, Fan: graph.FanOut, Distribution: graph.UntruncatedNormal},
			BiasInit: graph.RandomNormal{Mean: 1, StdDev: 2}},
		graph.Reshape{Target: graph.Shape{3, -1}}, graph.Dense{Units: 2, Activation: graph.ReLU, KernelInit: graph.GlorotUniform(), BiasInit: graph.Zeros{}}, graph.Flatten{},
		graph.RepeatVector{N: 3}, graph.Permute{Order: []int{2, 1}})
	m.Nodes[1].Frozen = true
	return m
}

// convolutionsWithSettings is the same for convolutions by channel and in groups, and for layers of sequences.
func convolutionsWithSettings() *graph.Model {
	l1, l2, one := graph.Regularizer{L1: 0.1}, graph.Regularizer{L2: 0.2}, 1
	two := graph.Size{H: 2, W: 3}
	return graph.Sequential("more", graph.Shape{9, 8, 2},
		graph.Conv2D{Filters: 6, Kernel: two, Strides: graph.Square(1), Dilation: graph.Square(1), Groups: 2, KernelInit: graph.GlorotUniform(), BiasInit: graph.Zeros{}, Activation: graph.Linear},
		graph.DepthwiseConv2D{Kernel: two, Multiplier: 2, Strides: graph.Square(2), Dilation: graph.Square(1), Padding: graph.Same, Activation: graph.ReLU, NoBias: true,
			KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.SeparableConv2D{Filters: 4, Kernel: two, Multiplier: 3, Strides: graph.Square(1), Dilation: graph.Square(2), Padding: graph.Same, Activation: graph.Tanh,
			DepthwiseInit: graph.HeNormal(), PointwiseInit: graph.LecunNormal(), BiasInit: graph.Ones{}, DepthwiseRegularizer: l1, PointwiseRegularizer: l2, BiasRegularizer: l1, ActivityRegularizer: l2},
		graph.LayerNormalization{Axes: []int{1, 3}, Epsilon: 0.1, NoScale: true, GammaRegularizer: l1, BetaRegularizer: l2, GammaInit: graph.RandomUniform{Min: 0.5, Max: 1}},
		graph.GroupNormalization{Groups: 2, Epsilon: 0.1, NoCenter: true, GammaRegularizer: l2, BetaRegularizer: l1, BetaInit: graph.Ones{}},
		graph.GroupNormalization{Groups: -1, Epsilon: exactly(0)}, graph.RMSNormalization{Axes: []int{-2, -1}, Epsilon: 0.1}, graph.UnitNormalization{Axes: []int{2}}, graph.UnitNormalization{},
		graph.Conv2DTranspose{Filters: 3, Kernel: two, Strides: graph.Square(1), Dilation: two, Activation: graph.Linear, KernelInit: graph.GlorotUniform(), BiasInit: graph.Zeros{}},
		graph.Reshape{Target: graph.Shape{-1, 3}},
		graph.Conv1D{Filters: 4, Kernel: 3, Stride: 2, Dilation: 1, Padding: graph.Causal, Activation: graph.ReLU, NoBias: true, KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.Conv1D{Filters: 4, Kernel: 3, Stride: 1, Dilation: 2, Groups: 2, Padding: graph.Same, Activation: graph.Linear, KernelInit: graph.GlorotUniform(), BiasInit: graph.Zeros{}},
		graph.Conv1DTranspose{Filters: 2, Kernel: 3, Stride: 2, Dilation: 1, Padding: graph.Same, OutputPadding: &one, Activation: graph.Linear, NoBias: true, KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.MaxPooling1D{Pool: 3, Stride: 2, Padding: graph.Same}, graph.AveragePooling1D{Pool: 3, Stride: 1, Padding: graph.Valid}, graph.UpSampling1D{Factor: 3},
		graph.ZeroPadding1D{Padding: graph.Ends{Before: 2, After: 1}}, graph.Cropping1D{Cropping: graph.Ends{Before: 1, After: 3}}, graph.GlobalMaxPooling1D{KeepDims: true}, graph.GlobalAveragePooling1D{})
}

// branched calls a layer twice and merges what comes out in every way.
func branched() *graph.Model {
	conv := graph.Conv2D{Filters: 2, Kernel: graph.Square(1), Strides: graph.Square(1), Dilation: graph.Square(1), Activation: graph.ReLU, KernelInit: graph.GlorotUniform(), BiasInit: graph.Zeros{}}
	return &graph.Model{Name: "branched", Input: graph.Shape{4, 4, 2}, Nodes: []graph.Node{
		{Name: "conv", Layer: conv, Inputs: []int{-1}},
		{Name: "conv/2", Layer: conv, Inputs: []int{0}, SharedWith: "conv"},
		{Name: "add", Layer: graph.Add{}, Inputs: []int{0, 1}},
		{Name: "subtract", Layer: graph.Subtract{}, Inputs: []int{1, -1}},
		{Name: "multiply", Layer: graph.Multiply{}, Inputs: []int{2, 3, 0}},
		{Name: "average", Layer: graph.Average{}, Inputs: []int{4, 2}},
		{Name: "maximum", Layer: graph.Maximum{}, Inputs: []int{5, 2}},
		{Name: "minimum", Layer: graph.Minimum{}, Inputs: []int{6, 3}},
		{Name: "concatenate", Layer: graph.Concatenate{Axis: 2}, Inputs: []int{7, 1}},
	}}
}

func TestEncodeThenFlatten(t *testing.T) {
	for _, m := range []*graph.Model{layersWithSettings(), convolutionsWithSettings(), branched()} {
		config, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := ParseConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		flat, err := parsed.Flatten()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, flat.Model); diff != "" {
			t.Error(diff)
		}
		if flat.Nested {
			t.Errorf("%s is not nested", m.Name)
		}
	}
}

func TestEncodeRefusesSlashes(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{2, 1}, graph.Dense{Units: 1})
	m.Nodes[0].Name = "encoder/dense"
	if _, err := Encode(m); err == nil || !strings.Contains(err.Error(), "encoder/dense") {
		t.Error(err)
	}
}

// nest puts layers, as JSON, into a Sequential of Keras'.
func nest(name string, layers ...string) string {
	return fmt.Sprintf(`{"module": "keras", "class_name": "Sequential", "config": {"name": %q, "layers": [%s]}}`, name, strings.Join(layers, ","))
}

const input = `{"module": "keras.layers", "class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 6, 6, 1], "dtype": "float32"}}`

func convolution(name, extra string) string {
	return fmt.Sprintf(`{"module": "keras.layers", "class_name": "Conv2D", "config": {"name": %q, "filters": 2, "kernel_size": [3, 3], "padding": "same"%s}}`, name, extra)
}

func flattened(t *testing.T, config string) (*Flat, error) {
	t.Helper()
	m, err := ParseConfig([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	return m.Flatten()
}

func TestNestedModelsAreFlattened(t *testing.T) {
	f, err := flattened(t, nest("outer", input, nest("encoder", convolution("conv", ""), nest("deep", convolution("bottom", ""))), nest("decoder", convolution("conv", ""), convolution("last", ""))))
	if err != nil {
		t.Fatal(err)
	}
	var names, paths []string
	for _, s := range f.stored {
		names, paths = append(names, f.Model.Nodes[s.node].Name), append(paths, s.path)
	}
	if want := []string{"encoder/conv", "bottom", "decoder/conv", "last"}; !cmp.Equal(names, want) || !f.Nested {
		t.Errorf("layers %v, want %v", names, want)
	}
	if want := []string{"layers/sequential/layers/conv2d/vars", "layers/sequential/layers/sequential/layers/conv2d/vars", "layers/sequential_1/layers/conv2d/vars", "layers/sequential_1/layers/conv2d_1/vars"}; !cmp.Equal(paths, want) {
		t.Errorf("paths %v, want %v", paths, want)
	}
}

func TestActivationsThatAreLayersStandBehindTheirs(t *testing.T) {
	leaky := `, "activation": {"module": "keras.layers", "class_name": "LeakyReLU", "config": {"name": "l", "negative_slope": 0.25}, "registered_name": null}`
	f, err := flattened(t, nest("m", input, convolution("conv", leaky), convolution("last", "")))
	if err != nil {
		t.Fatal(err)
	}
	want := graph.Node{Name: "conv/activation", Layer: graph.LeakyRectifier{NegativeSlope: 0.25}, Inputs: []int{0}}
	if n := f.Model.Nodes; len(n) != 3 || !cmp.Equal(n[1], want) || !cmp.Equal(n[2].Inputs, []int{1}) {
		t.Errorf("%+v", n)
	}
	_, err = flattened(t, nest("m", input, convolution("conv", strings.Replace(leaky, "LeakyReLU", "PReLU", 1))))
	if err == nil || !strings.Contains(err.Error(), "activation PReLU given as an object") {
		t.Error(err)
	}
}

// TestActivationsInAllForms reads every activation by its name and as a function, as config.json may have it.
func TestActivationsInAllForms(t *testing.T) {
	// keras.activations.__init__: ALL_OBJECTS_DICT of Keras 3.15
	names := strings.Fields(`relu leaky_relu relu6 softmax celu elu selu softplus softsign squareplus soft_shrink sparse_plus silu gelu glu tanh tanh_shrink
		sigmoid sparse_sigmoid exponential hard_sigmoid hard_silu hard_tanh hard_shrink linear mish log_softmax log_sigmoid sparsemax swish hard_swish`)
	for _, name := range names {
		for _, form := range []string{"%q", `{"module": "builtins", "class_name": "function", "config": %q, "registered_name": "function"}`, `{"module": "keras.activations", "class_name": "function", "config": %q, "registered_name": null}`} {
			given := fmt.Sprintf(form, name)
			layer := fmt.Sprintf(`{"module": "keras.layers", "class_name": "Activation", "config": {"name": "a", "activation": %s}}`, given)
			f, err := flattened(t, nest("m", input, convolution("conv", `, "activation": `+given), layer))
			if name == "glu" { // 2 channels become 1, which cannot be halved again
				f, err = flattened(t, nest("m", input, convolution("conv", `, "activation": `+given)))
			}
			if err != nil {
				t.Errorf("%s: %v", given, err)
				continue
			}
			nodes := f.Model.Nodes
			if last := nodes[len(nodes)-1].Layer; !cmp.Equal(last, graph.Activate{Function: graph.Activation(name)}) {
				t.Errorf("%s makes %+v", given, last)
			}
			if c := nodes[0].Layer.(graph.Conv2D); name != "glu" && c.Activation != graph.Activation(name) {
				t.Errorf("%s makes a convolution with %q", given, c.Activation)
			}
		}
	}
	if _, err := flattened(t, nest("m", input, convolution("conv", `, "activation": "threshold"`))); err == nil || !strings.Contains(err.Error(), "settings without defaults") {
		t.Errorf("threshold: %v", err)
	}
}

// TestActivationsInActivations reads what Activation(LeakyReLU(0.25)) writes, in itself, too.
func TestActivationsInActivations(t *testing.T) {
	leaky := `{"module": "keras.layers", "class_name": "LeakyReLU", "config": {"name": "l", "negative_slope": 0.25}, "registered_name": null}`
	wrap := func(inner string) string {
		return fmt.Sprintf(`{"module": "keras.layers", "class_name": "Activation", "config": {"name": "a", "activation": %s}}`, inner)
	}
	f, err := flattened(t, nest("m", input, convolution("conv", `, "activation": `+wrap(leaky)), wrap(wrap(leaky))))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"conv", "conv/activation", "a"} {
		n := f.Model.Nodes[i]
		if n.Name != name || i > 0 && !cmp.Equal(n.Layer, graph.LeakyRectifier{NegativeSlope: 0.25}) {
			t.Errorf("node %d is %+v", i, n)
		}
	}
}

func TestInitializersInAllForms(t *testing.T) {
	// keras.initializers.__init__: ALL_OBJECTS_DICT of Keras 3.15
	for name, want := range map[string]graph.Initializer{
		"constant": graph.Constant{}, "identity": graph.IdentityMatrix{Gain: 1}, "IdentityInitializer": graph.IdentityMatrix{Gain: 1}, "Ones": graph.Ones{}, "one": graph.Ones{}, "zeros": graph.Zeros{}, "zero": graph.Zeros{},
		"glorot_normal": graph.GlorotNormal(), "GlorotUniform": graph.GlorotUniform(), "he_normal": graph.HeNormal(), "HeUniform": graph.HeUniform(), "lecun_normal": graph.LecunNormal(), "LecunUniform": graph.LecunUniform(),
		"orthogonal": graph.Orthogonal{Gain: 1}, "OrthogonalInitializer": graph.Orthogonal{Gain: 1}, "RandomNormal": graph.RandomNormal{StdDev: 0.05}, "normal": graph.RandomNormal{StdDev: 0.05},
		"random_uniform": graph.RandomUniform{Min: -0.05, Max: 0.05}, "uniform": graph.RandomUniform{Min: -0.05, Max: 0.05}, "TruncatedNormal": graph.RandomTruncatedNormal{StdDev: 0.05},
		"variance_scaling": graph.VarianceScaling{Scale: 1, Fan: graph.FanIn, Distribution: graph.TruncatedNormal},
	} {
		for _, form := range []string{"%q", `{"module": "keras.initializers", "class_name": %q, "config": {}, "registered_name": null}`} {
			given := fmt.Sprintf(form, name)
			f, err := flattened(t, nest("m", input, convolution("conv", `, "kernel_initializer": `+given)))
			if err != nil {
				t.Errorf("%s: %v", given, err)
			} else if got := f.Model.Nodes[0].Layer.(graph.Conv2D).KernelInit; got != want {
				t.Errorf("%s makes %v, want %v", given, got, want)
			}
		}
	}
	for setting, want := range map[string]string{
		`"stft"`: "which is for Conv1D alone", `{"module": "keras.initializers", "class_name": "STFTInitializer", "config": {"side": "real"}, "registered_name": null}`: "STFTInitializer", `"glorot"`: "there is no initializer glorot",
		`{"module": "keras.initializers", "class_name": "HeNormal", "config": {"input_axes": [0]}, "registered_name": null}`:             "HeNormal with input_axes",
		`{"module": "keras.initializers", "class_name": "VarianceScaling", "config": {"mode": "fan_out_of"}, "registered_name": null}`:   `mode "fan_out_of"`,
		`{"module": "keras.initializers", "class_name": "VarianceScaling", "config": {"distribution": "even"}, "registered_name": null}`: `distribution "even"`,
		`{"module": "keras.initializers", "class_name": "Constant", "config": {"value": [1, 2]}, "registered_name": null}`:               "settings of Constant: value: a list stands where a number belongs",
		`{"module": "builtins", "class_name": "function", "config": "initialize_fn", "registered_name": "function"}`:                     "there is no initializer initialize_fn",
	} {
		if _, err := flattened(t, nest("m", input, convolution("conv", `, "kernel_initializer": `+setting))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", setting, err, want)
		}
	}
}

func TestFrozenModels(t *testing.T) {
	frozen := func(functional bool, m string) string {
		m = strings.Replace(m, `"layers"`, `"trainable": false, "layers"`, 1)
		if functional {
			m = strings.Replace(m, `"Sequential"`, `"Functional"`, 1)
		}
		return m
	}
	call := func(layer, from string) string { // as a layer of a Functional
		return fmt.Sprintf(`%s, "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 6, 6, 1], "dtype": "float32", "keras_history": [%q, 0, 0]}}], "kwargs": {}}]}`, strings.TrimSuffix(layer, "}"), from)
	}
	ends := func(m, last string) string {
		return strings.Replace(m, `"layers"`, fmt.Sprintf(`"input_layers": ["in", 0, 0], "output_layers": [%q, 0, 0], "layers"`, last), 1)
	}
	conv, bn := convolution("conv", ""), `{"module": "keras.layers", "class_name": "BatchNormalization", "config": {"name": "bn"}}`
	fixed := convolution("fixed", `, "trainable": false`)
	for _, c := range []struct {
		config string
		want   []bool
	}{
		{nest("m", input, frozen(false, nest("inner", fixed, bn)), conv), []bool{true, false, false}}, // what counts stands with the layers
		{nest("m", input, frozen(true, ends(nest("inner", input, call(fixed, "in"), call(conv, "fixed")), "conv"))), []bool{true, false}},
		{frozen(false, nest("m", input, fixed, conv)), []bool{true, false}},
		{frozen(true, ends(nest("m", input, call(fixed, "in"), call(conv, "fixed")), "conv")), []bool{true, true}}, // except for the outermost
	} {
		f, err := flattened(t, c.config)
		if err != nil {
			t.Errorf("%s: %v", c.config, err)
			continue
		}
		for i, n := range f.Model.Nodes {
			if n.Frozen != c.want[i] {
				t.Errorf("layer %s is frozen: %t\n%s", n.Name, n.Frozen, c.config)
			}
		}
	}
	if _, err := flattened(t, frozen(true, ends(nest("m", input, call(bn, "in")), "bn"))); err == nil || !strings.Contains(err.Error(), "layer bn (BatchNormalization): trainable in a model that is not") {
		t.Error(err)
	}
}

func TestEverythingUnsupportedIsNamedAtOnce(t *testing.T) {
	object := func(class, module string) string {
		return fmt.Sprintf(`{"module": %q, "class_name": %q, "config": {}, "registered_name": null}`, module, class)
	}
	policy := `, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float16"}, "registered_name": null}`
	_, err := flattened(t, nest("m", strings.Replace(input, "[null, 6, 6, 1]", "[null, null, null, 1]", 1),
		convolution("groups", `, "groups": 0, "data_format": "channels_first"`),
		convolution("half", policy),
		convolution("constrained", `, "kernel_constraint": `+object("MaxNorm", "keras.constraints")),
		convolution("mine", `, "activation": "me>swirl", "kernel_initializer": `+object("Mine", "me")),
		convolution("stft", `, "kernel_initializer": `+object("STFT", "keras.initializers")+`, "bias_regularizer": `+object("OrthogonalRegularizer", "keras.regularizers")),
		convolution("new", `, "spin": 1`),
		nest("inner", `{"module": "keras.layers", "class_name": "LSTM", "config": {"name": "lstm"}}`),
		`{"module": "keras.layers", "class_name": "BatchNormalization", "config": {"name": "bn", "axis": 1, "renorm": true}}`,
		`{"module": "me", "class_name": "Dense", "config": {"name": "own"}, "registered_name": "me>Dense"}`))
	var unsupported Unsupported
	if !errors.As(err, &unsupported) {
		t.Fatalf("error %v is no list", err)
	}
	for _, want := range []string{
		"model m: input shape (None, None, None, 1) has no fixed size", "layer groups (Conv2D): groups 0", "layer groups (Conv2D): data_format channels_first",
		"layer half (Conv2D): dtype float16", "layer constrained (Conv2D): kernel_constraint MaxNorm", "layer mine (Conv2D): kernel_initializer Mine of your own",
		`layer mine (Conv2D): unknown activation "me>swirl"`, "layer stft (Conv2D): kernel_initializer: STFT, which is for Conv1D alone", "bias_regularizer OrthogonalRegularizer", `layer new (Conv2D): settings of Conv2D: there is no setting "spin" here`,
		"layer lstm (LSTM): there is no such layer here", "layer bn (BatchNormalization): axis 1: only the last axis", "layer bn (BatchNormalization): renorm", "layer own (Dense): a layer class of your own",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s", want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Error("more than one line")
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestCallsWithArgumentsAreRefused(t *testing.T) {
	config := strings.Replace(string(open(t, "calls").Config), `{"training": true}`, `{"initial_state": true}`, 1)
	if _, err := flattened(t, config); err == nil || !strings.Contains(err.Error(), "argument initial_state=true") || !strings.Contains(err.Error(), "outputs: only one") {
		t.Error(err)
	}
}

func TestParamsChecksTheFile(t *testing.T) {
	a := open(t, "sequential")
	f, err := parse(t, "sequential").Flatten()
	if err != nil {
		t.Fatal(err)
	}
	params, warnings, err := f.Params(a.Weights)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	again, err := NewArchive(a.Config, params, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.stored {
		if diff := cmp.Diff(a.Weights.Group(s.path).Datasets, again.Weights.Group(s.path).Datasets); diff != "" {
			t.Errorf("%s: %s", s.path, diff)
		}
	}
	kernel := func() (*Flat, *hdf5.Group, *hdf5.Dataset) {
		again, err := NewArchive(a.Config, params, nil)
		if err != nil {
			t.Fatal(err)
		}
		return f, again.Weights, again.Weights.Group(f.stored[0].path).Datasets[0]
	}
	f, weights, d := kernel()
	d.Data.([]float32)[0] = float32(math.NaN())
	if _, warnings, err := f.Params(weights); err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "1 of ") {
		t.Errorf("a value that is no number: warnings %v, error %v", warnings, err)
	}
	f, weights, d = kernel()
	d.Shape = append([]int{1}, d.Shape...)
	if _, _, err := f.Params(weights); err == nil || !strings.Contains(err.Error(), "must have shape") {
		t.Errorf("a wrong shape: %v", err)
	}
	f, weights, d = kernel()
	d.Data = make([]int64, len(d.Data.([]float32)))
	if _, _, err := f.Params(weights); err == nil || !strings.Contains(err.Error(), "int64") {
		t.Errorf("a wrong type: %v", err)
	}
	f, weights, _ = kernel()
	weights.Group(f.stored[0].path).Datasets = nil
	if _, _, err := f.Params(weights); err == nil || !strings.Contains(err.Error(), "the file has 0") {
		t.Errorf("no variables: %v", err)
	}
}

func TestWithCompileKeepsMetrics(t *testing.T) {
	config := `{"class_name": "Sequential", "compile_config": {"optimizer": null, "loss": "mse", "metrics": ["mae"]}}`
	got, err := WithCompile([]byte(config), []byte(`"o"`), []byte(`"l"`), 1)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Compile struct {
			Optimizer, Loss string
			Metrics         []string
		} `json:"compile_config"`
	}
	if err := json.Unmarshal(got, &m); err != nil {
		t.Fatal(err)
	}
	if c := m.Compile; c.Optimizer != "o" || c.Loss != "l" || !cmp.Equal(c.Metrics, []string{"mae"}) {
		t.Errorf("%+v", c)
	}
}

func FuzzFlatten(f *testing.F) {
	for _, name := range models {
		f.Add([]byte(open(f, name).Config))
	}
	for _, m := range []*graph.Model{layersWithSettings(), convolutionsWithSettings(), branched()} {
		config, err := Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(config))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer limitMemory(t, b)()
		m, err := ParseConfig(b)
		if err != nil {
			return
		}
		flat, err := m.Flatten()
		if err != nil {
			return
		}
		if _, err := flat.Model.Shapes(); err != nil {
			t.Error(err)
		}
		_, _ = flat.Model.ReceptiveFields() // an image too large to be followed is an error
	})
}

// Keras writes training=False for each dropout of a functional model, and tells all layers anew in fit and predict.
func TestTrainingArgumentsAreNoMatter(t *testing.T) {
	for _, told := range []string{"true", "false", "null"} {
		config := strings.Replace(string(open(t, "calls").Config), `{"training": true}`, `{"training": `+told+`}`, 1)
		if _, err := flattened(t, config); err != nil && strings.Contains(err.Error(), "argument") {
			t.Error(err)
		}
	}
}

// TestCallsOfModelsAreCounted nests models that call the one in them 20 times, down to one without layers: a few kB describe 5e10 calls.
func TestCallsOfModelsAreCounted(t *testing.T) {
	tensor := func(layer string, call int) string {
		return fmt.Sprintf(`{"class_name": "__keras_tensor__", "config": {"shape": [null, 6, 6, 1], "dtype": "float32", "keras_history": [%q, %d, 0]}}`, layer, call)
	}
	in := strings.TrimSuffix(input, "}") + `, "name": "in", "inbound_nodes": []}`
	inner := `{"module": "keras", "class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": [` + in + `], "input_layers": ["in", 0, 0], "output_layers": ["in", 0, 0]}`
	for range 8 {
		calls := []string{`{"args": [` + tensor("in", 0) + `], "kwargs": {}}`}
		for k := range 19 {
			calls = append(calls, `{"args": [`+tensor("inner", k)+`], "kwargs": {}}`)
		}
		inner = `{"module": "keras", "class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": [` + in + `, ` + inner + `, "inbound_nodes": [` + strings.Join(calls, ",") +
			`]}], "input_layers": ["in", 0, 0], "output_layers": ["inner", 19, 0]}`
	}
	_, err := flattened(t, inner+"}")
	if err == nil || !strings.Contains(err.Error(), "more than 10000 times") {
		t.Error(err)
	}
}

func TestWhatIsSaidOfSeveralLayersIsSaidOnce(t *testing.T) {
	u := Unsupported{"layer a (Mine): own", "loss: none", "layer b (Mine): own", "layer c (Mine): other: own"}
	if got, want := u.Error(), "not supported: layer a (Mine), layer b (Mine): own; loss: none; layer c (Mine): other: own"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	u = nil
	for i := range 9 {
		u = append(u, fmt.Sprintf("layer l%d: own", i))
	}
	if got, want := u.Error(), "not supported: layer l0, layer l1, layer l2, layer l3, layer l4, 4 more: own"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestMixedPrecisionIsRead(t *testing.T) {
	policy := `, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, "registered_name": null}`
	half := strings.Replace(strings.Replace(input, "float32", "float16", 1), `"in"`, `"half"`, 1)
	config := nest("outer", input, nest("inner", half, convolution("conv", policy)), convolution("last", policy))
	if _, err := flattened(t, config); err != nil {
		t.Error(err)
	}
	m, err := ParseConfig([]byte(config))
	if err != nil || m.MixedPrecision() != "mixed_float16" {
		t.Errorf("policy %q, %v", m.MixedPrecision(), err)
	}
	if _, err := flattened(t, nest("outer", half, convolution("conv", ""))); err == nil || !strings.Contains(err.Error(), "dtype float16") {
		t.Errorf("half precision: %v", err)
	}
}
