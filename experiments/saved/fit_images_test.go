package saved_test

import (
	"path/filepath"
	"strings"
	"testing"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
)

func setOf(t *testing.T, x, y []int) *dataset.Set {
	t.Helper()
	var arrays []npz.Array
	for name, axes := range map[string][]int{"x": x, "y": y} {
		if axes == nil {
			continue
		}
		a := npz.Array{Name: name, Shape: append([]int{10}, axes...)}
		a.Float32 = make([]float32, graph.Shape(a.Shape).Size())
		arrays = append(arrays, a)
	}
	path := filepath.Join(t.TempDir(), "set.npz")
	if err := npz.Write(path, arrays); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(path, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestFitImagesInPlanes flattens images as PyTorch does, all of one channel after the other, and makes images of such vectors.
func TestFitImagesInPlanes(t *testing.T) {
	values := make([]float32, 10*24)
	for i := range values {
		values[i] = float32(i)
	}
	read := func(model *graph.Model, axes ...int) []float32 {
		path := filepath.Join(t.TempDir(), "set.npz")
		if err := npz.Write(path, []npz.Array{{Name: "x", Shape: append([]int{10}, axes...), Float32: values}}); err != nil {
			t.Fatal(err)
		}
		set, err := dataset.Open(path, dataset.Options{ChannelsFirst: true})
		if err != nil {
			t.Fatal(err)
		}
		if set, _, err = saved.FitImages(model, set, false); err != nil {
			t.Fatal(err)
		}
		if again, _, err := saved.FitImages(model, set, false); err != nil || again.Shape() != set.Shape() {
			t.Errorf("fitted twice: %v, %v", again.Shape(), err)
		}
		image := make([]float32, 24)
		set.Train.Read(image, []int{0})
		return image
	}
	flat := read(graph.Sequential("m", graph.Shape{24}, graph.Identity{}), 3, 2, 4)
	image := read(graph.Sequential("m", graph.Shape{2, 4, 3}, graph.Identity{}), 24)
	for i := range flat {
		channel, pixel := i/8, i%8
		if flat[i] != flat[0]+float32(i) || image[pixel*3+channel] != image[0]+float32(i) {
			t.Fatalf("value %d: %v of the vector, %v of the image", i, flat, image)
		}
	}
}

func TestFitImages(t *testing.T) {
	same := func(input ...int) *graph.Model { return graph.Sequential("m", input, graph.Identity{}) }
	flat := func(input ...int) *graph.Model { return graph.Sequential("m", input, graph.Flatten{}) }
	gray := func(input ...int) *graph.Model {
		return graph.Sequential("m", input, graph.Conv2D{Filters: 1, Kernel: graph.Square(1)})
	}
	for _, c := range []struct {
		name    string
		model   *graph.Model
		x, y    []int
		resized bool
		targets bool
		note    string // that one of the notes holds
		err     string // that the error holds
	}{
		{name: "as they are", model: same(6, 4, 3), x: []int{6, 4, 3}},
		{name: "without a channel axis", model: same(6, 4), x: []int{6, 4}},
		{name: "with one that the model lacks", model: same(6, 4), x: []int{6, 4, 1}},
		{name: "flattened", model: same(24), x: []int{6, 4}, note: "flattened to the 24 values"},
		{name: "from a vector", model: same(6, 4, 1), x: []int{24}, note: "taken as the model's 6x4x1"},
		{name: "a flat output", model: flat(6, 4, 1), x: []int{6, 4}},
		{name: "targets", model: gray(6, 4, 3), x: []int{6, 4, 3}, y: []int{6, 4}, targets: true},
		{name: "targets that are passed over", model: same(6, 4, 3), x: []int{6, 4, 3}, y: []int{10}, note: "targets of 1x10x1 are passed over"},
		{name: "size", model: same(6, 4, 1), x: []int{8, 8}, err: "--resize 6x4 brings them to that size"},
		{name: "size, chosen", model: same(6, 4, 1), x: []int{8, 8}, resized: true, err: "after --resize: give --resize 6x4"},
		{name: "grey", model: same(6, 4, 3), x: []int{6, 4}, err: "np.repeat(x, 3, axis=-1)"},
		{name: "colour", model: same(6, 4, 1), x: []int{6, 4, 3}, err: "build the model for 3"},
		{name: "no autoencoder", model: gray(6, 4, 3), x: []int{6, 4, 3}, err: "an autoencoder must give back what it is given"},
		{name: "other targets", model: gray(6, 4, 3), x: []int{6, 4, 3}, y: []int{5}, err: "makes 6x4x1, but the targets are 1x5x1"},
	} {
		set, notes, err := saved.FitImages(c.model, setOf(t, c.x, c.y), c.resized)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case set.Train.HasTargets() != c.targets:
			t.Errorf("%s: targets %t, want %t", c.name, set.Train.HasTargets(), c.targets)
		case strings.Join(notes, " ") == "" != (c.note == "") || !strings.Contains(strings.Join(notes, " "), c.note):
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.note)
		}
	}
}
