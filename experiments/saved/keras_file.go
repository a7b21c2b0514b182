// Package saved reads and writes models as files, with how they are trained, and runs what a file holds: traces, predictions, summaries.
package saved

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras"
	"dcae/models/torch"
	"dcae/training"
)

// Model is a file's model, ready to be trained, and how to train it.
type Model struct {
	Model     *graph.Model
	Params    *graph.Params
	Optimizer training.Optimizer // default Adam
	Loss      graph.Loss         // default mse

	// State is the optimizer's; nil if the file has none, so that it starts afresh.
	State *training.OptimizerState

	// The file does not say by which optimizer, or loss, the model is trained: usual ones stand in its place.
	AssumedOptimizer, AssumedLoss bool

	Metrics  []string // that the model was compiled with, by name
	Nested   bool     // there were models in the model
	Warnings []string // what is odd about the file, one sentence each

	Torch   *torch.Module // the program that it comes from; nil for a model of Keras
	Program string        // that program's file

	config json.RawMessage // as it was in the file; nil for a model that comes from elsewhere
}

// LoadKeras reads a .keras file of Keras 3, or a whole model in an HDF5 file of Keras 2 or 3. It fails where the file cannot be read or is
// damaged, and where its weights do not fit its layers. All that is not supported about its layers, optimizer and loss is named in one
// error, [keras.Unsupported].
func LoadKeras(path string) (*Model, error) {
	a, err := keras.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := openModel(a)
	return m, errors.WithMessage(err, path)
}

func openModel(a *keras.Archive) (*Model, error) {
	config, err := keras.ParseConfig(a.Config)
	if err != nil {
		return nil, err
	}
	flat, err := config.Flatten()
	var unsupported keras.Unsupported
	if err != nil && !errors.As(err, &unsupported) {
		return nil, err
	}
	optimizer, loss, others := compiled(config.Compile)
	if unsupported = append(unsupported, others...); len(unsupported) > 0 {
		return nil, unsupported
	}
	m := &Model{Model: flat.Model, Optimizer: optimizer, Loss: loss, AssumedOptimizer: config.Compile == nil, AssumedLoss: config.Compile == nil, Nested: flat.Nested, config: a.Config}
	if m.Params, m.Warnings, err = flat.Params(a.Weights); err != nil {
		return nil, err
	}
	m.Warnings = append(m.Warnings, a.Warnings...)
	if policy := config.MixedPrecision(); policy != "" {
		m.warn("the model computes in %s: here it is trained in float32, and what half precision does to it is not seen", policy)
	}
	if config.Compile == nil {
		return m, nil
	}
	m.Metrics = metricNames(config.Compile.Settings)
	m.warnOfLoss(config.Compile)
	if config.Compile.Scaled {
		return m, nil
	}
	if a.Keras2Optimizer != nil {
		return m, m.readKeras2State(a.Keras2Optimizer)
	}
	return m, m.readState(keras.Variables(a.Weights.Group(keras.OptimizerPath)))
}

// metricNames are the names of all metrics in compile_config, however they are grouped by outputs.
func metricNames(settings json.RawMessage) []string {
	var c struct {
		Metrics  any `json:"metrics"`
		Weighted any `json:"weighted_metrics"`
	}
	if json.Unmarshal(settings, &c) != nil {
		return nil // it was read before
	}
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			config, object := v["config"].(map[string]any)
			if name, ok := config["name"].(string); object && ok {
				out = append(out, name)
				return
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(v[key])
			}
		}
	}
	walk(c.Metrics)
	walk(c.Weighted)
	return out
}

// warnOfLoss tells what one may not expect of a loss.
func (m *Model) warnOfLoss(c *keras.Compile) {
	if noLoss(c) {
		m.warn("the model was compiled without a loss: it is trained by the mean squared error")
	}
	if lacksDelta(c) {
		m.warn("Keras does not write Huber's delta into its files: it is taken for 1, as Keras takes it that reads one")
	}
	if m.Loss.FromLogits {
		m.warn("the loss is taken from logits: held-out errors, FVU and pictures are of their sigmoid; what predict writes are the logits, as in Keras")
	}
}

func (m *Model) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fmt.Sprintf(format, args...))
}

// SaveKeras writes a model to a .keras file, which Keras 3 loads. A model that came from one keeps its configuration there;
// optimizer and loss are written anew. It fails for a model that Keras has no layers for, and where the file cannot be written; a file that was
// there before then stays as it was.
func SaveKeras(path string, m *Model) error {
	a, err := m.archive()
	if err != nil {
		return errors.WithMessage(err, path)
	}
	return a.Save(path)
}

func (m *Model) archive() (*keras.Archive, error) {
	config := m.config
	if config == nil {
		var err error
		if config, err = keras.Encode(m.Model); err != nil {
			return nil, err
		}
	}
	optimizer, err := writeOptimizer(m.optimizer())
	if err != nil {
		return nil, err
	}
	loss, err := writeLoss(m.Loss)
	if err != nil {
		return nil, err
	}
	if config, err = keras.WithCompile(config, optimizer, loss, m.Loss.Weight); err != nil {
		return nil, err
	}
	state, err := m.state()
	if err != nil {
		return nil, err
	}
	return keras.NewArchive(config, m.Params, state)
}

// Framework is the library that the model comes from.
func (m *Model) Framework() Framework {
	if m.Torch != nil {
		return PyTorch
	}
	return Keras
}

// optimizer is the one that the model is trained by.
func (m *Model) optimizer() training.Optimizer {
	if m.Optimizer == nil {
		return training.Adam{}
	}
	return m.Optimizer
}
