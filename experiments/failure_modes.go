package experiments

import (
	"dcae/models"
	"dcae/training"
)

// failureModes shows two ways to fail and the cure as commonly printed.
func failureModes() Study {
	return Study{
		Name:     "failure-modes",
		Question: "Why does a deep convolutional autoencoder not learn?",
		Data:     "mnist",
		Groups: []Group{{
			Name: "variants", Control: "improved",
			Arms: []Arm{
				{
					Name: "sigmoid", Factors: []string{"activation", "decoder", "batch normalization", "initialization"},
					Model: models.Sigmoid(), Optimizer: training.Adam{LearningRate: 0.001}, FullEpochs: 10,
				},
				{
					Name: "highlr", Factors: []string{"learning rate", "batch normalization", "initialization"},
					Model: models.HighLR(), Optimizer: training.Adam{LearningRate: 0.1}, FullEpochs: 10,
				},
				{
					Name: "improved", Model: models.Improved(), Optimizer: training.Adam{LearningRate: 0.001}, FullEpochs: 50,
				},
			},
		}},
		Budget: Budget{Seeds: []uint64{1, 2, 3, 4, 5}, Epochs: 8, Images: 6000, Batch: 32, ValidationImages: 1000},
	}
}
