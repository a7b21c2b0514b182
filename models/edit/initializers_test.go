package edit_test

import (
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models/edit"
)

// Fans are those of each layer's own kernel: of a dense layer its inputs, of a convolution those within its window, of a transposed one the
// inputs that reach an output, where Keras' and PyTorch's fan in counts the outputs.
func TestInitializersByFan(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{6, 6, 2},
		graph.Conv2D{Filters: 5, Kernel: graph.Square(3)}, graph.Conv2DTranspose{Filters: 7, Kernel: graph.Square(2), NoBias: true}, graph.Dense{Units: 3})
	made, changed, err := edit.InitializersByFan(m, func(inputs, in int) (kernel, bias graph.Initializer) {
		return graph.Constant{Value: float64(inputs)}, graph.Constant{Value: float64(in)}
	})
	if err != nil || len(changed) != 3 {
		t.Fatalf("changed %v: %v", changed, err)
	}
	params, err := made.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]float64{"conv2d/kernel": 18, "conv2d/bias": 18, "conv2d_transpose/kernel": 20, "dense/kernel": 7, "dense/bias": 7} {
		if got := params.Lookup(path).Values()[0]; got != want {
			t.Errorf("%s begins at %g, not %g", path, got, want)
		}
	}
	if params.Lookup("conv2d_transpose/bias") != nil {
		t.Error("a bias has come from nowhere")
	}
	separable := graph.Sequential("m", graph.Shape{6, 6, 2}, graph.SeparableConv2D{Filters: 2, Kernel: graph.Square(3)})
	if _, _, err := edit.InitializersByFan(separable, nil); err == nil || !strings.Contains(err.Error(), "separable_conv2d") {
		t.Errorf("a layer with two kernels gives %v", err)
	}
}
