package saved

import (
	"encoding/json"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras"
	"dcae/training"
)

// kerasObject is what Keras writes for one of its objects.
type kerasObject struct {
	Module     string  `json:"module"`
	Class      string  `json:"class_name"`
	Config     any     `json:"config"`
	Registered *string `json:"registered_name"`
}

// optimizerFields are the settings that an optimizer is written with; Keras has its defaults for those that are left out.
type optimizerFields struct {
	LearningRate     any          `json:"learning_rate"`
	WeightDecay      *keras.Float `json:"weight_decay,omitempty"`
	ClipNorm         *keras.Float `json:"clipnorm,omitempty"`
	GlobalClipNorm   *keras.Float `json:"global_clipnorm,omitempty"`
	ClipValue        *keras.Float `json:"clipvalue,omitempty"`
	Beta1            *keras.Float `json:"beta_1,omitempty"`
	Beta2            *keras.Float `json:"beta_2,omitempty"`
	Epsilon          *keras.Float `json:"epsilon,omitempty"`
	AMSGrad          bool         `json:"amsgrad,omitempty"`
	Momentum         *keras.Float `json:"momentum,omitempty"`
	Nesterov         bool         `json:"nesterov,omitempty"`
	Rho              *keras.Float `json:"rho,omitempty"`
	Centered         bool         `json:"centered,omitempty"`
	FirstAccumulator *keras.Float `json:"initial_accumulator_value,omitempty"`
}

// writeOptimizer is an optimizer as Keras writes it.
func writeOptimizer(o training.Optimizer) (json.RawMessage, error) {
	var f optimizerFields
	var class string
	var base training.Base
	switch o := o.(type) {
	case training.SGD:
		class, base, f.LearningRate = "SGD", o.Base, resolved(o.LearningRate, 0.01)
		f.Momentum, f.Nesterov = written(o.Momentum), o.Nesterov
	case training.Adam:
		class, base, f.AMSGrad = "Adam", o.Base, o.AMSGrad
		f.moments(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon)
	case training.AdamW:
		class, base, f.AMSGrad = "AdamW", o.Base, o.AMSGrad
		base.WeightDecay = training.Exactly(float64(resolved(base.WeightDecay, 0.004)))
		f.moments(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon)
	case training.Adamax:
		class, base = "Adamax", o.Base
		f.moments(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon)
	case training.Nadam:
		class, base = "Nadam", o.Base
		f.moments(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon)
	case training.RMSprop:
		class, base, f.LearningRate = "RMSprop", o.Base, resolved(o.LearningRate, 0.001)
		f.Rho, f.Momentum, f.Epsilon, f.Centered = written(o.Rho), written(o.Momentum), written(o.Epsilon), o.Centered
	case training.Adagrad:
		class, base, f.LearningRate = "Adagrad", o.Base, resolved(o.LearningRate, 0.001)
		f.FirstAccumulator, f.Epsilon = written(o.InitialAccumulatorValue), written(o.Epsilon)
	case training.Adadelta:
		class, base, f.LearningRate = "Adadelta", o.Base, resolved(o.LearningRate, 0.001)
		f.Rho, f.Epsilon = written(o.Rho), written(o.Epsilon)
	default:
		return nil, errors.Errorf("optimizer %v cannot be written as one of Keras", o)
	}
	f.WeightDecay, f.ClipNorm, f.GlobalClipNorm, f.ClipValue = written(base.WeightDecay), written(base.ClipNorm), written(base.GlobalClipNorm), written(base.ClipValue)
	if base.Schedule != nil {
		schedule, err := writeSchedule(base.Schedule)
		if err != nil {
			return nil, err
		}
		f.LearningRate = schedule
	}
	return kerasJSON("keras.optimizers", class, f)
}

// moments are the settings of Adam and its relatives.
func (f *optimizerFields) moments(rate, beta1, beta2, epsilon float64) {
	f.LearningRate = resolved(rate, 0.001)
	f.Beta1, f.Beta2, f.Epsilon = written(beta1), written(beta2), written(epsilon)
}

// resolved is a setting's value, def where it is 0.
func resolved(x, def float64) keras.Float {
	switch x {
	case 0:
		return keras.Float(def)
	case training.Zero:
		return 0
	}
	return keras.Float(x)
}

// written is a setting that is left out where it has its default.
func written(x float64) *keras.Float {
	if x == 0 {
		return nil
	}
	f := resolved(x, 0)
	return &f
}

type decayFields struct {
	Initial    keras.Float `json:"initial_learning_rate"`
	DecaySteps int         `json:"decay_steps"`
	DecayRate  keras.Float `json:"decay_rate"`
	Staircase  bool        `json:"staircase"`
}

type polynomialFields struct {
	Initial    keras.Float `json:"initial_learning_rate"`
	DecaySteps int         `json:"decay_steps"`
	End        keras.Float `json:"end_learning_rate"`
	Power      keras.Float `json:"power"`
	Cycle      bool        `json:"cycle"`
}

type piecewiseFields struct {
	Boundaries []int         `json:"boundaries"`
	Values     []keras.Float `json:"values"`
}

type cosineFields struct {
	Initial      keras.Float  `json:"initial_learning_rate"`
	DecaySteps   int          `json:"decay_steps"`
	Alpha        keras.Float  `json:"alpha"`
	WarmupTarget *keras.Float `json:"warmup_target"`
	WarmupSteps  int          `json:"warmup_steps"`
}

type restartFields struct {
	Initial         keras.Float `json:"initial_learning_rate"`
	FirstDecaySteps int         `json:"first_decay_steps"`
	TMul            keras.Float `json:"t_mul"`
	MMul            keras.Float `json:"m_mul"`
	Alpha           keras.Float `json:"alpha"`
}

// writeSchedule is a schedule as Keras writes it.
func writeSchedule(s training.Schedule) (json.RawMessage, error) {
	const module = "keras.optimizers.schedules"
	switch s := s.(type) {
	case training.ExponentialDecay:
		return kerasJSON(module, "ExponentialDecay", decayFields{keras.Float(s.InitialLearningRate), s.DecaySteps, keras.Float(s.DecayRate), s.Staircase})
	case training.InverseTimeDecay:
		return kerasJSON(module, "InverseTimeDecay", decayFields{keras.Float(s.InitialLearningRate), s.DecaySteps, keras.Float(s.DecayRate), s.Staircase})
	case training.StepDecay:
		return kerasJSON(module, "ExponentialDecay", decayFields{keras.Float(s.InitialLearningRate), s.Steps, resolved(s.Factor, 0.1), true})
	case training.PolynomialDecay:
		return kerasJSON(module, "PolynomialDecay", polynomialFields{keras.Float(s.InitialLearningRate), s.DecaySteps, resolved(s.EndLearningRate, 0.0001), resolved(s.Power, 1), s.Cycle})
	case training.PiecewiseConstantDecay:
		return kerasJSON(module, "PiecewiseConstantDecay", piecewiseFields{s.Boundaries, keras.Floats(s.Values)})
	case training.CosineDecay:
		return kerasJSON(module, "CosineDecay", cosineFields{keras.Float(s.InitialLearningRate), s.DecaySteps, resolved(s.Alpha, 0), written(s.WarmupTarget), s.WarmupSteps})
	case training.CosineDecayRestarts:
		return kerasJSON(module, "CosineDecayRestarts", restartFields{keras.Float(s.InitialLearningRate), s.FirstDecaySteps, resolved(s.TMul, 2), resolved(s.MMul, 1), resolved(s.Alpha, 0)})
	}
	return nil, errors.Errorf("learning-rate schedule %v cannot be written as one of Keras", s)
}

type crossentropyFields struct {
	FromLogits     bool        `json:"from_logits"`
	LabelSmoothing keras.Float `json:"label_smoothing"`
}

type huberFields struct {
	Delta keras.Float `json:"delta"`
}

// writeLoss is a loss as Keras writes it: by name, or as an object if it has settings.
func writeLoss(l graph.Loss) (json.RawMessage, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	switch {
	case l.Function == graph.BinaryCrossentropy && (l.FromLogits || l.LabelSmoothing != 0):
		return kerasJSON("keras.losses", "BinaryCrossentropy", crossentropyFields{l.FromLogits, keras.Float(l.LabelSmoothing)})
	case l.Function == graph.Huber && l.Delta != 0 && l.Delta != 1:
		return kerasJSON("keras.losses", "Huber", huberFields{keras.Float(l.Delta)})
	case l.Function == "":
		l.Function = graph.MeanSquaredError
	}
	b, err := json.Marshal(string(l.Function))
	return b, errors.Wrap(err, "loss")
}

func kerasJSON(module, class string, config any) (json.RawMessage, error) {
	b, err := json.Marshal(kerasObject{Module: module, Class: class, Config: config})
	return b, errors.Wrap(err, class)
}
