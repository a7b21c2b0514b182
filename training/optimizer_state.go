package training

import (
	"github.com/pkg/errors"

	"dcae/graph"
)

// OptimizerState is what an optimizer remembers from step to step.
type OptimizerState struct {
	Iterations   int     // steps taken
	LearningRate float64 // as [Plateau] left it, default the optimizer's; without meaning under a schedule
	Slots        []Slot  // in the order of Keras' optimizer variables, after iteration and learning rate
}

// Slot is one array of an optimizer's state.
type Slot struct {
	Variable string    // path LAYER/NAME of the variable that it belongs to; empty for a number that all share
	Name     string    // as Keras calls it: momentum, velocity, velocity_hat, ...
	Values   []float32 // in the variable's layout
}

// slotsOf names one array for each variable.
func slotsOf(name string, variables []*graph.Variable, values [][]float32) []Slot {
	out := make([]Slot, len(variables))
	for i, v := range variables {
		out[i] = Slot{v.Path(), name, values[i]}
	}
	return out
}

// interleave takes one slot from each list in turn.
func interleave(a, b []Slot) []Slot {
	var out []Slot
	for i := range a {
		out = append(out, a[i], b[i])
	}
	return out
}

func (s OptimizerState) clone() OptimizerState {
	slots := make([]Slot, len(s.Slots))
	for i, slot := range s.Slots {
		slots[i] = Slot{slot.Variable, slot.Name, append([]float32(nil), slot.Values...)}
	}
	s.Slots = slots
	return s
}

// set copies a state of the same optimizer on the same variables into the memory of s.
func (s OptimizerState) set(from OptimizerState) error {
	if len(from.Slots) != len(s.Slots) {
		return errors.Errorf("the optimizer keeps %d arrays, the state has %d", len(s.Slots), len(from.Slots))
	}
	for i, own := range s.Slots {
		slot := from.Slots[i]
		if slot.Variable != own.Variable || slot.Name != own.Name || len(slot.Values) != len(own.Values) {
			return errors.Errorf("array %d of the optimizer's state is %s of %q with %d values, not %s of %q with %d",
				i, slot.Name, slot.Variable, len(slot.Values), own.Name, own.Variable, len(own.Values))
		}
	}
	for i, own := range s.Slots {
		copy(own.Values, from.Slots[i].Values)
	}
	return nil
}

func zerosLike(variables []*graph.Variable) [][]float32 { return filledLike(variables, 0) }

func filledLike(variables []*graph.Variable, value float32) [][]float32 {
	out := make([][]float32, len(variables))
	for i, v := range variables {
		out[i] = graph.NewValues(v.Shape.Size())
		if value != 0 {
			for k := range out[i] {
				out[i][k] = value
			}
		}
	}
	return out
}
