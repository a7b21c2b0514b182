package saved

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras"
	"dcae/training"
	"dcae/training/settings"
)

// kerasObject is what Keras writes for one of its objects.
type kerasObject struct {
	Module     string      `json:"module"`
	Class      string      `json:"class_name"`
	Config     kerasConfig `json:"config"`
	Registered *string     `json:"registered_name"`
}

// kerasConfig is settings as Keras writes them, in their order.
type kerasConfig []settings.Setting

// MarshalJSON writes an object, with floats that are written as such, and null for none.
func (c kerasConfig) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, s := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		value := s.Value
		switch v := value.(type) {
		case float64:
			value = keras.Float(v)
		case []float64:
			value = keras.Floats(v)
		case training.Schedule:
			v, class := asKeras(v)
			value = kerasObject{"keras.optimizers.schedules", class, training.ScheduleSettings(v), nil}
		}
		one, err := json.Marshal(map[string]any{s.Name: value})
		if err != nil {
			return nil, errors.Wrap(err, s.Name)
		}
		b.Write(one[1 : len(one)-1])
	}
	return slices.Concat([]byte{'{'}, b.Bytes(), []byte{'}'}), nil
}

// writeOptimizer is an optimizer as Keras writes it. It fails for a value that JSON has no number for.
func writeOptimizer(o training.Optimizer) (json.RawMessage, error) {
	b, err := json.Marshal(kerasObject{"keras.optimizers", rowOf(o).class, keras3Settings(o), nil})
	return b, errors.Wrapf(err, "optimizer %v", o)
}

// keras3Settings are an optimizer's settings without those by which it computes as Keras did before 2.11.
func keras3Settings(o training.Optimizer) []settings.Setting {
	return slices.DeleteFunc(training.Settings(o), func(s settings.Setting) bool { return s.Name == "epsilon_after_root" || s.Name == "momentum_decay" })
}

// writeLoss is a loss as Keras writes it: by name, or as an object if it has settings. It fails for a loss that there is not.
func writeLoss(l graph.Loss) (json.RawMessage, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	row, all := kerasLossSettings(l)
	var what any = row.name
	if slices.ContainsFunc(all, func(s settings.Setting) bool { return !s.IsDefault }) {
		what = kerasObject{"keras.losses", row.class, all, nil}
	}
	b, err := json.Marshal(what)
	return b, errors.Wrap(err, "loss")
}

// kerasLossSettings are the loss' row, and its settings as Keras has them, but for its weight, which model.compile is given.
func kerasLossSettings(l graph.Loss) (lossRow, []settings.Setting) {
	row, all := lossSettings(l, Keras)
	if l.SumOfMeans {
		all = append(all, settings.Setting{Name: "reduction", Value: "sum"})
	}
	return row, all
}
