package keras

import (
	"encoding/json"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras/hdf5"
	"dcae/training/plainjson"
)

// version is the Keras whose formats are written.
const version = `{"keras_version": "3.15.1"}`

// NewArchive is the file of a model: its config, all variables of params, and the optimizer's if the config has one. It fails as
// [ParseConfig] and [Weights] do.
func NewArchive(config json.RawMessage, params *graph.Params, optimizer []*hdf5.Dataset) (*Archive, error) {
	m, err := ParseConfig(config)
	if err != nil {
		return nil, err
	}
	weights, err := Weights(m, params, optimizer)
	if err != nil {
		return nil, err
	}
	return &Archive{Config: config, Metadata: json.RawMessage(version), Weights: weights}, nil
}

// WithCompile is config with other compile settings: the optimizer and the loss, each as Keras writes it. What else was in
// them, such as metrics, stays. The loss is multiplied by weight; 0 and 1 leave it as it is. It fails where config is no JSON object.
func WithCompile(config, optimizer, loss json.RawMessage, weight float64) (json.RawMessage, error) {
	var model map[string]json.RawMessage
	if err := plainjson.Decode(config, &model); err != nil {
		return nil, errors.Wrap(err, configName)
	}
	compile := map[string]json.RawMessage{}
	if old := model["compile_config"]; isSet(old) {
		if err := plainjson.Decode(old, &compile); err != nil {
			return nil, errors.Wrap(err, "compile_config")
		}
	}
	if len(compile) == 0 {
		compile = map[string]json.RawMessage{
			"loss_weights": json.RawMessage("null"), "metrics": json.RawMessage("null"), "weighted_metrics": json.RawMessage("null"),
			"run_eagerly": json.RawMessage("false"), "steps_per_execution": json.RawMessage("1"), "jit_compile": json.RawMessage("false"),
		}
	}
	compile["optimizer"], compile["loss"], compile["loss_weights"] = optimizer, loss, json.RawMessage("null")
	if weight != 0 && weight != 1 {
		text, err := json.Marshal(Float(weight))
		if err != nil {
			return nil, errors.Wrap(err, "loss_weights")
		}
		compile["loss_weights"] = text
	}
	b, err := json.Marshal(compile)
	if err != nil {
		return nil, errors.Wrap(err, "compile_config")
	}
	model["compile_config"] = b
	b, err = json.Marshal(model)
	return b, errors.Wrap(err, configName)
}
