package saved

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training/dataset"
)

// FitImages is a set as a model takes it. Images may lack an axis of length 1 that the model has, or have one that it lacks, and may be
// flattened, or brought from a vector to the model's height, width and channels: their values are the same in the same order, which for a model of PyTorch
// is that of [C, H, W]. Targets that
// the model does not make are left out where it makes its input. The notes say what of this was done. It fails, with what to do, if the
// model takes or makes other shapes; resized says that the user has chosen the size of images already.
func FitImages(m *graph.Model, set *dataset.Set, resized bool) (*dataset.Set, []string, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, nil, err
	}
	var notes []string
	have := axesOf(set.Shape())
	if !sameValues(m.Input, have) {
		return nil, nil, errors.New("model " + m.Name + misfit(m.Input, have, resized))
	}
	if note := reshaped(m.Input, have); note != "" {
		notes = append(notes, note)
	}
	out := shapes[len(shapes)-1]
	if set.ChannelsFirst {
		set = set.InPlanes(inPlanes(m.Input, have), inPlanes(out, axesOf(set.Train.Targets().Shape())))
	}
	if set.Train.HasTargets() {
		target := axesOf(set.Train.Targets().Shape())
		if sameValues(out, target) {
			return set, notes, nil
		}
		if !sameValues(out, m.Input) {
			return nil, nil, errors.Errorf("model %s makes %v, but the targets are %v", m.Name, out, target)
		}
		notes = append(notes, fmt.Sprintf("The targets of %v are passed over: the model makes %v, which it is given.", target, out))
		set = set.WithoutTargets()
	}
	if !sameValues(out, m.Input) {
		return nil, nil, errors.Errorf("model %s makes %v of images of %v: an autoencoder must give back what it is given, or the data must hold targets (y and yt beside x and xt, or --target)", m.Name, out, m.Input)
	}
	return set, notes, nil
}

func axesOf(s dataset.Shape) graph.Shape { return graph.Shape{s.H, s.W, s.C} }

// inPlanes is the shape that images are brought to for a model that takes vectors of their channels' planes, or that takes images where the data has
// such vectors; of size 0 where they may stay as they are.
func inPlanes(want, have graph.Shape) dataset.Shape {
	vector := len(withoutOnes(have)) <= 1
	switch {
	case !sameValues(want, have) || len(have) != 3 || slices.Equal(withoutOnes(want), withoutOnes(have)):
	case len(withoutOnes(want)) <= 1 && have[2] > 1 && !vector:
		return dataset.Shape{H: 1, W: have.Size(), C: 1}
	case len(want) == 3 && want[2] > 1 && vector:
		return dataset.Shape{H: want[0], W: want[1], C: want[2]}
	}
	return dataset.Shape{}
}

// withoutOnes is a shape without its axes of length 1.
func withoutOnes(s graph.Shape) graph.Shape {
	return slices.DeleteFunc(slices.Clone(s), func(n int) bool { return n == 1 })
}

// sameValues tells whether one shape is the other with or without axes of length 1, or flattened.
func sameValues(a, b graph.Shape) bool {
	a, b = withoutOnes(a), withoutOnes(b)
	return slices.Equal(a, b) || a.Size() == b.Size() && (len(a) <= 1 || len(b) <= 1)
}

// reshaped says what is done to images that the model takes in another shape.
func reshaped(want, have graph.Shape) string {
	switch {
	case slices.Equal(want, have):
		return ""
	case slices.Equal(withoutOnes(want), withoutOnes(have)):
		return ""
	case len(want) == 1:
		return fmt.Sprintf("Images of %v are flattened to the %d values that the model takes.", have, want.Size())
	}
	return fmt.Sprintf("Samples of %d values are taken as the model's %v.", have.Size(), want)
}

// misfit is the rest of a sentence that begins with the model's name.
func misfit(want, have graph.Shape, resized bool) string {
	s := fmt.Sprintf(" takes %v, but the images are %v", want, have)
	if len(want) != 3 || have.Size() == have[1] {
		return s
	}
	switch {
	case want[2] == have[0] && want[0] == have[1] && want[1] == have[2]:
		return s + ": bring channels last with x.transpose(0, 2, 3, 1)"
	case want[2] != have[2] && have[2] == 1:
		return s + fmt.Sprintf(": repeat the grey channel with np.repeat(x, %d, axis=-1), or build the model for one channel", want[2])
	case want[2] != have[2]:
		return s + fmt.Sprintf(": the number of channels differs; build the model for %d", have[2])
	case resized:
		return s + fmt.Sprintf(" after --resize: give --resize %dx%d", want[0], want[1])
	}
	return s + fmt.Sprintf(": --resize %dx%d brings them to that size", want[0], want[1])
}
