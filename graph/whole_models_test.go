package graph_test

import (
	"testing"

	"dcae/graph"
)

// Two of the fixtures' models beside the variants under study: one with many kinds of layers, and one whose loss takes
// what goes into its last sigmoid.
var others = []struct {
	name   string
	layers []graph.Layer
	names  []string // of the layers, where they are not Keras' own
	loss   graph.Loss
}{
	{"mixed", []graph.Layer{
		graph.Conv2D{Filters: 12, Kernel: graph.Square(5), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.Tanh},
		graph.Conv2D{Filters: 20, Kernel: graph.Square(3)},
		graph.LeakyRectifier{NegativeSlope: 0.1},
		graph.AveragePooling2D{},
		graph.BatchNormalization{Momentum: 0.9, Epsilon: 1e-5},
		graph.Conv2D{Filters: 8, Kernel: graph.Square(1), Activation: graph.ELU, NoBias: true},
		graph.Conv2DTranspose{Filters: 16, Kernel: graph.Square(4), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.SELU},
		graph.UpSampling2D{},
		graph.Conv2D{Filters: 6, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Softplus},
		graph.Conv2DTranspose{Filters: 4, Kernel: graph.Square(5), Activation: graph.Swish},
		graph.Conv2D{Filters: 1, Kernel: graph.Square(1)},
	}, nil, graph.MSE},
	{"functional", []graph.Layer{
		graph.Conv2D{Filters: 16, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same},
		graph.BatchNormalization{},
		graph.Rectifier{},
		graph.Conv2D{Filters: 32, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU},
		graph.Flatten{},
		graph.Dense{Units: 24},
		graph.Dense{Units: 7 * 7 * 32, Activation: graph.ReLU},
		graph.Reshape{Target: graph.Shape{7, 7, 32}},
		graph.Conv2DTranspose{Filters: 16, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU},
		graph.Conv2DTranspose{Filters: 1, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.Sigmoid},
	}, []string{"enc_conv1", "enc_bn1", "enc_relu1", "enc_conv2", "flat", "code", "dec_dense", "shape", "dec_up1", "dec_up2"}, graph.Loss{Function: graph.BinaryCrossentropy}},
}

func TestOtherModelsAgreeWithKeras(t *testing.T) {
	for _, c := range others {
		for _, precision := range []graph.Precision{graph.Float32, graph.Float64} {
			name := c.name + map[graph.Precision]string{graph.Float32: "/float32", graph.Float64: "/float64"}[precision]
			t.Run(name, func(t *testing.T) {
				f := readFixture(t, c.name)
				m := graph.Sequential(c.name, graph.Shape{28, 28, 1}, c.layers...)
				for i, n := range c.names {
					m.Nodes[i].Name = n
				}
				params := start(t, f, m, precision)
				p, err := graph.NewTraining(m, params, c.loss, graph.Options{Batch: 8, KeepActivations: true})
				check(t, err)
				defer p.Close()
				check(t, p.SetInputs(f.values(t, "x"), f.values(t, "target")))
				loss, err := p.Step(8)
				check(t, err)
				within(t, "loss", []float64{loss}, f.values(t, "loss"), 1e-5)
				within(t, "y_train", values(p.Activation(len(m.Nodes)-1)), f.values(t, "y_train"), 1e-5)
				var all []float64
				for _, v := range params.Trainable() {
					all = append(all, f.values(t, "grad/"+v.Path())...)
				}
				for i, v := range params.Trainable() {
					withinEither(t, "grad/"+v.Path(), values(p.Gradient(i)), f.values(t, "grad/"+v.Path()), 1e-4, 1e-5*norm(all))
				}
				for i, n := range m.Nodes {
					if _, there := f["act/"+n.Name]; there {
						within(t, "act/"+n.Name, values(p.Activation(i)), f.values(t, "act/"+n.Name), 1e-5)
						within(t, "actgrad/"+n.Name, values(p.Derivative(i)), f.values(t, "actgrad/"+n.Name), 1e-4)
					}
				}
			})
		}
	}
}
