package corpus

import (
	"dcae/experiments/diagnosis"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

// realCases are faults that people asked about, rebuilt on the built-in data.
func realCases() []Case {
	digits, xrays := Data{Source: "mnist"}, Data{Source: "pneumonia"}
	raw := Data{"mnist", dataset.Treatment{Scale: dataset.ScaleNone}}
	standardized := Data{"pneumonia", dataset.Treatment{Scale: dataset.ScaleStandardize}}
	flat := func(name string, code int, hidden, output graph.Activation) *graph.Model {
		return graph.Sequential(name, image, graph.Flatten{}, dense(code, hidden), dense(784, output), reshape(28, 28, 1))
	}
	cases := []Case{
		{Model: flat("adadelta", 32, graph.ReLU, sigmoid), Data: digits, Loss: bce, Optim: training.Adadelta{}, Causes: []diagnosis.Cause{diagnosis.LearningRateLow},
			Why: "github.com/tensorflow/tensorflow/issues/39432: Adadelta's default rate went from 1 to 0.001"},
		{Model: graph.Sequential("raw-pixels", image,
			convolution(16, 1, graph.ReLU), graph.MaxPooling2D{}, convolution(8, 1, graph.ReLU), graph.MaxPooling2D{},
			convolution(8, 1, graph.ReLU), graph.UpSampling2D{}, convolution(16, 1, graph.ReLU), graph.UpSampling2D{}, convolution(1, 1, sigmoid)),
			Data: raw, Loss: bce, Optim: training.Adam{}, Causes: []diagnosis.Cause{diagnosis.DataScale}, Why: "github.com/keras-team/keras/issues/3642: pixels of 0 to 255"},
		{Model: flat("softmax-output", 64, graph.ReLU, graph.Softmax), Data: digits, Loss: mse, Optim: training.Adam{}, Causes: []diagnosis.Cause{diagnosis.OutputRange},
			Why: "github.com/deeplearning4j/deeplearning4j-examples/issues/1002: a softmax at the end"},
		{Model: graph.Sequential("black-pixels", image, graph.Flatten{},
			dense(128, graph.ReLU), dense(32, graph.ReLU), dense(128, graph.ReLU), dense(784, graph.ReLU), reshape(28, 28, 1)),
			Data: xrays, Loss: mse, Optim: training.Adam{LearningRate: 0.01}, Causes: []diagnosis.Cause{diagnosis.OutputRange, diagnosis.Activation, diagnosis.LearningRateHigh},
			Why: "github.com/FluxML/model-zoo/issues/34: ReLUs to the end, whose pixels stay black for ever; a smaller rate or another activation mends it"},
		{Model: graph.Sequential("relu-on-negative", image, graph.Flatten{},
			dense(64, graph.Tanh), dense(32, graph.ReLU), dense(32, graph.Tanh), dense(784, graph.ReLU), reshape(28, 28, 1)),
			Data: standardized, Loss: mse, Optim: training.Adam{}, Causes: []diagnosis.Cause{diagnosis.OutputRange, diagnosis.DataScale},
			Why: "github.com/curiousily/Credit-Card-Fraud-Detection-using-Autoencoders-in-Keras/issues/1: a ReLU at the end, and data below 0"},
		{Model: flat("slow-sgd", 100, linear, linear), Data: digits, Loss: mse, Optim: training.SGD{LearningRate: 0.001}, Causes: []diagnosis.Cause{diagnosis.LearningRateLow},
			Why: "github.com/keras-team/keras/issues/1604: a linear autoencoder, and SGD at 0.001"},
	}
	for i := range cases {
		cases[i].Half, cases[i].Name, cases[i].Base = Real, "real/"+cases[i].Model.Name, "real"
		cases[i].Change = cases[i].Model.Name
	}
	return cases
}
