package training

import (
	"time"
)

// StepRecord is what one step was: measured before the variables changed, except for UpdateRatio.
type StepRecord struct {
	Epoch, Step  int     // both from 1; Step counts through all epochs
	Loss         float64 // of this batch
	LearningRate float64
	Layers       []LayerStep // layers with trainable variables, in the model's order
}

// LayerStep is one layer's part of a step. Norms are over all its trainable variables together.
type LayerStep struct {
	Layer        string
	GradientNorm float64 // L2. A small one alone proves nothing: Adam's step hardly depends on it
	GradientRMS  float64 // norm / sqrt(number of values), which compares layers of different size
	WeightNorm   float64 // L2, before the step
	UpdateRatio  float64 // L2 of the step really taken / WeightNorm; about 0.001 is usual, 0 means that the layer stands still
}

// EpochRecord is how an epoch ended.
type EpochRecord struct {
	Epoch     int
	Step      int     // its last one, counted through all epochs
	TrainLoss float64 // mean over the epoch's images, while the variables changed
	HeldOut   Scores
	Units     []UnitShares  // layers with units, in the model's order
	Images    int           // trained on in the time below: less than all of them where the run was resumed in this epoch
	Training  time.Duration // of the steps
	Held      time.Duration // of the evaluation
}

// UnitShares tell how much of a layer cannot answer to its input any more.
type UnitShares struct {
	Layer     string
	Dead      float64 // share of units (channels, or outputs of a dense layer) that are zero for every image
	Saturated float64 // share of values within 5% of the range from a limit of sigmoid or tanh; 0 for other activations
}

// Scores compare a model's output with the images it should print.
type Scores struct {
	MSE    float64
	FVU    float64 // squared error / squared distance from the mean training image: 0 is perfect, 1 no better than printing that
	Spread float64 // root mean square deviation of the outputs from their mean over the images, as share of the images' own
	Mean   float64 // mean of all output values
}

// Recorder is told of a run as it goes. A record's slices are valid during the call alone. An error ends the run.
type Recorder interface {
	Step(*StepRecord) error
	Epoch(*EpochRecord) error
}

// Resumable is a Recorder that can go on where a checkpoint was made; see [Resume].
type Resumable interface {
	Recorder
	// Checkpoint returns the recorder's state. What it was told before must be in its file, if it has one.
	Checkpoint() ([]byte, error)
	// Resume goes back to such a state, or to the beginning if it is nil, and forgets what was recorded since.
	Resume(state []byte) error
}
