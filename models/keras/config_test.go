package keras

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/models/keras/hdf5"
)

func parse(t testing.TB, name string) *Model {
	t.Helper()
	m, err := ParseConfig(open(t, name).Config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// outline prints a model in a line for each layer.
func outline(m *Model, indent string, out *strings.Builder) {
	kind := "Functional"
	if m.Sequential {
		kind = "Sequential"
	}
	fmt.Fprintf(out, "%s%s %s %v in%s out%s\n", indent, kind, m.Name, m.InputShape, tensors(m.Inputs), tensors(m.Outputs))
	for _, l := range m.Layers {
		fmt.Fprintf(out, "%s  %s %s %v", indent, l.Class, l.Name, l.InputShape)
		for _, c := range l.Calls {
			fmt.Fprintf(out, " %s", tensors(c.Inputs))
		}
		out.WriteByte('\n')
		if l.Model != nil {
			outline(l.Model, indent+"    ", out)
		}
	}
}

func tensors(all []Tensor) string {
	var s []string
	for _, t := range all {
		s = append(s, fmt.Sprintf("%s:%d:%d%v", t.Layer, t.Call, t.Output, []int(t.Shape)))
	}
	return fmt.Sprint(s)
}

func TestParseConfig(t *testing.T) {
	want := map[string]string{
		"sequential": `Sequential small [-1 8 8 1] in[] out[]
  InputLayer input_layer []
  Conv2D conv2d [-1 8 8 1]
  BatchNormalization batch_normalization [-1 8 8 3]
  MaxPooling2D max_pooling2d []
  Dropout dropout []
  Conv2D conv2d_1 [-1 4 4 3]
  LeakyReLU leaky_re_lu []
  Flatten flatten [-1 2 2 2]
  Dense dense [-1 8]
  Dense dense_1 [-1 4]
  Reshape reshape []
  Conv2DTranspose conv2d_transpose [-1 4 4 1]
  Conv2D conv2d_2 [-1 8 8 2]
`,
		"nested": `Functional autoencoder [] in[x:0:0[]] out[residual:0:0[]]
  InputLayer x []
  Functional encoder [] [x:0:0[-1 8 8 1]]
    Functional encoder [] in[image:0:0[]] out[code:0:0[]]
      InputLayer image []
      Conv2D shared [-1 8 8 1] [image:0:0[-1 8 8 1]]
      Concatenate both [] [image:0:0[-1 8 8 1] shared:0:0[-1 8 8 2]]
      Conv2D after [-1 8 8 3] [both:0:0[-1 8 8 3]]
      Flatten flatten [-1 8 8 2] [after:0:0[-1 8 8 2]]
      Dense code [-1 128] [flatten:0:0[-1 128]]
  Functional decoder [] [encoder:0:0[-1 5]]
    Functional decoder [] in[code_in:0:0[]] out[reshape:0:0[]]
      InputLayer code_in []
      Dense up [-1 5] [code_in:0:0[-1 5]]
      Reshape reshape [] [up:0:0[-1 64]]
  Sequential tail [-1 8 8 1] [decoder:0:0[-1 8 8 1]]
    Sequential tail [-1 8 8 1] in[] out[]
      InputLayer input_layer []
      Conv2D tail_a [-1 8 8 1]
      BatchNormalization tail_bn [-1 8 8 2]
      Conv2D tail_b [-1 8 8 2]
  Add residual [] [x:0:0[-1 8 8 1] tail:0:0[-1 8 8 1]]
`,
		"calls": `Functional calls [] in[a:0:0[] b:0:0[]] out[out:0:0[] inner:3:0[] b:0:0[]]
  InputLayer a []
  InputLayer b []
  Functional inner [] [a:0:0[-1 6]] [b:0:0[-1 6]] [inner:1:0[-1 6]] [inner:2:0[-1 6]]
    Functional inner [] in[i:0:0[]] out[inner_dense:0:0[]]
      InputLayer i []
      Dense inner_dense [-1 6] [i:0:0[-1 6]]
  Concatenate joined [] [inner:0:0[-1 6] inner:3:0[-1 6]]
  Dropout drop [] [joined:0:0[-1 12]]
  Dense out [-1 12] [drop:0:0[-1 12]]
`,
	}
	for name, text := range want {
		var got strings.Builder
		outline(parse(t, name), "", &got)
		if diff := cmp.Diff(text, got.String()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestParseCompile(t *testing.T) {
	c := parse(t, "sequential").Compile
	if c.Optimizer.Class != "Adam" || c.Optimizer.Schedule == nil || c.Optimizer.Schedule.Class != "CosineDecay" || c.Optimizer.LearningRate != 0 {
		t.Errorf("optimizer %+v", c.Optimizer)
	}
	if diff := cmp.Diff([]Named{{Name: "mse"}}, c.Losses); diff != "" {
		t.Error(diff)
	}
	var cosine struct {
		Name   string  `json:"name"`
		First  float64 `json:"initial_learning_rate"`
		Steps  int     `json:"decay_steps"`
		Alpha  float64 `json:"alpha"`
		Target float64 `json:"warmup_target"`
		Warmup int     `json:"warmup_steps"`
	}
	if err := c.Optimizer.Schedule.Decode(&cosine); err != nil || cosine.First != 1e-3 || cosine.Steps != 100 || cosine.Target != 2e-3 || cosine.Warmup != 10 {
		t.Errorf("%+v, %v", cosine, err)
	}
	c = parse(t, "many").Compile
	if c.Optimizer.Class != "SGD" || float32(c.Optimizer.LearningRate) != 0.01 || c.Optimizer.Schedule != nil || c.Losses[0].Object.Class != "BinaryCrossentropy" {
		t.Errorf("%+v", c)
	}
	c = parse(t, "calls").Compile
	if len(c.Losses) != 3 || c.Losses[0].Object == nil || c.Losses[1].Name != "mae" || !c.Losses[2].IsNone() {
		t.Errorf("%+v", c.Losses)
	}
	if m := parse(t, "odd_names"); m.Compile != nil {
		t.Errorf("not compiled, but %+v", m.Compile)
	}
}

func TestDecodeSettings(t *testing.T) {
	type dense struct {
		Name       string  `json:"name"`
		Trainable  bool    `json:"trainable"`
		DType      Named   `json:"dtype"`
		Units      int     `json:"units"`
		Activation Named   `json:"activation"`
		UseBias    bool    `json:"use_bias"`
		Kernel     *Object `json:"kernel_initializer"`
		Bias       *Object `json:"bias_initializer"`
		KernelReg  *Object `json:"kernel_regularizer"`
		BiasReg    *Object `json:"bias_regularizer"`
		KernelCon  *Object `json:"kernel_constraint"`
		BiasCon    *Object `json:"bias_constraint"`
		Quantized  *Object `json:"quantization_config"`
	}
	m := parse(t, "calls")
	out, inner := m.Layers[5], m.Layers[2].Model.Layers[1]
	var d dense
	if err := out.Decode(&d); err != nil {
		t.Fatal(err)
	}
	if d.Units != 2 || d.Activation.Name != "gelu" || d.Kernel.Class != "RandomNormal" || d.KernelReg.Class != "L2" || d.BiasReg != nil || !d.Trainable {
		t.Errorf("%+v", d)
	}
	if name, err := d.DType.DType(); name != "float32" || err != nil {
		t.Error(name, err)
	}
	if err := inner.Decode(&d); err != nil || d.Activation.Object == nil || d.Activation.Object.Class != "LeakyReLU" {
		t.Errorf("%+v, %v", d, err)
	}
	var few struct {
		Name string `json:"name"`
	}
	if err := out.Decode(&few); err == nil || !strings.Contains(err.Error(), "settings of Dense") || !strings.Contains(err.Error(), "trainable") {
		t.Errorf("a setting without a field: %v", err)
	}
}

func TestNamed(t *testing.T) {
	for text, want := range map[string]Named{
		`null`:   {},
		`"relu"`: {Name: "relu"},
		`{"module": "builtins", "class_name": "function", "config": "mean_squared_error", "registered_name": "function"}`: {Name: "mean_squared_error"},
		`{"module": "keras.losses", "class_name": "MeanSquaredError", "config": {}, "registered_name": null}`:             {Object: &Object{Class: "MeanSquaredError", Module: "keras.losses", Settings: []byte("{}")}},
	} {
		var got Named
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Error(text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(text, diff)
		}
	}
	for _, text := range []string{`1`, `[]`, `{}`, `{"class_name": "function", "config": {}}`, `{"class_name": "X", "config": {}, "more": 1}`} {
		if err := json.Unmarshal([]byte(text), &Named{}); err == nil {
			t.Errorf("%s read without an error", text)
		}
	}
	mixed := Named{Object: &Object{Class: "QuantizedDTypePolicy", Settings: []byte("{}")}}
	if _, err := mixed.DType(); err == nil {
		t.Error("a dtype policy that is not known")
	}
}

func TestShape(t *testing.T) {
	var s Shape
	if err := json.Unmarshal([]byte(`[null, 8, 0]`), &s); err != nil || !cmp.Equal(s, Shape{Unknown, 8, 0}) {
		t.Error(s, err)
	}
	for _, text := range []string{`[-2]`, `[1.5]`, `["a"]`, `{}`, `[1e99]`} {
		if err := json.Unmarshal([]byte(text), &s); err == nil {
			t.Errorf("%s read as %v", text, s)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	calls := string(open(t, "calls").Config)
	changed := func(old, replacement string) string {
		if !strings.Contains(calls, old) {
			t.Fatalf("config has no %s", old)
		}
		return strings.Replace(calls, old, replacement, 1)
	}
	deep := `{"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": []}}`
	for range maxNesting + 1 {
		deep = `{"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": [` + deep + `]}}`
	}
	tests := map[string]struct{ config, what string }{
		"empty":             {``, "JSON"},
		"list":              {`[]`, "a list stands where an object belongs"},
		"null":              {`null`, "class_name"},
		"two values":        {calls + "{}", "more after the end"},
		"subclassed":        {`{"module": "__main__", "class_name": "VAE", "registered_name": "VAE", "config": {}}`, "class \"VAE\""},
		"user's Sequential": {`{"module": null, "class_name": "Sequential", "registered_name": "Custom>Sequential", "config": {}}`, "not supported"},
		"unknown field":     {changed(`"build_config"`, `"quantum_config"`), "quantum_config"},
		"unknown setting":   {changed(`"input_layers"`, `"input_players"`), "input_players"},
		"no such layer":     {changed(`["joined", 0, 0]`, `["disjoined", 0, 0]`), "no layer \"disjoined\""},
		"no such call":      {changed(`["inner", 3, 0]`, `["inner", 4, 0]`), "no call 4"},
		"no such call out":  {changed(`["inner", 4, 0]`, `["inner", 5, 0]`), "no call 4"},
		"negative call":     {changed(`["joined", 0, 0]`, `["joined", -1, 0]`), "no call -1"},
		"negative output":   {changed(`["joined", 0, 0]`, `["joined", 0, -1]`), "output -1"},
		"long reference":    {changed(`["joined", 0, 0]`, `["joined", 0, 0, 0]`), "no reference"},
		"constant":          {changed(`"args": [`, `"args": [2.0, `), "is no tensor"},
		"named tensor":      {changed(`{"training": true}`, `{"mask": {"class_name": "__keras_tensor__"}}`), "by position"},
		"Keras 2 node":      {changed(`"inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 6], "dtype": "float32", "keras_history": ["i", 0, 0]}}], "kwargs": {}}]`, `"inbound_nodes": [[["i", 0, 0, {}]]]`), "as Keras 3"},
		"two names":         {changed(`"name": "joined", "inbound`, `"name": "disjoined", "inbound`), "is named"},
		"same name":         {changed(`"name": "b", "optional": false}, "registered_name": null, "name": "b"`, `"name": "a", "optional": false}, "registered_name": null, "name": "a"`), "two layers"},
		"dict of outputs":   {changed(`"output_layers": [["out", 0, 0], ["inner", 4, 0], ["b", 0, 0]]`, `"output_layers": {"o": ["out", 0, 0]}`), "not dicts"},
		"no rate":           {changed(`"learning_rate": `, `"learning_rate": true, "rate": `), "learning rate true"},
		"loss":              {changed(`"mae"`, `3`), "loss"},
		"deep":              {deep, "nested deeper"},
		"call in a Sequential": {`{"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": [{"module": "keras.layers", "class_name": "ReLU", "config": {"name": "r"},
			"inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [1], "dtype": "float32", "keras_history": ["r", 0, 0]}}], "kwargs": {}}]}]}}`, "inbound_nodes"},
	}
	for name, tt := range tests {
		if m, err := ParseConfig([]byte(tt.config)); err == nil || m != nil || !strings.Contains(err.Error(), tt.what) {
			t.Errorf("%s: error %v does not say %q", name, err, tt.what)
		}
	}
}

// TestWeightPaths checks the paths by the layer's name, which Keras stores with the variables.
func TestWeightPaths(t *testing.T) {
	for _, name := range models {
		a := open(t, name)
		if n := checkPaths(t, parse(t, name), a.Weights); n < 3 {
			t.Errorf("%s: only %d layers found", name, n)
		}
	}
}

func checkPaths(t *testing.T, m *Model, stored *hdf5.Group) (found int) {
	for i, path := range m.WeightPaths() {
		l := m.Layers[i]
		if path == "" {
			if l.Class != "InputLayer" {
				t.Errorf("no path for %s", l.Name)
			}
			continue
		}
		g := stored.Group(path)
		if g == nil {
			t.Errorf("%s: nothing is stored at %s", l.Name, path)
			continue
		}
		if name := g.Attribute("name"); name == nil || !cmp.Equal(name.Data, []string{l.Name}) {
			t.Errorf("at %s is %v, not %s", path, name, l.Name)
		}
		found++
		if l.Model != nil {
			found += checkPaths(t, l.Model, stored.Group(strings.TrimSuffix(path, "/vars")))
		}
	}
	return found
}

func TestSnakeCase(t *testing.T) {
	for class, want := range map[string]string{"Conv2D": "conv2d", "Conv2DTranspose": "conv2d_transpose", "ReLU": "re_lu", "PReLU": "p_re_lu", "ELU": "elu",
		"LeakyReLU": "leaky_re_lu", "UpSampling2D": "up_sampling2d", "GlobalAveragePooling2D": "global_average_pooling2d", "InputLayer": "input_layer", "Functional": "functional"} {
		if got := snakeCase(class); got != want {
			t.Errorf("%s becomes %s, Keras makes it %s", class, got, want)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, name := range models {
		f.Add([]byte(open(f, name).Config))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer limitMemory(t, b)()
		m, err := ParseConfig(b)
		if err != nil {
			return
		}
		if paths := m.WeightPaths(); len(paths) != len(m.Layers) {
			t.Errorf("%d paths for %d layers", len(paths), len(m.Layers))
		}
	})
}
