package diagnosis

// Cause is what is to blame.
type Cause string

// The causes, in the order that decides where nothing else does.
const (
	DataQuality      Cause = "data_quality"
	DataScale        Cause = "data_scale"
	OutputRange      Cause = "output_range"
	Loss             Cause = "loss"
	LearningRateHigh Cause = "learning_rate_high"
	LearningRateLow  Cause = "learning_rate_low"
	Initialization   Cause = "initialization"
	Activation       Cause = "activation"
	Optimizer        Cause = "optimizer"
	Regularization   Cause = "regularization"
	Clipping         Cause = "clipping"
	BatchNorm        Cause = "batch_norm" // it learns, but its moving statistics are off
	Capacity         Cause = "capacity"
	Depth            Cause = "depth"
	Unknown          Cause = "unknown" // of aids that say nothing about a cause
)

var causeOrder = []Cause{
	DataQuality, DataScale, OutputRange, Loss, LearningRateHigh, LearningRateLow, Initialization, Activation, Optimizer, Regularization, Clipping,
	BatchNorm, Capacity, Depth, Unknown,
}
