package graph_test

import (
	"slices"
	"testing"

	"dcae/graph"
	"dcae/graph/graphtest"
)

// Losses and gradients have the same bits for every number of threads, here of images so large that layers are shared out.
func TestThreadsChangeNoBit(t *testing.T) {
	image := graph.Shape{48, 48, 3}
	wide := graph.Conv2D{Filters: 16, Kernel: graph.Square(3), Padding: graph.Same}
	penalized := wide
	penalized.KernelRegularizer, penalized.ActivityRegularizer = graph.Regularizer{L1: 0.01}, graph.Regularizer{L2: 0.01}
	for _, m := range []*graph.Model{
		graph.Sequential("pooling", image, wide, graph.AveragePooling2D{Pool: graph.Square(3), Strides: graph.Square(2)}, wide, graph.GlobalMaxPooling2D{}),
		graph.Sequential("enlarging", image, wide, graph.UpSampling2D{Interpolation: graph.Bilinear}, graph.ZeroPadding2D{Padding: graph.AllAround(1)}, wide, graph.Cropping2D{Cropping: graph.AllAround(2)}),
		graph.Sequential("activations", image, wide, graph.ParametricRectifier{SharedAxes: []int{1, 2}}, wide, graph.Activate{Function: graph.GELU}, wide, graph.SoftmaxLayer{}, graph.Rescaling{Scale: []float64{2}}),
		graph.Sequential("noise", image, wide, graph.Dropout{Rate: 0.2}, penalized, graph.GaussianNoise{StdDev: 0.1}),
		branching(image, unet), branching(image, squeeze), branching(image, residual), branching(image, repeatedBlock),
	} {
		t.Run(m.Nodes[0].Name+" of "+m.Name, func(t *testing.T) { compareThreads(t, m, graph.Loss{Function: graph.LogCosh}, 7, 1, 2, 3) })
	}
}

// The same for every case of a layer, in batches so large that images are shared out.
func TestThreadsChangeNoBitOfAnyLayer(t *testing.T) {
	for _, c := range slices.Concat(kerasCases(), torchCases()) {
		t.Run(c.name, func(t *testing.T) { compareThreads(t, c.model, c.loss, 1+(1<<16)/c.model.Input.Size(), 1, 3) })
	}
}

func compareThreads(t *testing.T, m *graph.Model, of graph.Loss, batch int, threads ...int) {
	t.Helper()
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	graphtest.Threads(t, m, params, of, batch, threads...)
}
