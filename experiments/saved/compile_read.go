package saved

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras"
	"dcae/training"
)

// Compile settings of a Keras model become an optimizer and a loss. What is not supported is told in phrases, all of it.

// compiled reads them; a model that was not compiled gets Adam and the mean squared error.
func compiled(c *keras.Compile) (training.Optimizer, graph.Loss, []string) {
	if c == nil {
		return training.Adam{}, graph.MSE, nil
	}
	var unsupported []string
	optimizer, err := readOptimizer(&c.Optimizer)
	if err != nil {
		unsupported = append(unsupported, fmt.Sprintf("optimizer %s: %v", c.Optimizer.Class, err))
	}
	loss, err := readLoss(c)
	if err != nil {
		unsupported = append(unsupported, fmt.Sprintf("loss: %v", err))
	}
	return optimizer, loss, unsupported
}

// optimizerSettings are those of all Keras optimizers.
type optimizerSettings struct {
	Name             json.RawMessage `json:"name"`
	LearningRate     json.RawMessage `json:"learning_rate"`
	WeightDecay      *float64        `json:"weight_decay"`
	ClipNorm         *float64        `json:"clipnorm"`
	GlobalClipNorm   *float64        `json:"global_clipnorm"`
	ClipValue        *float64        `json:"clipvalue"`
	UseEMA           bool            `json:"use_ema"`
	EMAMomentum      float64         `json:"ema_momentum"` // these two mean nothing without use_ema
	EMAOverwrite     *int            `json:"ema_overwrite_frequency"`
	LossScaleFactor  *float64        `json:"loss_scale_factor"`
	Accumulation     *int            `json:"gradient_accumulation_steps"`
	Beta1            *float64        `json:"beta_1"`
	Beta2            *float64        `json:"beta_2"`
	Epsilon          *float64        `json:"epsilon"`
	AMSGrad          bool            `json:"amsgrad"`
	Momentum         float64         `json:"momentum"`
	Nesterov         bool            `json:"nesterov"`
	Rho              *float64        `json:"rho"`
	Centered         bool            `json:"centered"`
	FirstAccumulator *float64        `json:"initial_accumulator_value"`
}

func readOptimizer(o *keras.Optimizer) (training.Optimizer, error) {
	if !o.IsKeras() {
		return nil, errors.New("a class of your own")
	}
	var s optimizerSettings
	if err := o.Decode(&s); err != nil {
		return nil, err
	}
	switch {
	case s.UseEMA:
		return nil, errors.New("use_ema")
	case s.Accumulation != nil && *s.Accumulation != 1:
		return nil, errors.Errorf("gradient_accumulation_steps=%d", *s.Accumulation)
	case s.LossScaleFactor != nil:
		return nil, errors.Errorf("loss_scale_factor=%g", *s.LossScaleFactor)
	}
	rate := training.Exactly(shortest(o.LearningRate))
	base := training.Base{WeightDecay: given(s.WeightDecay), ClipNorm: given(s.ClipNorm), GlobalClipNorm: given(s.GlobalClipNorm), ClipValue: given(s.ClipValue)}
	if o.Schedule != nil {
		var err error
		if base.Schedule, err = readSchedule(o.Schedule); err != nil {
			return nil, err
		}
		rate = 0
	}
	optimizer := s.optimizer(o.Class, rate, base)
	if optimizer == nil {
		return nil, errors.New("there is no such optimizer here")
	}
	return optimizer, optimizer.Check()
}

// optimizer is nil for a class that is not known.
func (s *optimizerSettings) optimizer(class string, rate float64, base training.Base) training.Optimizer {
	beta1, beta2, epsilon, rho := given(s.Beta1), given(s.Beta2), given(s.Epsilon), given(s.Rho)
	switch class {
	case "SGD":
		return training.SGD{LearningRate: rate, Momentum: s.Momentum, Nesterov: s.Nesterov, Base: base}
	case "Adam":
		return training.Adam{LearningRate: rate, Beta1: beta1, Beta2: beta2, Epsilon: epsilon, AMSGrad: s.AMSGrad, Base: base}
	case "AdamW":
		if s.WeightDecay == nil {
			base.WeightDecay = training.Zero
		}
		return training.AdamW{LearningRate: rate, Beta1: beta1, Beta2: beta2, Epsilon: epsilon, AMSGrad: s.AMSGrad, Base: base}
	case "Adamax":
		return training.Adamax{LearningRate: rate, Beta1: beta1, Beta2: beta2, Epsilon: epsilon, Base: base}
	case "Nadam":
		return training.Nadam{LearningRate: rate, Beta1: beta1, Beta2: beta2, Epsilon: epsilon, Base: base}
	case "RMSprop":
		return training.RMSprop{LearningRate: rate, Rho: rho, Momentum: s.Momentum, Epsilon: epsilon, Centered: s.Centered, Base: base}
	case "Adagrad":
		return training.Adagrad{LearningRate: rate, InitialAccumulatorValue: given(s.FirstAccumulator), Epsilon: epsilon, Base: base}
	case "Adadelta":
		return training.Adadelta{LearningRate: rate, Rho: rho, Epsilon: epsilon, Base: base}
	}
	return nil
}

// given is a setting as training takes it, 0 (the default) where the file has none.
func given(x *float64) float64 {
	if x == nil {
		return 0
	}
	return training.Exactly(*x)
}

// shortest is the shortest number that is the same in float32: Keras keeps 0.001 as 0.0010000000474974513.
func shortest(x float64) float64 {
	if float64(float32(x)) != x || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', -1, 32), 64)
	if err != nil {
		return x
	}
	return short
}

// scheduleSettings are those of all Keras schedules.
type scheduleSettings struct {
	Name            json.RawMessage `json:"name"`
	Initial         float64         `json:"initial_learning_rate"`
	DecaySteps      float64         `json:"decay_steps"`
	DecayRate       float64         `json:"decay_rate"`
	Staircase       bool            `json:"staircase"`
	Boundaries      []int           `json:"boundaries"`
	Values          []float64       `json:"values"`
	End             *float64        `json:"end_learning_rate"`
	Power           *float64        `json:"power"`
	Cycle           bool            `json:"cycle"`
	Alpha           float64         `json:"alpha"`
	WarmupTarget    *float64        `json:"warmup_target"`
	WarmupSteps     float64         `json:"warmup_steps"`
	FirstDecaySteps float64         `json:"first_decay_steps"`
	TMul            *float64        `json:"t_mul"`
	MMul            *float64        `json:"m_mul"`
}

func readSchedule(o *keras.Object) (training.Schedule, error) {
	var s scheduleSettings
	if err := o.Decode(&s); err != nil {
		return nil, err
	}
	for _, steps := range []float64{s.DecaySteps, s.WarmupSteps, s.FirstDecaySteps} {
		if steps != math.Trunc(steps) || math.Abs(steps) > 1<<53 {
			return nil, errors.Errorf("learning-rate schedule %s: %g steps are no whole number", o.Class, steps)
		}
	}
	var schedule training.Schedule
	if o.IsKeras() {
		schedule = s.schedule(o.Class)
	}
	if schedule == nil {
		return nil, errors.Errorf("learning-rate schedule %s", o.Class)
	}
	return schedule, schedule.Check()
}

// schedule is nil for a class that is not known.
func (s *scheduleSettings) schedule(class string) training.Schedule {
	steps := int(s.DecaySteps)
	switch class {
	case "ExponentialDecay":
		return training.ExponentialDecay{InitialLearningRate: s.Initial, DecaySteps: steps, DecayRate: s.DecayRate, Staircase: s.Staircase}
	case "InverseTimeDecay":
		return training.InverseTimeDecay{InitialLearningRate: s.Initial, DecaySteps: steps, DecayRate: s.DecayRate, Staircase: s.Staircase}
	case "PolynomialDecay":
		return training.PolynomialDecay{InitialLearningRate: s.Initial, DecaySteps: steps, EndLearningRate: given(s.End), Power: given(s.Power), Cycle: s.Cycle}
	case "PiecewiseConstantDecay":
		return training.PiecewiseConstantDecay{Boundaries: s.Boundaries, Values: s.Values}
	case "CosineDecay":
		return training.CosineDecay{InitialLearningRate: s.Initial, DecaySteps: steps, Alpha: s.Alpha, WarmupTarget: given(s.WarmupTarget), WarmupSteps: int(s.WarmupSteps)}
	case "CosineDecayRestarts":
		return training.CosineDecayRestarts{InitialLearningRate: s.Initial, FirstDecaySteps: int(s.FirstDecaySteps), TMul: given(s.TMul), MMul: given(s.MMul), Alpha: s.Alpha}
	}
	return nil
}

// lossSettings are those of all losses that are supported.
type lossSettings struct {
	Name           json.RawMessage `json:"name"`
	Reduction      json.RawMessage `json:"reduction"` // null is one of its own: no reduction
	DType          keras.Named     `json:"dtype"`
	FromLogits     bool            `json:"from_logits"`
	LabelSmoothing float64         `json:"label_smoothing"`
	Axis           int             `json:"axis"`
	Delta          *float64        `json:"delta"`
}

// noLoss tells whether a model was compiled without a loss, with which Keras does not train it.
func noLoss(c *keras.Compile) bool {
	return len(c.Losses) == 0 || len(c.Losses) == 1 && c.Losses[0].IsNone()
}

// lacksDelta tells whether the loss is Huber's with a delta that nobody knows.
func lacksDelta(c *keras.Compile) bool {
	if len(c.Losses) != 1 || c.Losses[0].Object == nil || c.Losses[0].Object.Class != "Huber" {
		return false
	}
	var s lossSettings
	return c.Losses[0].Object.Decode(&s) == nil && s.Delta == nil
}

// neutral tells whether loss weights, if there are any, are all 1: a number, a list or an object by output.
func neutral(weights json.RawMessage) bool {
	var one float64
	var list []float64
	var byName map[string]float64
	switch {
	case len(weights) == 0:
		return true
	case json.Unmarshal(weights, &one) == nil && string(weights) != "null":
		return one == 1
	case json.Unmarshal(weights, &byName) == nil:
		list = slices.Collect(maps.Values(byName)) // none for null
	case json.Unmarshal(weights, &list) != nil:
		return false
	}
	return !slices.ContainsFunc(list, func(w float64) bool { return w != 1 })
}

func readLoss(c *keras.Compile) (graph.Loss, error) {
	if noLoss(c) {
		return graph.MSE, nil
	}
	var weights struct {
		LossWeights json.RawMessage `json:"loss_weights"`
	}
	if err := json.Unmarshal(c.Settings, &weights); err != nil {
		return graph.Loss{}, err
	}
	switch {
	case len(c.Losses) > 1:
		return graph.Loss{}, errors.Errorf("%d losses: only one", len(c.Losses))
	case !neutral(weights.LossWeights):
		return graph.Loss{}, errors.Errorf("loss_weights=%.40s: scale the learning rate instead", weights.LossWeights)
	}
	n := c.Losses[0]
	s := lossSettings{Axis: -1}
	name := n.Name
	if o := n.Object; o != nil {
		if !o.IsKeras() {
			return graph.Loss{}, errors.Errorf("%s is a class of your own", o.Class)
		}
		if err := o.Decode(&s); err != nil {
			return graph.Loss{}, err
		}
		name = o.Class
	}
	switch string(s.Reduction) {
	case "", `"sum_over_batch_size"`, `"mean"`, `"mean_with_sample_weight"`:
	default:
		return graph.Loss{}, errors.Errorf("%s with reduction=%s: only the mean", name, s.Reduction)
	}
	l := graph.Loss{FromLogits: s.FromLogits, LabelSmoothing: s.LabelSmoothing}
	if s.Delta != nil {
		if l.Delta = *s.Delta; l.Delta == 0 {
			return l, errors.Errorf("%s with delta=0, which has no gradient", name)
		}
	}
	switch name {
	case "mse", "MSE", "mean_squared_error", "MeanSquaredError":
		l.Function = graph.MeanSquaredError
	case "mae", "MAE", "mean_absolute_error", "MeanAbsoluteError":
		l.Function = graph.MeanAbsoluteError
	case "bce", "BCE", "binary_crossentropy", "BinaryCrossentropy":
		if s.Axis != -1 {
			return l, errors.Errorf("%s over axis %d: only the last, -1", name, s.Axis)
		}
		l.Function = graph.BinaryCrossentropy
	case "huber", "Huber":
		l.Function = graph.Huber
	case "log_cosh", "LogCosh":
		l.Function = graph.LogCosh
	default:
		return l, errors.Errorf("%s (there are mse, mae, binary_crossentropy, huber, log_cosh)", name)
	}
	return l, l.Check()
}
