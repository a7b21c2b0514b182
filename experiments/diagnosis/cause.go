package diagnosis

// Cause is what is to blame.
type Cause string

// The causes, in the order that decides where nothing else does.
const (
	DataQuality      Cause = "data_quality"
	DataSplit        Cause = "data_split"    // held-out images are of another kind than training images
	DataQuantity     Cause = "data_quantity" // too few images: it fits them, and no others
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
	BatchSize        Cause = "batch_size"
	Frozen           Cause = "frozen" // layers that are not trained
	Capacity         Cause = "capacity"
	Depth            Cause = "depth"
	Unknown          Cause = "unknown" // of aids that say nothing about a cause
)

var causeOrder = []Cause{
	DataQuality, DataSplit, DataScale, OutputRange, Loss, LearningRateHigh, LearningRateLow, Initialization, Activation, Optimizer, Regularization, Clipping,
	BatchNorm, BatchSize, Frozen, Capacity, Depth, DataQuantity, Unknown,
}
