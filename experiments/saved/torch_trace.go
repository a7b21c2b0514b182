package saved

import (
	"slices"

	"dcae/graph"
	"dcae/models/torch"
	"dcae/training/dataset/npz"
)

// imageLayouts say how an image that goes into the model and one that comes out of it lie for the user: as inside, but for a model of PyTorch.
func (m *Model) imageLayouts() (takes, gives torch.Layout, err error) {
	if m.Torch != nil {
		return m.Torch.Input, m.Torch.Output, nil
	}
	shapes, err := m.Model.Shapes()
	if err != nil {
		return takes, gives, err
	}
	return plainLayout(m.Model.Input), plainLayout(shapes[len(shapes)-1]), nil
}

// Outputs are outputs of a model, one after the other as they lie inside, as an array for the user.
func (m *Model) Outputs(name string, values []float32) npz.Array {
	_, gives, _ := m.imageLayouts() // there are outputs: it has shapes
	size := max(graph.Shape(gives.Shape).Size(), 1)
	return npz.Array{Name: name, Shape: append([]int{len(values) / size}, gives.Outside()...), Float32: torch.Outward(gives, values)}
}

// plainLayout is that of an array that lies inside as it does outside.
func plainLayout(s graph.Shape) torch.Layout {
	l := torch.Layout{Shape: slices.Clone(s)}
	for axis := range s {
		l.Order = append(l.Order, axis)
	}
	return l
}

// addImages adds images that lie as inside.
func (t *tracer) addImages(name string, l torch.Layout, values []float32) {
	t.add(name, append([]int{t.n}, l.Outside()...), torch.Outward(l, values))
}

// addVariable adds values that belong to a variable.
func (t *tracer) addVariable(prefix string, v *graph.Variable, values []float32) {
	if t.saved.Torch == nil {
		t.add(prefix+v.Path(), v.Shape, values)
		return
	}
	if s := t.saved.Torch.StoredAs(v.Path()); s != nil {
		t.add(prefix+s.Name, s.Shape, torch.Outward(s.Layout, values))
	}
}

// addBuffers adds a program's buffers of floating point after some steps.
func (t *tracer) addBuffers(steps int) {
	for _, b := range t.saved.Torch.StateDict(t.saved.Params, steps) {
		if !b.IsParameter && b.Type == torch.Float32 {
			t.add("moving/"+b.Name, b.Shape, b.Float32s)
		}
	}
}
