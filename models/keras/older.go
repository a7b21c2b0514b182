package keras

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// older brings the description of a model in an HDF5 file into the form of config.json: classes get their modules, settings the names that they
// have in Keras 3, calls the form that they have there.
type older struct {
	keras2       bool     // the file is of Keras 2
	multiBackend bool     // of Keras 2 before it moved into TensorFlow
	warnings     []string // of what trains otherwise here, one sentence each
}

type dict = map[string]any

// config is config.json for a model_config and, if the model was compiled, a training_config.
func (t *older) config(model, training any) (json.RawMessage, error) {
	if t.keras2 {
		model, training = shortened(model), shortened(training)
	}
	m, ok := model.(dict)
	if !ok {
		return nil, errors.New("model_config is no object: the file is damaged")
	}
	if _, err := t.model(m, 0, 0); err != nil {
		return nil, errors.WithMessage(err, "model_config")
	}
	if training != nil {
		c, ok := training.(dict)
		if !ok {
			return nil, errors.New("training_config is no object: the file is damaged")
		}
		m["compile_config"] = t.compile(c)
	}
	b, err := json.Marshal(m)
	return b, errors.Wrap(err, "model_config")
}

// shortened writes numbers that were float32 as such: Keras 2 keeps 0.1 as 0.10000000149011612, before 2.0.6 also as an array.
func shortened(v any) any {
	switch v := v.(type) {
	case dict:
		if array := v["value"]; v["type"] == "ndarray" && len(v) == 2 {
			if list, ok := array.([]any); ok && len(list) == 1 {
				array = list[0]
			}
			return shortened(array)
		}
		for k, e := range v {
			v[k] = shortened(e)
		}
	case []any:
		for i, e := range v {
			v[i] = shortened(e)
		}
	case json.Number:
		x, err := v.Float64()
		isFraction := strings.ContainsAny(string(v), ".eE") // a whole number stays one
		if s := strconv.FormatFloat(x, 'g', -1, 32); err == nil && isFraction && float64(float32(x)) == x && !math.IsInf(x, 0) && len(s) < len(v) && strings.ContainsAny(s, ".e") {
			return json.Number(s)
		}
	}
	return v
}

// model translates a model, whose input has so many axes, the batch among them, or 0 where that is not known; it returns those of the output.
func (t *older) model(o dict, axes, depth int) (int, error) {
	if depth > maxNesting {
		return 0, errors.Errorf("models are nested deeper than %d", maxNesting)
	}
	class, _ := o["class_name"].(string)
	if list, ok := o["config"].([]any); ok && class == "Sequential" { // before Keras 2.2.3
		o["config"] = dict{"name": "sequential", "layers": list}
	}
	config, _ := o["config"].(dict)
	layers, ok := config["layers"].([]any)
	if !ok {
		return 0, errors.Errorf("a model of class %.80q without layers is not supported: %s", class, buildAs)
	}
	o["module"], o["registered_name"] = "keras", nil
	if class != "Sequential" {
		o["module"], o["class_name"], o["registered_name"] = "keras.src.models.functional", "Functional", "Functional"
	}
	all := make([]dict, len(layers))
	for i, l := range layers {
		layer, ok := l.(dict)
		if all[i] = layer; !ok {
			return 0, errors.Errorf("layer %d is no object: the file is damaged", i)
		}
		if err := t.layer(layer); err != nil {
			return 0, errors.WithMessagef(err, "layer %d", i)
		}
	}
	if class == "Sequential" {
		all = withInput(all)
		config["layers"] = all
		return t.sequential(all, axes, depth)
	}
	return t.functional(config, all, depth)
}

// withInput is a Sequential's layers with an input layer, where only the first layer says what it takes.
func withInput(layers []dict) []dict {
	var input dict
	for i, l := range layers {
		config, _ := l["config"].(dict)
		shape, ok := config["batch_shape"]
		if !ok || l["class_name"] == "InputLayer" {
			continue
		}
		delete(config, "batch_shape") // Keras 2 has it beside the input layer, too
		if name, _ := config["name"].(string); i == 0 {
			input = dict{"module": "keras.layers", "class_name": "InputLayer", "registered_name": nil, "config": dict{"batch_shape": shape, "dtype": "float32", "name": name + "_input"}}
		}
	}
	if input == nil {
		return layers
	}
	return slices.Insert(layers, 0, input)
}

// renamed are settings that have other names in Keras 3, by class.
var renamed = map[string]map[string]string{
	"LeakyReLU":  {"alpha": "negative_slope"},
	"InputLayer": {"batch_input_shape": "batch_shape"},
}

// versioned are names of classes in TensorFlow 1.
var versioned = map[string]string{"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"}

// withoutMeaning are settings that Keras 2 writes and Keras 3 does not take, by class.
var withoutMeaning = map[string][]string{
	"SeparableConv2D": {"kernel_initializer", "kernel_regularizer", "kernel_constraint"}, "SeparableConv1D": {"kernel_initializer", "kernel_regularizer", "kernel_constraint"},
	"SpatialDropout1D": {"trainable"}, "SpatialDropout2D": {"trainable"},
}

// layer translates a layer's class and settings.
func (t *older) layer(l dict) error {
	class, _ := l["class_name"].(string)
	config, ok := l["config"].(dict)
	if _, list := l["config"].([]any); !ok && !(list && class == "Sequential") {
		return errors.Errorf("%.80q without settings: the file is damaged", class)
	}
	if name := versioned[class]; name != "" {
		class, l["class_name"] = name, name
	}
	if _, own, ok := strings.Cut(class, ">"); ok { // PACKAGE>CLASS is registered by the user
		l["module"], l["registered_name"] = "", class
		class, l["class_name"] = own, own
	}
	if l["module"] == nil {
		l["module"], l["registered_name"] = "keras.layers", nil
	}
	if function, ok := t.function(class, config); ok {
		l["module"], l["class_name"], l["config"] = operations, function, config
	}
	for name, value := range config {
		if value == nil {
			delete(config, name) // it stands for the default
			continue
		}
		config[name] = t.object(name, value)
	}
	if shape, ok := config["batch_input_shape"]; ok {
		config["batch_shape"] = shape
		delete(config, "batch_input_shape")
	}
	if config["groups"] == json.Number("1") && class != "GroupNormalization" {
		delete(config, "groups") // Keras 2 has it in convolutions that have none
	}
	for _, name := range withoutMeaning[class] {
		delete(config, name)
	}
	for old, name := range renamed[class] {
		if value, ok := config[old]; ok {
			config[name] = value
			delete(config, old)
		}
	}
	if name, ok := config["name"].(string); ok {
		config["name"] = slashless(name)
	}
	if name, ok := l["name"].(string); ok {
		l["name"] = slashless(name)
	}
	return nil
}

// operations is the module of functions.
const operations = "keras.src.ops.numpy"

// functions are the names that Keras 3 has for functions of TensorFlow.
var functions = map[string]string{
	"__operators__.add": "Add", "math.add": "Add", "math.subtract": "Subtract", "math.multiply": "Multiply", "math.maximum": "Maximum", "math.minimum": "Minimum",
}

// function tells whether a layer stands for a function, as a + b does, and which one. What else its settings say than its name is taken out.
func (t *older) function(class string, config dict) (string, bool) {
	if t.keras2 {
		name, ok := config["function"].(string)
		if class != "TFOpLambda" || !ok {
			return "", false
		}
		for _, setting := range []string{"function", "trainable", "dtype"} {
			delete(config, setting)
		}
		if known := functions[name]; known != "" {
			name = known
		}
		return name, true
	}
	if _, layer := config["trainable"]; layer || config == nil {
		return "", false
	}
	switch class {
	case "InputLayer", "Sequential", "Functional":
		return "", false
	}
	return class, true
}

// slashless is a layer's name without slashes, which Keras 3 does not take.
func slashless(name string) string { return strings.ReplaceAll(name, "/", "_") }

// modules are those of objects among settings, by the end of the setting's name.
var modules = []struct{ ending, module string }{
	{"initializer", "keras.initializers"}, {"regularizer", "keras.regularizers"}, {"constraint", "keras.constraints"}, {"activation", "keras.layers"},
	{"dtype", "keras"}, {"learning_rate", "keras.optimizers.schedules"}, {"loss", "keras.losses"},
}

// object is a setting's value with its module, if it is an object.
func (t *older) object(setting string, value any) any {
	o, ok := value.(dict)
	class, named := o["class_name"].(string)
	if !ok || !named || o["module"] != nil {
		return value
	}
	for _, m := range modules {
		if strings.HasSuffix(setting, m.ending) {
			o["module"], o["registered_name"] = m.module, nil
		}
	}
	config, _ := o["config"].(dict)
	switch {
	case setting == "dtype" && class == "Policy":
		o["class_name"] = "DTypePolicy"
	case strings.HasSuffix(setting, "initializer"):
		delete(config, "dtype")
		if config["distribution"] == "normal" {
			config["distribution"] = "truncated_normal"
		}
	}
	return value
}
