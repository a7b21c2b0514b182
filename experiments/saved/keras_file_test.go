package saved

import (
	"encoding/json"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/graph"
	"dcae/models"
	"dcae/models/keras"
	"dcae/training"
)

// small are models that Keras made, small enough to be here, with what it computed for them in float64; see
// models/keras/testdata/check_keras.py.
var small = []string{"unet_add", "nested", "shared", "frozen", "pooled", "operators", "two_tensors", "pretrained"}

func loadSaved(t *testing.T, name string) *Model {
	t.Helper()
	m, err := LoadKeras(filepath.Join("testdata", name+".keras"))
	check(t, err)
	if len(m.Warnings) > 0 {
		t.Errorf("warnings: %v", m.Warnings)
	}
	return m
}

func TestTraceOfBranchesNestingSharingAndFreezing(t *testing.T) {
	for _, name := range small {
		t.Run(name, func(t *testing.T) {
			m := loadSaved(t, name)
			want, err := readTestdata(name)
			check(t, err)
			batch, err := batchOf(want, m)
			check(t, err)
			got, err := m.Trace(batch, 20, nil)
			check(t, err)
			compareTraces(t, m.Model, got, want)
		})
	}
}

// TestOptimizerStateGoesOn takes Adam's steps 6 to 10, the first 5 having been taken by Keras, which goes on with the given
// losses.
func TestOptimizerStateGoesOn(t *testing.T) {
	m := loadSaved(t, "continued")
	if m.State == nil || m.State.Iterations != 5 {
		t.Fatalf("state %+v, want that after 5 steps", m.State)
	}
	arrays, err := readTestdata("continued")
	check(t, err)
	batch, err := batchOf(arrays, m)
	check(t, err)
	for i, want := range float64s(lookup(arrays, "losses")) {
		// each step from a file of its own
		got := takeStep(t, m, batch)
		if math.Abs(got-want) > 1e-5*want {
			t.Errorf("step %d: loss %g, in Keras %g", 6+i, got, want)
		}
		path := filepath.Join(t.TempDir(), "m.keras")
		check(t, SaveKeras(path, m))
		if m, err = LoadKeras(path); err != nil {
			t.Fatal(err)
		}
	}
}

// takeStep trains a model on a batch and keeps the optimizer's state.
func takeStep(t *testing.T, m *Model, b Batch) (loss float64) {
	t.Helper()
	n := len(b.X) / m.Model.Input.Size()
	p, err := graph.NewTraining(m.Model, m.Params, m.Loss, graph.Options{Batch: n})
	check(t, err)
	defer p.Close()
	check(t, p.SetInputs(b.X, b.Target))
	loss, err = p.Step(n)
	check(t, err)
	u, err := training.NewUpdater(m.Optimizer, m.Params.Trainable(), m.State)
	check(t, err)
	p.UpdateStatistics()
	u.Step(nil, func(i int) []float32 { return p.Gradient(i).Data().([]float32) })
	state := u.State()
	m.State = &state
	return loss
}

func TestSaveThenLoad(t *testing.T) {
	for _, name := range append(small, "continued") {
		m := loadSaved(t, name)
		path := filepath.Join(t.TempDir(), "again.keras")
		check(t, SaveKeras(path, m))
		again, err := LoadKeras(path)
		check(t, err)
		if diff := cmp.Diff(m.Model, again.Model); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(m.Params.Snapshot(), again.Params.Snapshot()); diff != "" {
			t.Errorf("%s: other values", name)
		}
		if diff := cmp.Diff(m.State, again.State); m.State != nil && diff != "" {
			t.Errorf("%s: state %s", name, diff)
		}
		if m.Optimizer.String() != again.Optimizer.String() || m.Loss != again.Loss {
			t.Errorf("%s: %v, %v was %v, %v", name, again.Optimizer, again.Loss, m.Optimizer, m.Loss)
		}
	}
}

func TestVariantsAreWrittenForKeras(t *testing.T) {
	for _, model := range []*graph.Model{models.Sigmoid(), models.HighLR(), models.Improved()} {
		params, err := model.Init(1, graph.Float32)
		check(t, err)
		m := &Model{Model: model, Params: params}
		path := filepath.Join(t.TempDir(), "m.keras")
		check(t, SaveKeras(path, m))
		again, err := LoadKeras(path)
		check(t, err)
		if diff := cmp.Diff(model.Nodes[0].Name, again.Model.Nodes[0].Name); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(params.Snapshot(), again.Params.Snapshot()); diff != "" {
			t.Errorf("%s: other values", model.Name)
		}
		if again.Optimizer.String() != (training.Adam{}).String() || again.Loss != graph.MSE {
			t.Errorf("%s: %v, %v", model.Name, again.Optimizer, again.Loss)
		}
	}
}

// TestOptimizersGoThroughAFile writes every optimizer, with settings of its own and with a schedule, and reads it.
func TestOptimizersGoThroughAFile(t *testing.T) {
	clip := training.Base{ClipNorm: 1, WeightDecay: 0.01}
	for _, o := range []training.Optimizer{
		training.SGD{}, training.SGD{LearningRate: 0.5, Momentum: 0.9, Nesterov: true, Base: clip},
		training.Adam{}, training.Adam{LearningRate: 1e-4, Beta1: training.Zero, Beta2: 0.99, Epsilon: 1e-3, AMSGrad: true},
		training.AdamW{}, training.AdamW{Base: training.Base{WeightDecay: training.Zero, GlobalClipNorm: 2}},
		training.Adamax{Beta2: 0.9}, training.Nadam{Beta1: 0.8}, training.RMSprop{Rho: training.Zero, Momentum: 0.1, Centered: true},
		training.Adagrad{InitialAccumulatorValue: training.Zero}, training.Lion{}, training.Lion{Beta2: 0.9, Base: clip}, training.Adadelta{Rho: 0.5, Base: training.Base{ClipValue: 3}},
		training.Adam{Base: training.Base{Schedule: training.ExponentialDecay{InitialLearningRate: 0.1, DecaySteps: 10, DecayRate: 0.5, Staircase: true}}},
		training.SGD{Base: training.Base{Schedule: training.InverseTimeDecay{InitialLearningRate: 0.1, DecaySteps: 10, DecayRate: 0.5}}},
		training.SGD{Base: training.Base{Schedule: training.PiecewiseConstantDecay{Boundaries: []int{3, 5}, Values: []float64{1, 0.5, 0.1}}}},
		training.SGD{Base: training.Base{Schedule: training.PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 7, EndLearningRate: training.Zero, Power: 2, Cycle: true}}},
		training.SGD{Base: training.Base{Schedule: training.CosineDecay{InitialLearningRate: 0.1, DecaySteps: 7, Alpha: 0.1, WarmupTarget: 0.5, WarmupSteps: 3}}},
		training.SGD{Base: training.Base{Schedule: training.CosineDecay{InitialLearningRate: 0.1, DecaySteps: 7}}},
		training.SGD{Base: training.Base{Schedule: training.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 7, TMul: 1.5, MMul: 0.5, Alpha: 0.1}}},
	} {
		for _, loss := range []graph.Loss{graph.MSE, {Function: graph.BinaryCrossentropy, FromLogits: true, LabelSmoothing: 0.1}, {Function: graph.Huber}} {
			model := graph.Sequential("m", graph.Shape{2, 2, 1}, graph.Dense{Units: 1})
			params, err := model.Init(1, graph.Float32)
			check(t, err)
			path := filepath.Join(t.TempDir(), "m.keras")
			check(t, SaveKeras(path, &Model{Model: model, Params: params, Optimizer: o, Loss: loss}))
			m, err := LoadKeras(path)
			check(t, err)
			if m.Optimizer.String() != o.String() || m.Loss != loss {
				t.Errorf("%v, %v became %v, %v", o, loss, m.Optimizer, m.Loss)
			}
			if m.State == nil || m.State.Iterations != 0 {
				if _, plain := o.(training.SGD); !plain {
					t.Errorf("%v: no state", o)
				}
			}
		}
	}
}

// TestWholeNumbersAreWrittenAsFloats: Keras refuses a learning rate of 1, and computes a schedule from 1 in whole numbers.
func TestWholeNumbersAreWrittenAsFloats(t *testing.T) {
	for _, c := range []struct {
		optimizer training.Optimizer
		want      string
	}{
		{training.Adadelta{LearningRate: 1, Rho: training.Zero, Base: training.Base{ClipNorm: 1e30}}, `{"learning_rate":1.0,"rho":0.0,"epsilon":1e-7,"weight_decay":null,"clipnorm":1e+30,`},
		{training.SGD{Base: training.Base{Schedule: training.PiecewiseConstantDecay{Boundaries: []int{2}, Values: []float64{3, 0.5}}}}, `"config":{"boundaries":[2],"values":[3.0,0.5]}`},
		{training.SGD{Base: training.Base{Schedule: training.ExponentialDecay{InitialLearningRate: 1, DecaySteps: 2, DecayRate: 1}}}, `{"initial_learning_rate":1.0,"decay_steps":2,"decay_rate":1.0,"staircase":false}`},
	} {
		got, err := writeOptimizer(c.optimizer)
		check(t, err)
		if !strings.Contains(string(got), c.want) {
			t.Errorf("%s does not have %s", got, c.want)
		}
	}
}

// TestLossesInAllForms reads losses as config.json may have them.
func TestLossesInAllForms(t *testing.T) {
	for _, c := range []struct {
		loss, weights string
		want          graph.Loss
		warning       string
	}{
		{`"mean_squared_error"`, `null`, graph.MSE, ""}, {`"MAE"`, `1.0`, graph.Loss{Function: graph.MeanAbsoluteError}, ""},
		{`{"output": "log_cosh"}`, `{"output": 1}`, graph.Loss{Function: graph.LogCosh}, ""},
		{`{"output": {"module": "builtins", "class_name": "function", "config": "binary_crossentropy", "registered_name": "function"}}`, `[1]`, graph.Loss{Function: graph.BinaryCrossentropy}, ""},
		{`{"module": "keras.losses", "class_name": "MeanSquaredError", "config": {"name": "x", "reduction": "mean_with_sample_weight"}}`, `null`, graph.MSE, ""},
		{`{"module": "keras.losses", "class_name": "Huber", "config": {"name": "x"}}`, `null`, graph.Loss{Function: graph.Huber}, "Huber's delta"},
		{`{"module": "keras.losses", "class_name": "BinaryCrossentropy", "config": {"from_logits": true}}`, `null`, graph.Loss{Function: graph.BinaryCrossentropy, FromLogits: true}, "from logits"},
		{`null`, `null`, graph.MSE, "without a loss"},
		{`"mse"`, `2`, graph.Loss{Function: graph.MeanSquaredError, Weight: 2}, ""}, {`["mse"]`, `[0.5]`, graph.Loss{Function: graph.MeanSquaredError, Weight: 0.5}, ""},
		{`{"module": "keras.losses", "class_name": "MeanAbsoluteError", "config": {"reduction": "sum"}}`, `{"a": 3}`, graph.Loss{Function: graph.MeanAbsoluteError, SumOfMeans: true, Weight: 3}, ""},
	} {
		m, err := withLoss(t, c.loss, c.weights)
		if err != nil {
			t.Errorf("%s: %v", c.loss, err)
			continue
		}
		if m.Loss != c.want || len(m.Warnings) != min(1, len(c.warning)) || !strings.Contains(strings.Join(m.Warnings, ""), c.warning) {
			t.Errorf("%s makes %v, warnings %q", c.loss, m.Loss, m.Warnings)
		}
	}
	for _, c := range []struct{ loss, weights, want string }{
		{`"mse"`, `0`, "loss_weights=0"}, {`["mse"]`, `[0.5, 1]`, "loss_weights=[0.5,1]"}, {`"mse"`, `{"a": -3}`, "loss_weights="}, {`"mse"`, `"much"`, "loss_weights="},
		{`{"a": "mse", "b": "mae"}`, `null`, "neither a name"},
		{`{"module": "keras.losses", "class_name": "MeanSquaredError", "config": {"reduction": null}}`, `null`, "reduction=null"},
		{`{"module": "keras.losses", "class_name": "MeanSquaredError", "config": {"reduction": "none"}}`, `null`, `reduction="none"`},
		{`{"module": "keras.losses", "class_name": "Huber", "config": {"delta": 0}}`, `null`, "delta=0"},
		{`{"module": "keras.losses", "class_name": "Huber", "config": {"delta": -1}}`, `null`, "must be positive"},
	} {
		if _, err := withLoss(t, c.loss, c.weights); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", c.loss, err, c.want)
		}
	}
}

// withLoss opens a model with another loss and loss weights.
func withLoss(t *testing.T, loss, weights string) (*Model, error) {
	t.Helper()
	a, err := keras.Open(filepath.Join("testdata", "unet_add.keras"))
	check(t, err)
	var config map[string]json.RawMessage
	check(t, json.Unmarshal(a.Config, &config))
	config["compile_config"] = json.RawMessage(`{"optimizer": {"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.1}}, "loss": ` + loss + `, "loss_weights": ` + weights + `}`)
	a.Config, err = json.Marshal(config)
	check(t, err)
	a.Weights.Group("optimizer").Groups = nil
	return openModel(a)
}

// TestCompileSettingsAreRefusedByName changes the compile settings of a model and looks for what is said of it.
func TestCompileSettingsAreRefusedByName(t *testing.T) {
	for _, c := range []struct{ optimizer, loss, want string }{
		{`{"module": "keras.optimizers", "class_name": "Ftrl", "config": {"learning_rate": 0.1}}`, `"mse"`, "optimizer Ftrl: there is no such optimizer here"},
		{`{"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": 0.1, "use_ema": true}}`, `"mape"`, "optimizer Adam: use_ema=true; loss: mape"},
		{`{"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": 0.1, "gradient_accumulation_steps": 2}}`, `"mse"`, "gradient_accumulation_steps=2"},
		{`{"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": 0.1, "spin": 2}}`, `"mse"`, "spin"},
		{`{"module": "me", "class_name": "Adam", "config": {"learning_rate": 0.1}}`, `"mse"`, "a class of your own"},
		{`{"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": {"module": "keras.optimizers.schedules", "class_name": "Mine", "config": {}}}}`, `"mse"`, "learning-rate schedule Mine"},
		{`{"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.1}}`, `{"module": "keras.losses", "class_name": "MeanSquaredError", "config": {"reduction": "none"}}`, `reduction="none"`},
		{`{"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.1}}`, `["mse", "mae"]`, "2 losses"},
		{`{"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.1}}`, `{"module": "builtins", "class_name": "__lambda__", "config": {}}`, "loss: it is a lambda of your own"},
		{`{"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.1}}`, `{"module": "builtins", "class_name": "function", "config": "mine", "registered_name": "function"}`, "loss: mine (there are mse,"},
		{`{"module": "keras.optimizers", "class_name": "LossScaleOptimizer", "config": {"inner_optimizer": {"module": "keras.optimizers", "class_name": "Ftrl", "config": {"learning_rate": 0.1}}}}`, `"mse"`, "optimizer Ftrl: there is no such optimizer here"},
		{`{"module": "keras.optimizers", "class_name": "LossScaleOptimizer", "config": {}}`, `"mse"`, "it has no inner_optimizer"},
	} {
		a, err := keras.Open(filepath.Join("testdata", "unet_add.keras"))
		check(t, err)
		a.Config, err = keras.WithCompile(a.Config, []byte(c.optimizer), []byte(c.loss), 1)
		check(t, err)
		if _, err := openModel(a); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v does not say %q", err, c.want)
		}
	}
}

// Mixed precision is read as float32, with the optimizer that Keras has wrapped for it.
func TestMixedPrecision(t *testing.T) {
	a, err := keras.Open(filepath.Join("testdata", "unet_add.keras"))
	check(t, err)
	adam := `{"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": 0.25}}`
	a.Config, err = keras.WithCompile(a.Config, []byte(`{"module": "keras.optimizers", "class_name": "LossScaleOptimizer", "config": {"name": "scaled", "inner_optimizer": `+adam+`}}`), []byte(`"mae"`), 1)
	check(t, err)
	a.Config = regexp.MustCompile(`("config": ?\{"name": ?)"float32"`).ReplaceAll(a.Config, []byte(`${1}"mixed_float16"`))
	m, err := openModel(a)
	check(t, err)
	if got := training.LearningRate(m.Optimizer); got != 0.25 || m.Loss.Function != "mae" {
		t.Errorf("rate %v, loss %v", got, m.Loss)
	}
	if !strings.Contains(strings.Join(m.Warnings, " "), "computes in mixed_float16: here it is trained in float32") {
		t.Errorf("warnings %q", m.Warnings)
	}
}

// Metrics are found as names, as objects, and in lists and dictionaries of several outputs.
func TestMetricNames(t *testing.T) {
	for settings, want := range map[string][]string{
		`{"metrics": ["accuracy", "mae"]}`: {"accuracy", "mae"},
		`{"metrics": null}`:                nil,
		`{"metrics": {"b": ["mse"], "a": [{"class_name": "BinaryAccuracy", "config": {"name": "binary_accuracy", "dtype": "float32"}}]}, "weighted_metrics": [["acc"]]}`: {"binary_accuracy", "mse", "acc"},
	} {
		if got := metricNames([]byte(settings)); !slices.Equal(got, want) {
			t.Errorf("%s: %q", settings, got)
		}
	}
}
