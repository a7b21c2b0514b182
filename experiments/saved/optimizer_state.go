package saved

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"

	"dcae/models/keras/hdf5"
	"dcae/training"
)

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

// readKeras2State reads the optimizer's variables as Keras 2 names them: Adam/m/conv2d/kernel:0, or Adam/conv2d/kernel/m:0 before 2.11. Arrays
// that the optimizer has no use for are passed over; it starts afresh, with a warning, where it lacks some.
func (m *Model) readKeras2State(given []*hdf5.Dataset) error {
	if len(given) < 2 {
		return nil // it never took a step, or has no state
	}
	updater, err := training.NewUpdater(m.Optimizer, m.Params.Trainable(), nil)
	if err != nil {
		return err
	}
	state := updater.State()
	if state.Iterations, err = wholeNumber(given[0]); err != nil { // before Keras 2.4 some had none, and the arrays no names
		m.warn("the file does not say how many steps the optimizer took: it starts afresh")
		return nil
	}
	older := strings.HasSuffix(given[0].Name, "/iter:0")
	known, arrays := rowOf(m.Optimizer).slots, map[string][]*hdf5.Dataset{}
	for _, d := range given[1:] {
		path, _, _ := strings.Cut(d.Name, ":")
		parts := strings.Split(path, "/")
		at := min(1, len(parts)-1)
		if older {
			at = len(parts) - 1
		}
		name := known[parts[at]]
		arrays[name] = append(arrays[name], d)
	}
	for _, slot := range state.Slots {
		if nadam, ok := m.Optimizer.(training.Nadam); ok && slot.Variable == "" {
			slot.Values[0] = float32(nadam.MomentumProduct(state.Iterations)) // which Keras 2 does not keep
			continue
		}
		all := arrays[slot.Name]
		if len(all) == 0 {
			m.warn("the file lacks the optimizer's %s of %s: it starts afresh", slot.Name, slot.Variable)
			return nil
		}
		values, err := all[0].Float32s()
		if err != nil {
			return errors.WithMessagef(err, "optimizer's %s of %s", slot.Name, slot.Variable)
		}
		if len(values) != len(slot.Values) {
			m.warn("the optimizer's %s of %s has %d values in the file, not %d: it starts afresh", slot.Name, slot.Variable, len(values), len(slot.Values))
			return nil
		}
		copy(slot.Values, values)
		arrays[slot.Name] = all[1:]
	}
	m.State = &state
	return nil
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
