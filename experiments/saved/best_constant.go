package saved

import (
	"dcae/experiments/outcome"
	"dcae/graph"
	"dcae/training"
)

// FromBestConstant says what the constant output is called that a loss likes best, and how far from it the mean of the outputs is that e has
// scored, as a squared distance in the unit of FVU. train are the training images, of size values each, and mean is their mean target. For a
// loss that the model computes itself it is not known: "". It fails where images cannot be read.
func FromBestConstant(e *training.Evaluator, loss graph.Loss, train training.Source, size int, mean []float32) (best outcome.Outcome, distance float64, err error) {
	switch {
	case loss.Function == graph.Given:
		return "", 0, nil
	case loss.Function == "", loss.Function == graph.MeanSquaredError, loss.IsCrossEntropy() && loss.LabelSmoothing == 0:
		return outcome.MeanImage, e.Distance(e.MeanOutput(), mean), nil
	}
	constant, err := training.BestConstant(loss, train, size)
	if err != nil {
		return "", 0, err
	}
	distance = e.Distance(e.MeanOutput(), constant)
	switch {
	case loss.Function == graph.MeanAbsoluteError:
		return outcome.MedianImage, distance, nil
	case e.Distance(constant, mean) <= outcome.Near: // huber of small errors is the squared error
		return outcome.MeanImage, distance, nil
	}
	return outcome.BestConstant, distance, nil
}
