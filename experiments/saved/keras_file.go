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
	"dcae/models/keras/hdf5"
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

	Compiled bool     // optimizer and loss were in the file
	Metrics  []string // that the model was compiled with, by name
	Nested   bool     // there were models in the model
	Warnings []string // what is odd about the file, one sentence each

	config json.RawMessage // as it was in the file; nil for a model that comes from elsewhere
}

// LoadKeras reads a .keras file of Keras 3. It fails where the file cannot be read or is damaged, and where its weights do not fit its layers. All
// that is not supported about its layers, optimizer and loss is named in one error, [keras.Unsupported].
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
	m := &Model{Model: flat.Model, Optimizer: optimizer, Loss: loss, Compiled: config.Compile != nil, Nested: flat.Nested, config: a.Config}
	if m.Params, m.Warnings, err = flat.Params(a.Weights); err != nil {
		return nil, err
	}
	if m.Compiled {
		m.Metrics = metricNames(config.Compile.Settings)
		m.warnOfLoss(config.Compile)
		err = m.readState(keras.Variables(a.Weights.Group(keras.OptimizerPath)))
	}
	return m, err
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

// readState reads the optimizer's variables. As in Keras, an optimizer starts afresh, with a warning, if they are not those that
// it keeps, and without one if it never took a step. It fails where a variable's values cannot be read.
func (m *Model) readState(given []*hdf5.Dataset) error {
	updater, err := training.NewUpdater(m.Optimizer, m.Params.Trainable(), nil)
	if err != nil {
		return err
	}
	state := updater.State()
	first := 1
	if !training.HasSchedule(m.Optimizer) {
		first = 2
	}
	if unused := len(given) == first && len(state.Slots) > 0; unused || len(given) == 0 {
		return nil
	}
	if len(given) != first+len(state.Slots) {
		m.warn("the optimizer has %d variables, the file %d: it starts afresh", first+len(state.Slots), len(given))
		return nil
	}
	iterations, err := wholeNumber(given[0])
	if err != nil {
		return errors.WithMessage(err, "optimizer's iterations")
	}
	state.Iterations = iterations
	if first == 2 {
		rate, err := given[1].Float32s()
		if err != nil || len(rate) != 1 {
			return errors.New("the optimizer's learning rate is no number")
		}
		state.LearningRate = shortest(float64(rate[0]))
	}
	for i, slot := range state.Slots {
		values, err := given[first+i].Float32s()
		if err != nil {
			return errors.WithMessagef(err, "optimizer's %s of %s", slot.Name, slot.Variable)
		}
		if len(values) != len(slot.Values) {
			m.warn("the optimizer's %s of %s has %d values in the file, not %d: it starts afresh", slot.Name, slot.Variable, len(values), len(slot.Values))
			return nil
		}
		copy(slot.Values, values)
	}
	m.State = &state
	return nil
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

// wholeNumber reads a scalar.
func wholeNumber(d *hdf5.Dataset) (int, error) {
	switch v := d.Data.(type) {
	case []int64:
		if len(v) == 1 && v[0] >= 0 && v[0] < 1<<53 {
			return int(v[0]), nil
		}
	case []int32:
		if len(v) == 1 && v[0] >= 0 {
			return int(v[0]), nil
		}
	}
	return 0, errors.Errorf("variable %s is no count", d.Name)
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
	if config, err = keras.WithCompile(config, optimizer, loss); err != nil {
		return nil, err
	}
	state, err := m.state()
	if err != nil {
		return nil, err
	}
	return keras.NewArchive(config, m.Params, state)
}

// optimizer is the one that the model is trained by.
func (m *Model) optimizer() training.Optimizer {
	if m.Optimizer == nil {
		return training.Adam{}
	}
	return m.Optimizer
}

// state are the optimizer's variables in Keras' order.
func (m *Model) state() ([]*hdf5.Dataset, error) {
	updater, err := training.NewUpdater(m.optimizer(), m.Params.Trainable(), m.State)
	if err != nil {
		return nil, err
	}
	state := updater.State()
	out := []*hdf5.Dataset{{Data: []int64{int64(state.Iterations)}}}
	if !training.HasSchedule(m.optimizer()) {
		out = append(out, &hdf5.Dataset{Data: []float32{float32(state.LearningRate)}})
	}
	for _, slot := range state.Slots {
		d := &hdf5.Dataset{Data: slot.Values}
		if slot.Variable != "" {
			d.Shape = m.Params.Lookup(slot.Variable).Shape
		}
		out = append(out, d)
	}
	for i, d := range out {
		d.Name = fmt.Sprint(i)
	}
	return out, nil
}
