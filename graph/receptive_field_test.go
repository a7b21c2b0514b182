package graph_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
)

// TestReceptiveFieldIsWhatMovesAnOutput changes one pixel of the input at a time and looks which outputs change.
func TestReceptiveFieldIsWhatMovesAnOutput(t *testing.T) {
	image, sequence := graph.Shape{13, 11, 1}, graph.Shape{23, 1}
	conv1 := graph.Conv1D{Filters: 2, Kernel: 3, Dilation: 2, Padding: graph.Causal}
	conv := graph.Conv2D{Filters: 2, Kernel: graph.Size{H: 3, W: 2}, Padding: graph.Same}
	for name, layers := range map[string][]graph.Layer{
		"convolution":     {conv},
		"dilated":         {graph.Conv2D{Filters: 1, Kernel: graph.Square(3), Dilation: graph.Size{H: 2, W: 1}}, conv},
		"strided":         {graph.Conv2D{Filters: 2, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same}, conv, graph.AveragePooling2D{}},
		"transposed":      {graph.AveragePooling2D{Padding: graph.Same}, graph.Conv2DTranspose{Filters: 1, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same}, conv},
		"nearest":         {graph.AveragePooling2D{Pool: graph.Square(3), Strides: graph.Square(2)}, graph.UpSampling2D{Factor: graph.Size{H: 2, W: 3}}},
		"bilinear":        {graph.AveragePooling2D{}, graph.UpSampling2D{Factor: graph.Size{H: 2, W: 3}, Interpolation: graph.Bilinear}},
		"border":          {graph.ZeroPadding2D{Padding: graph.AllAround(2)}, conv, graph.Cropping2D{Cropping: graph.Margins{Top: 1, Right: 2}}, graph.Dense{Units: 2}},
		"fully connected": {conv, graph.AveragePooling2D{Pool: graph.Square(4)}, graph.Flatten{}, graph.Dense{Units: 3}},
		"depthwise":       {conv, graph.DepthwiseConv2D{Kernel: graph.Size{H: 2, W: 3}, Strides: graph.Square(2), Multiplier: 2}, graph.SeparableConv2D{Filters: 1, Kernel: graph.Square(3), Padding: graph.Same}},
		"grouped":         {conv, graph.Conv2D{Filters: 4, Kernel: graph.Square(3), Groups: 2, Margins: graph.Margins{Top: 2, Left: 1}}, conv},
		"with holes":      {graph.Conv2DTranspose{Filters: 1, Kernel: graph.Size{H: 3, W: 2}, Strides: graph.Square(2), Dilation: graph.Size{H: 2, W: 3}, Margins: graph.AllAround(1)}, conv},
		"taken":           {conv, graph.Slice{Axis: 1, Start: 2, Step: 3}, conv, graph.Take{Axis: -2, Indices: []int{3, 1, 2}}, conv, graph.Slice{Axis: 3, Start: 1}},
		"repeated":        {conv, graph.GlobalAveragePooling2D{KeepDims: true}, graph.BroadcastTo{Target: graph.Shape{3, 4, 2}}, conv},
		"normalized":      {conv, graph.LayerNormalization{}, graph.UnitNormalization{Axes: []int{1}}, conv, graph.RMSNormalization{Axes: []int{3}}},
		"by groups":       {conv, graph.GroupNormalization{Groups: 2}, conv},
		"permuted":        {conv, graph.AveragePooling2D{Pool: graph.Square(4)}, graph.Permute{Order: []int{3, 1, 2}}, graph.Flatten{}, graph.Dense{Units: 3}},
		"sequence":        {conv1, graph.MaxPooling1D{Padding: graph.Same}, graph.UpSampling1D{}, graph.ZeroPadding1D{Padding: graph.Ends{Before: 1}}, conv1, graph.Cropping1D{Cropping: graph.Ends{After: 2}}, graph.Dense{Units: 2}},
		"longer sequence": {graph.AveragePooling1D{Pool: 3}, graph.Conv1DTranspose{Filters: 2, Kernel: 3, Stride: 2, Padding: graph.Same}, conv1},
		"whole sequence":  {conv1, graph.GlobalMaxPooling1D{}},
	} {
		input := image
		if l := layers[0].Class(); strings.HasSuffix(l, "1D") {
			input = sequence
		}
		m := graph.Sequential("m", input, layers...)
		fields, err := m.ReceptiveFields()
		check(t, err)
		if got, want := fields[len(fields)-1], moved(t, m); got != want {
			t.Errorf("%s: %v, moved are %v", name, got, want)
		}
	}
}

// moved is the largest height and width of the input pixels that move one place of the output.
func moved(t *testing.T, m *graph.Model) graph.Size {
	t.Helper()
	params, err := m.Init(3, graph.Float64)
	check(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	for _, v := range params.Trainable() {
		values := v.Values()
		for i := range values {
			values[i] = 0.5 + r.Float64() // no sum is zero by chance
		}
		check(t, v.Set(values))
	}
	e, err := graph.NewEvaluation(m, params, graph.Options{Batch: 1})
	check(t, err)
	defer e.Close()
	output := func(x []float64) []float64 {
		check(t, e.SetInput(x))
		y, err := e.Run(1)
		check(t, err)
		return values(y)
	}
	rows, columns := 1, m.Input[0]
	if len(m.Input) == 3 {
		rows, columns = m.Input[0], m.Input[1]
	}
	x := make([]float64, m.Input.Size())
	still := output(x)
	top, bottom := make([]int, len(still)), make([]int, len(still))
	left, right := make([]int, len(still)), make([]int, len(still))
	for i := range still {
		top[i], left[i], bottom[i], right[i] = rows, columns, -1, -1
	}
	for row := range rows {
		for column := range columns {
			x[row*columns+column] = 1
			for i, y := range output(x) {
				if y != still[i] {
					top[i], bottom[i] = min(top[i], row), max(bottom[i], row)
					left[i], right[i] = min(left[i], column), max(right[i], column)
				}
			}
			x[row*columns+column] = 0
		}
	}
	for i := range still {
		bottom[i] -= top[i] - 1
		right[i] -= left[i] - 1
	}
	return graph.Size{H: slices.Max(bottom), W: slices.Max(right)}
}
