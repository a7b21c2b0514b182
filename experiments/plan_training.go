package experiments

import (
	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
)

// Schedule is one of Keras' learning-rate schedules, or step_decay. It starts from the arm's learning rate.
type Schedule struct {
	Name        string    `yaml:"name" json:"name"` // step_decay, exponential_decay, inverse_time_decay, polynomial_decay, piecewise_constant_decay, cosine_decay, cosine_decay_restarts
	DecaySteps  int       `yaml:"decay_steps,omitempty" json:"decay_steps,omitempty"`
	DecayRate   float64   `yaml:"decay_rate,omitempty" json:"decay_rate,omitempty"`
	Staircase   bool      `yaml:"staircase,omitempty" json:"staircase,omitempty"`
	EndRate     float64   `yaml:"end_learning_rate,omitempty" json:"end_learning_rate,omitempty"`
	Power       float64   `yaml:"power,omitempty" json:"power,omitempty"`
	Boundaries  []int     `yaml:"boundaries,omitempty" json:"boundaries,omitempty"`
	Values      []float64 `yaml:"values,omitempty" json:"values,omitempty"`
	Alpha       float64   `yaml:"alpha,omitempty" json:"alpha,omitempty"`
	WarmupSteps int       `yaml:"warmup_steps,omitempty" json:"warmup_steps,omitempty"` // from 0 to the learning rate
	FirstDecay  int       `yaml:"first_decay_steps,omitempty" json:"first_decay_steps,omitempty"`
}

func (s Schedule) schedule(rate float64) (training.Schedule, error) {
	var out training.Schedule
	switch s.Name {
	case "step_decay":
		out = training.StepDecay{InitialLearningRate: rate, Steps: s.DecaySteps, Factor: s.DecayRate}
	case "exponential_decay":
		out = training.ExponentialDecay{InitialLearningRate: rate, DecaySteps: s.DecaySteps, DecayRate: s.DecayRate, Staircase: s.Staircase}
	case "inverse_time_decay":
		out = training.InverseTimeDecay{InitialLearningRate: rate, DecaySteps: s.DecaySteps, DecayRate: s.DecayRate, Staircase: s.Staircase}
	case "polynomial_decay":
		out = training.PolynomialDecay{InitialLearningRate: rate, DecaySteps: s.DecaySteps, EndLearningRate: training.Exactly(s.EndRate), Power: s.Power}
	case "piecewise_constant_decay":
		out = training.PiecewiseConstantDecay{Boundaries: s.Boundaries, Values: s.Values}
	case "cosine_decay":
		c := training.CosineDecay{InitialLearningRate: rate, DecaySteps: s.DecaySteps, Alpha: s.Alpha}
		if s.WarmupSteps > 0 {
			c.InitialLearningRate, c.WarmupTarget, c.WarmupSteps = 0, rate, s.WarmupSteps
		}
		out = c
	case "cosine_decay_restarts":
		out = training.CosineDecayRestarts{InitialLearningRate: rate, FirstDecaySteps: s.FirstDecay, Alpha: s.Alpha}
	default:
		return nil, errors.Errorf("there is no schedule %q; there are step_decay, exponential_decay, inverse_time_decay, polynomial_decay, piecewise_constant_decay, cosine_decay, cosine_decay_restarts", s.Name)
	}
	return out, errors.WithMessage(out.Check(), s.Name)
}

// Plateau lowers the learning rate where the held-out error stands still; see [training.Plateau].
type Plateau struct {
	Factor   float64 `yaml:"factor,omitempty" json:"factor,omitempty"`     // default 0.1
	Patience int     `yaml:"patience,omitempty" json:"patience,omitempty"` // epochs; default 10
	MinDelta float64 `yaml:"min_delta,omitempty" json:"min_delta,omitempty"`
	Cooldown int     `yaml:"cooldown,omitempty" json:"cooldown,omitempty"`
	MinRate  float64 `yaml:"min_lr,omitempty" json:"min_lr,omitempty"`
}

func (p *Plateau) plateau() *training.Plateau {
	if p == nil {
		return nil
	}
	return &training.Plateau{Factor: p.Factor, Patience: p.Patience, MinDelta: p.MinDelta, Cooldown: p.Cooldown, MinRate: p.MinRate}
}

// optimizer makes the optimizer; own is the model's, which stays where nothing is set.
func (s Settings) optimizer(own training.Optimizer) (training.Optimizer, error) {
	if own == nil {
		own = training.Adam{}
	}
	o := own
	if s.Optimizer != "" {
		var err error
		if o, err = saved.OptimizerByName(s.Optimizer); err != nil {
			return nil, err
		}
	}
	if s.LearningRate != nil {
		o = training.WithLearningRate(o, training.Exactly(*s.LearningRate))
	}
	o, err := s.withMomentum(o)
	if err != nil {
		return nil, err
	}
	base := training.Shared(o)
	for _, limit := range []struct {
		given *float64
		to    *float64
	}{{s.WeightDecay, &base.WeightDecay}, {s.ClipNorm, &base.ClipNorm}, {s.GlobalClipNorm, &base.GlobalClipNorm}, {s.ClipValue, &base.ClipValue}} {
		if limit.given != nil {
			*limit.to = training.Exactly(*limit.given)
		}
	}
	if s.Schedule != nil {
		if base.Schedule, err = s.Schedule.schedule(training.LearningRate(o)); err != nil {
			return nil, err
		}
	}
	o = training.WithShared(o, base)
	return o, o.Check()
}

func (s Settings) withMomentum(o training.Optimizer) (training.Optimizer, error) {
	if s.Momentum == nil && s.Nesterov == nil {
		return o, nil
	}
	switch o := o.(type) {
	case training.SGD:
		if s.Momentum != nil {
			o.Momentum = *s.Momentum
		}
		if s.Nesterov != nil {
			o.Nesterov = *s.Nesterov
		}
		return o, nil
	case training.RMSprop:
		if s.Momentum != nil && s.Nesterov == nil {
			o.Momentum = *s.Momentum
			return o, nil
		}
	}
	return nil, errors.Errorf("%v has no momentum or nesterov to set; sgd has both, rmsprop momentum", o)
}

// loss makes the loss; own is the model's.
func (s Settings) loss(own graph.Loss) graph.Loss {
	if s.Loss == "" {
		return own
	}
	return graph.Loss{Function: graph.LossFunction(s.Loss)}
}
