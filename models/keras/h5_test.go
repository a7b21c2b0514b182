package keras

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/models/keras/hdf5"
)

// h5File is a whole model in an HDF5 file; weights are by layer and then by name.
func h5File(t testing.TB, version, model, training string, layers ...*hdf5.Group) []byte {
	t.Helper()
	root := &hdf5.Group{
		Attributes: []*hdf5.Attribute{{Name: "keras_version", Data: []string{version}}, {Name: "model_config", Data: []string{model}}},
		Groups:     []*hdf5.Group{{Name: "model_weights", Groups: layers}},
	}
	if training != "" {
		root.Attributes = append(root.Attributes, &hdf5.Attribute{Name: "training_config", Data: []string{training}})
	}
	b, err := hdf5.Write(root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// weightsOf is a layer's group of weights.
func weightsOf(layer string, weights ...*hdf5.Dataset) *hdf5.Group {
	g := &hdf5.Group{Name: layer}
	var names []string
	for _, w := range weights {
		names = append(names, w.Name)
	}
	g.Datasets = weights
	g.Attributes = []*hdf5.Attribute{{Name: "weight_names", Shape: []int{len(names)}, Data: names}}
	return g
}

func decodeBytes(b []byte) (*Archive, error) { return Decode(bytes.NewReader(b), int64(len(b))) }

// The forms of before Keras 2.2.3: a Sequential is a list, and the first layer says what it takes.
func TestOldestSequential(t *testing.T) {
	model := `{"class_name": "Sequential", "config": [
		{"class_name": "Dense", "config": {"name": "dense_1", "trainable": true, "batch_input_shape": [null, 4], "dtype": "float32", "units": 2, "activation": "relu", "use_bias": true,
			"kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "normal", "seed": null}},
			"bias_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}}, "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.10000000149011612}},
			"bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null, "bias_constraint": null}},
		{"class_name": "LeakyReLU", "config": {"name": "block/leaky_re_lu_1", "trainable": true, "alpha": 0.30000001192092896}},
		{"class_name": "BatchNormalization", "config": {"name": "norm", "axis": 1, "momentum": 0.99, "epsilon": 0.001, "center": false, "scale": true}}]}`
	training := `{"optimizer_config": {"class_name": "Adam", "config": {"lr": 0.0010000000474974513, "beta_1": 0.8999999761581421, "beta_2": 0.9990000128746033, "decay": 0.5, "epsilon": null, "amsgrad": false}},
		"loss": "mse", "metrics": [], "sample_weight_mode": null, "loss_weights": null}`
	a, err := decodeBytes(h5File(t, "2.1.6", model, training,
		weightsOf("dense_1", &hdf5.Dataset{Name: "dense_1:kernel:0", Shape: []int{4, 2}, Data: make([]float32, 8)}, &hdf5.Dataset{Name: "bias:0", Shape: []int{2}, Data: []float32{1, 2}}),
		weightsOf("norm", &hdf5.Dataset{Name: "gamma:0", Shape: []int{2}, Data: []float32{3, 4}}, &hdf5.Dataset{Name: "moving_mean:0", Shape: []int{2}, Data: []float32{5, 6}}, &hdf5.Dataset{Name: "moving_variance:0", Shape: []int{2}, Data: []float32{7, 8}}),
	))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseConfig(a.Config)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := m.Flatten()
	if err != nil {
		t.Fatal(err)
	}
	params, _, err := flat.Params(a.Weights)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{7, 8}, params.Lookup("norm/moving_variance").Float32s()); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{
		`"batch_shape":[null,4]`, `"name":"dense_1_input"`, `"distribution":"truncated_normal"`, `"l2":0.1}`, `"negative_slope":0.3`, `"name":"block_leaky_re_lu_1"`, `"axis":-1`,
		`"learning_rate":{"class_name":"InverseTimeDecay","config":{"decay_rate":0.5,"decay_steps":1,"initial_learning_rate":0.001}`, `"beta_1":0.9,`,
	} {
		if !strings.Contains(string(a.Config), want) {
			t.Errorf("no %s in\n%s", want, a.Config)
		}
	}
	for _, gone := range []string{"batch_input_shape", `"alpha"`, `"lr"`, `"decay":`, `"epsilon":null`} {
		if strings.Contains(string(a.Config), gone) {
			t.Errorf("%s is left in\n%s", gone, a.Config)
		}
	}
}

// Keras 2 counts the calls of a model in the model from 1, and writes a call as a list; a + b is a TFOpLambda.
func TestOlderFunctional(t *testing.T) {
	input := func(name string) string {
		return `{"class_name": "InputLayer", "name": "` + name + `", "config": {"batch_input_shape": [null, 3], "dtype": "float32", "sparse": false, "ragged": false, "name": "` + name + `"}, "inbound_nodes": []}`
	}
	dense := `{"class_name": "Dense", "name": "d", "config": {"name": "d", "units": 3, "use_bias": false, "activation": "linear"}, "inbound_nodes": [[["x", 0, 0, {}]]]}`
	model := `{"class_name": "Model", "config": {"name": "m", "layers": [` + input("x") + `, ` + dense + `,
		{"class_name": "Sequential", "name": "inner", "config": {"name": "inner", "layers": [{"class_name": "Activation", "config": {"name": "a", "activation": "tanh"}}]}, "inbound_nodes": [[["d", 0, 0, {}]], [["inner", 1, 0, {}]]]},
		{"class_name": "TFOpLambda", "name": "tf.add", "config": {"name": "tf.add", "trainable": true, "dtype": "float32", "function": "__operators__.add"}, "inbound_nodes": [["inner", 2, 0, {"y": ["d", 0, 0], "name": null}]]},
		{"class_name": "Concatenate", "name": "both", "config": {"name": "both", "axis": 1}, "inbound_nodes": [[["tf.add", 0, 0, {}], ["x", 0, 0, {}]]]}],
		"input_layers": [["x", 0, 0]], "output_layers": [["both", 0, 0]]}}`
	a, err := decodeBytes(h5File(t, "2.6.0", model, "", weightsOf("d", &hdf5.Dataset{Name: "kernel:0", Shape: []int{3, 3}, Data: make([]float32, 9)})))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseConfig(a.Config)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := m.Flatten()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range flat.Model.Nodes {
		got = append(got, n.Name)
	}
	if diff := cmp.Diff([]string{"d", "a", "a/2", "tf.add", "both"}, got); diff != "" {
		t.Error(diff)
	}
	if in := flat.Model.Nodes[3].Inputs; len(in) != 2 || in[0] != 2 || in[1] != 0 {
		t.Errorf("the sum reads %v", in)
	}
}

// What optimizers computed otherwise before Keras 2.11 is computed so, and told where Keras 3 cannot.
func TestOlderOptimizers(t *testing.T) {
	model := `{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "ReLU", "config": {"name": "a", "batch_input_shape": [null, 2]}}]}}`
	for _, c := range []struct{ version, class, settings, want, warning string }{
		{"2.2.4", "SGD", `"lr": 0.1, "decay": 0.0, "clipnorm": 0.5`, `"global_clipnorm":0.5`, ""},
		{"2.2.4-tf", "SGD", `"learning_rate": 0.1, "decay": 0.0, "clipnorm": 0.5`, `{"clipnorm":0.5`, ""},
		{"2.15.0", "SGD", `"learning_rate": 0.1, "clipnorm": 0.5`, `{"clipnorm":0.5`, ""},
		{"2.2.4", "Adagrad", `"lr": 0.1, "decay": 0.0`, `"epsilon_after_root":true,"initial_accumulator_value":0`, "Adagrad's epsilon"},
		{"2.4.0", "Adagrad", `"learning_rate": 0.1, "decay": 0.0, "initial_accumulator_value": 0.1`, `"epsilon_after_root":true,"initial_accumulator_value":0.1`, "Adagrad's epsilon"},
		{"2.3.1", "RMSprop", `"learning_rate": 0.1, "decay": 0.0, "rho": 0.9`, `{"epsilon_after_root":true,"learning_rate":0.1,"rho":0.9`, "RMSprop's epsilon"},
		{"2.4.0", "RMSprop", `"learning_rate": 0.1, "decay": 0.0, "momentum": 0.0`, `{"epsilon_after_root":true,"learning_rate":0.1,"momentum":0`, "RMSprop's epsilon"},
		{"2.4.0", "RMSprop", `"learning_rate": 0.1, "decay": 0.0, "momentum": 0.9`, `{"learning_rate":0.1,"momentum":0.9`, ""},
		{"2.15.0", "RMSprop", `"learning_rate": 0.1, "momentum": 0.0`, `{"learning_rate":0.1,"momentum":0`, ""},
		{"2.3.1", "Nadam", `"learning_rate": 0.1, "schedule_decay": 0.004`, `{"learning_rate":0.1,"momentum_decay":0.004}`, "Nadam's momentum"},
		{"2.4.0", "Nadam", `"learning_rate": 0.1, "decay": 0.004`, `{"learning_rate":0.1,"momentum_decay":0.004}`, "Nadam's momentum"},
	} {
		a, err := decodeBytes(h5File(t, c.version, model, `{"optimizer_config": {"class_name": "`+c.class+`", "config": {`+c.settings+`}}, "loss": "mse"}`))
		if err != nil {
			t.Errorf("%s of %s: %v", c.class, c.version, err)
			continue
		}
		if !strings.Contains(string(a.Config), c.want) {
			t.Errorf("%s of %s: no %s in %s", c.class, c.version, c.want, a.Config)
		}
		if told := strings.Join(a.Warnings, "; "); c.warning == "" && told != "" || !strings.Contains(told, c.warning) {
			t.Errorf("%s of %s: warns %q, want %q", c.class, c.version, told, c.warning)
		}
	}
}

// A number may be an array, a class have the version of TensorFlow 1 behind its name, and Keras 3 gives axes counted from the front.
func TestOlderSettings(t *testing.T) {
	model := `{"class_name": "Sequential", "config": [
		{"class_name": "LeakyReLU", "config": {"name": "a", "batch_input_shape": [null, 4, 3, 2], "alpha": {"type": "ndarray", "value": 0.30000001192092896}}},
		{"class_name": "LeakyReLU", "config": {"name": "b", "alpha": {"type": "ndarray", "value": [0.10000000149011612]}}},
		{"class_name": "GroupNormalization", "config": {"name": "g", "groups": 1, "center": false, "scale": false}}, {"class_name": "Conv2DTranspose", "config": {"name": "t", "groups": 1, "filters": 2, "kernel_size": 1, "use_bias": false}},
		{"class_name": "BatchNormalizationV1", "config": {"name": "c", "axis": [3]}}, {"class_name": "LayerNormalization", "config": {"name": "d", "axis": [2, 3]}}]}`
	a, err := decodeBytes(h5File(t, "2.0.4", model, "", weightsOf("t", &hdf5.Dataset{Name: "kernel:0", Shape: []int{1, 1, 2, 2}, Data: make([]float32, 4)}),
		weightsOf("c", pairsNamed("gamma", "beta", "moving_mean", "moving_variance")...), weightsOf("d", pairsNamed("gamma", "beta")...)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"negative_slope":0.3}`, `"negative_slope":0.1}`, `"BatchNormalization"`, `"axis":-1`, `"axis":[-2,-1]`, `"groups":1,"name":"g"`} {
		if !strings.Contains(string(a.Config), want) {
			t.Errorf("no %s in %s", want, a.Config)
		}
	}
	if m, err := ParseConfig(a.Config); err != nil {
		t.Error(err)
	} else if _, err := m.Flatten(); err != nil {
		t.Error(err)
	}
}

// Keras 2 keeps to a call's argument training where fit says otherwise; it matters to layers that compute something else then.
func TestOlderTrainingArgument(t *testing.T) {
	norm := func(trainable string) string {
		return `{"class_name": "BatchNormalization", "name": "n", "config": {"name": "n", "trainable": ` + trainable + `}`
	}
	for what, c := range map[string]struct {
		layer   string
		refused bool
	}{
		"norm":        {norm("true"), true},
		"frozen norm": {norm("false"), false},
		"dropout":     {`{"class_name": "SpatialDropout2D", "name": "n", "config": {"name": "n", "rate": 0.5}`, true},
		"relu":        {`{"class_name": "ReLU", "name": "n", "config": {"name": "n"}`, false},
		"model":       {`{"class_name": "Sequential", "name": "n", "config": {"name": "n", "layers": [` + norm("true") + `}]}`, true},
	} {
		call := "0"
		if what == "model" {
			call = "1" // after its own construction
		}
		model := `{"class_name": "Functional", "config": {"name": "m", "layers": [{"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 4, 4, 2], "name": "x"}, "inbound_nodes": []},
			` + c.layer + `, "inbound_nodes": [[["x", 0, 0, {"training": false}]]]}], "input_layers": [["x", 0, 0]], "output_layers": [["n", ` + call + `, 0]]}}`
		weights := weightsOf("n", pairsNamed("gamma", "beta", "moving_mean", "moving_variance")...)
		if !strings.Contains(c.layer, "BatchNorm") {
			weights = weightsOf("n")
		}
		a, err := decodeBytes(h5File(t, "2.15.0", model, "", weights))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		m, err := ParseConfig(a.Config)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if _, err = m.Flatten(); c.refused != (err != nil && strings.Contains(err.Error(), "argument training=false, to which Keras 2 keeps")) || !c.refused && err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func pairsNamed(names ...string) []*hdf5.Dataset {
	var out []*hdf5.Dataset
	for _, name := range names {
		out = append(out, &hdf5.Dataset{Name: name + ":0", Shape: []int{2}, Data: []float32{1, 2}})
	}
	return out
}

func TestH5IsRefusedInOneLine(t *testing.T) {
	sequential := func(layers string) string {
		return `{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2], "name": "i"}}, ` + layers + `]}}`
	}
	dense := `{"class_name": "Dense", "config": {"name": "d", "trainable": true, "units": 2, "use_bias": false}}`
	norm := `{"class_name": "BatchNormalization", "config": {"name": "n"}}`
	two := []int{2}
	vector := func(name string) *hdf5.Dataset { return &hdf5.Dataset{Name: name, Shape: two, Data: []float32{1, 2}} }
	alone, err := hdf5.Write(&hdf5.Group{Attributes: []*hdf5.Attribute{{Name: "layer_names", Data: []string{"d"}}}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := hdf5.Write(&hdf5.Group{})
	if err != nil {
		t.Fatal(err)
	}
	for want, file := range map[string][]byte{
		"the file is of Keras 1.2.2, whose layers":                h5File(t, "1.2.2", sequential(dense), ""),
		"the weights alone":                                       alone,
		"holds no Keras model":                                    other,
		"model_config is no valid":                                h5File(t, "2.4.0", `{"class_name": `, ""),
		"infinite or no number":                                   h5File(t, "2.4.0", `{"class_name": "Sequential", "config": {"a": Infinity}}`, ""),
		"without layers":                                          h5File(t, "2.4.0", `{"class_name": "MyModel", "config": {}}`, ""),
		"train the same in PyTorch and save it with torch.export": h5File(t, "2.4.0", `{"class_name": "MyModel", "config": {}}`, ""),
		"training_config is no object":                            h5File(t, "2.4.0", sequential(dense), `[]`, weightsOf("d", &hdf5.Dataset{Name: "k", Shape: []int{2, 2}, Data: make([]float32, 4)})),
		`layer "d" has 1 variables, the file has 0`:               h5File(t, "2.4.0", sequential(dense), ""),
		"where gamma was expected":                                h5File(t, "2.4.0", sequential(norm), "", weightsOf("n", vector("beta:0"), vector("gamma:0"), vector("moving_mean:0"), vector("moving_variance:0"))),
		`the weights lack "gone"`:                                 h5File(t, "2.4.0", sequential(dense), "", &hdf5.Group{Name: "d", Attributes: []*hdf5.Attribute{{Name: "weight_names", Shape: []int{1}, Data: []string{"gone"}}}}),
		"inputs are no tensors":                                   h5File(t, "2.4.0", `{"class_name": "Model", "config": {"name": "m", "layers": [{"class_name": "Dense", "name": "d", "config": {"name": "d"}, "inbound_nodes": [[[1, 2, 3, {}]]]}], "input_layers": [], "output_layers": []}}`, ""),
		"outside of its layers":                                   h5File(t, "3.1.0", sequential(dense), "", weightsOf("d", &hdf5.Dataset{Name: "k", Shape: []int{2, 2}, Data: make([]float32, 4)}), weightsOf("top_level_model_weights", vector("own"))),
	} {
		_, err := decodeBytes(file)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v does not say %q in one line", err, want)
		}
	}
	a, err := decodeBytes(h5File(t, "2.4.0", sequential(`{"class_name": "Lambda", "config": {"name": "half", "function": ["4wEAAA==", null, null], "function_type": "lambda"}}`), ""))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseConfig(a.Config)
	if err != nil {
		t.Fatal(err)
	}
	own, err := decodeBytes(h5File(t, "3.1.0", sequential(`{"class_name": "Custom>Half", "config": {"name": "h", "trainable": true}}`), ""))
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := ParseConfig(own.Config); err != nil {
		t.Error(err)
	} else if _, err = parsed.Flatten(); err == nil || !strings.Contains(err.Error(), "h (Half): a layer class of your own") {
		t.Errorf("a layer of one's own: %v", err)
	}
	if _, err = m.Flatten(); err == nil || !strings.Contains(err.Error(), "half (Lambda)") || !strings.Contains(err.Error(), "torch.export") {
		t.Errorf("a Lambda: %v", err)
	}
}

// FuzzOlder opens models whose descriptions need not hold together: it must be an error of one line, or a config of Keras 3.
func FuzzOlder(f *testing.F) {
	files, err := filepath.Glob("../../experiments/saved/testdata/*.h5")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		root, err := hdf5.Read(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text(root, "model_config"), text(root, "training_config"), strings.HasPrefix(text(root, "keras_version"), "3."))
	}
	f.Add(`{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"batch_input_shape": [null, 4], "name": "d", "units": 2}}]}`, `{"optimizer_config": {"class_name": "SGD", "config": {"lr": 1, "decay": 0.1}}, "loss": "mse"}`, false)
	f.Fuzz(func(t *testing.T, model, training string, keras3 bool) {
		var m, c any
		if json.Unmarshal([]byte(model), &m) != nil || len(training) > 0 && json.Unmarshal([]byte(training), &c) != nil {
			return
		}
		version := "2.15.0"
		if keras3 {
			version = "3.15.1"
		}
		file := h5File(t, version, model, training)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a, err := decodeBytes(file)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; len(file) < 1<<20 && used > 1<<30 {
			t.Errorf("%d bytes of memory for a file of %d", used, len(file))
		}
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			return
		}
		if parsed, err := ParseConfig(a.Config); err == nil {
			_, _ = parsed.Flatten()
		}
	})
}
