package experiments

import (
	"reflect"
	"slices"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
)

// Schedule is one of Keras' learning-rate schedules, or step_decay. It starts from the arm's learning rate.
type Schedule struct {
	Name        string    `yaml:"name" json:"name"` // step_decay, exponential_decay, inverse_time_decay, polynomial_decay, piecewise_constant_decay, cosine_decay, cosine_decay_restarts
	DecaySteps  int       `yaml:"decay_steps,omitempty" json:"decay_steps,omitempty" least:"1"`
	DecayRate   float64   `yaml:"decay_rate,omitempty" json:"decay_rate,omitempty" above:"0"`
	Staircase   bool      `yaml:"staircase,omitempty" json:"staircase,omitempty"`
	EndRate     float64   `yaml:"end_learning_rate,omitempty" json:"end_learning_rate,omitempty" least:"0"`
	Power       float64   `yaml:"power,omitempty" json:"power,omitempty" above:"0"`
	Boundaries  []int     `yaml:"boundaries,omitempty" json:"boundaries,omitempty"`
	Values      []float64 `yaml:"values,omitempty" json:"values,omitempty"`
	Alpha       float64   `yaml:"alpha,omitempty" json:"alpha,omitempty" least:"0"`
	WarmupSteps int       `yaml:"warmup_steps,omitempty" json:"warmup_steps,omitempty" least:"0"` // from 0 to the learning rate
	FirstDecay  int       `yaml:"first_decay_steps,omitempty" json:"first_decay_steps,omitempty" least:"1"`
}

func (s Schedule) schedule(rate float64) (training.Schedule, error) {
	out, err := saved.ScheduleByName(s.Name)
	if err != nil {
		return nil, err
	}
	set := func(name string, value any) {
		if err == nil {
			out, err = training.WithScheduleSetting(out, name, value)
		}
	}
	for _, known := range training.ScheduleSettings(out) {
		switch {
		case known.Name == "end_learning_rate":
			set(known.Name, s.EndRate) // 0 is meant where it is left out
		case known.Name == "initial_learning_rate" && s.WarmupSteps > 0:
			set("warmup_target", rate)
		case known.Name == "initial_learning_rate":
			set(known.Name, rate)
		}
	}
	settings := reflect.ValueOf(s)
	for i := range settings.NumField() {
		if name := settingName(settings.Type().Field(i)); name != "name" && name != "end_learning_rate" && !settings.Field(i).IsZero() {
			set(name, settings.Field(i).Interface())
		}
	}
	if err == nil {
		err = out.Check()
	}
	return out, errors.WithMessage(err, s.Name)
}

// Plateau lowers the learning rate where the held-out error stands still; see [training.Plateau].
type Plateau struct {
	Factor   float64  `yaml:"factor,omitempty" json:"factor,omitempty" above:"0"`     // default 0.1
	Patience int      `yaml:"patience,omitempty" json:"patience,omitempty" least:"1"` // epochs; default 10
	MinDelta *float64 `yaml:"min_delta,omitempty" json:"min_delta,omitempty" least:"0"`
	Cooldown int      `yaml:"cooldown,omitempty" json:"cooldown,omitempty" least:"0"`
	MinRate  float64  `yaml:"min_lr,omitempty" json:"min_lr,omitempty" least:"0"`
}

func (p *Plateau) plateau() *training.Plateau {
	if p == nil {
		return nil
	}
	out := &training.Plateau{Factor: p.Factor, Patience: p.Patience, Cooldown: p.Cooldown, MinRate: p.MinRate}
	if p.MinDelta != nil {
		out.MinDelta = training.Exactly(*p.MinDelta)
	}
	return out
}

// Change is what an arm's training becomes from a step on; see [training.Change].
type Change struct {
	Step           int      `yaml:"step" json:"step" least:"1"`
	LearningRate   *float64 `yaml:"learning_rate,omitempty" json:"learning_rate,omitempty" least:"0"`
	ClipNorm       *float64 `yaml:"clipnorm,omitempty" json:"clipnorm,omitempty" least:"0"` // 0: no limit any more
	GlobalClipNorm *float64 `yaml:"global_clipnorm,omitempty" json:"global_clipnorm,omitempty" least:"0"`
	ClipValue      *float64 `yaml:"clipvalue,omitempty" json:"clipvalue,omitempty" least:"0"`
	Batch          int      `yaml:"batch,omitempty" json:"batch,omitempty" least:"1"`
}

// Training is the change as the training loop takes it.
func (c Change) Training() training.Change {
	return training.Change{
		Step: c.Step, LearningRate: c.LearningRate, ClipNorm: c.ClipNorm, GlobalClipNorm: c.GlobalClipNorm, ClipValue: c.ClipValue, Batch: c.Batch,
	}
}

// changes are those of an arm's training.
func (s Settings) changes() []training.Change {
	var out []training.Change
	for _, c := range s.Changes {
		out = append(out, c.Training())
	}
	return out
}

// optimizer makes the optimizer; own is the model's, which stays where nothing is set.
func (s Settings) optimizer(own training.Optimizer) (training.Optimizer, error) {
	if own == nil {
		own = training.Adam{}
	}
	o, err := own, error(nil)
	if s.Optimizer != "" {
		if o, err = saved.OptimizerByName(s.Optimizer, saved.FrameworkOfFile(s.Model)); err != nil {
			return nil, err
		}
	}
	set := func(name string, value any) {
		if err == nil {
			o, err = training.WithSetting(o, name, value)
		}
	}
	for _, number := range []struct {
		name  string
		given *float64
	}{
		{"learning_rate", s.LearningRate}, {"momentum", s.Momentum}, {"weight_decay", s.WeightDecay}, {"clipnorm", s.ClipNorm},
		{"global_clipnorm", s.GlobalClipNorm}, {"clipvalue", s.ClipValue},
	} {
		if number.given != nil {
			set(number.name, *number.given)
		}
	}
	if s.Nesterov != nil {
		set("nesterov", *s.Nesterov)
	}
	if err != nil {
		return nil, errors.WithMessagef(err, "%v", o)
	}
	if s.Schedule != nil {
		base := training.Shared(o)
		if base.Schedule, err = s.Schedule.schedule(training.LearningRate(o)); err != nil {
			return nil, err
		}
		o = training.WithShared(o, base)
	}
	return o, o.Check()
}

// loss makes the loss; own is the model's.
func (s Settings) loss(own graph.Loss) graph.Loss {
	if s.Loss == "" {
		return own
	}
	l, _ := saved.LossByName(s.Loss, saved.FrameworkOfFile(s.Model)) // it was checked
	return l
}

// Change adds a change to an arm's training. One that it had for the same step is changed itself.
func (p *Plan) Change(arm string, c Change) {
	for _, g := range p.Groups {
		for i := range g.Arms {
			if a := &g.Arms[i]; a.Name == arm {
				a.Changes = withChange(a.Changes, c)
			}
		}
	}
}

func withChange(all []Change, c Change) []Change {
	k, there := slices.BinarySearchFunc(all, c.Step, func(other Change, step int) int { return other.Step - step })
	out := slices.Clone(all)
	if !there {
		return slices.Insert(out, k, c)
	}
	to := &out[k]
	if c.LearningRate != nil {
		to.LearningRate = c.LearningRate
	}
	if c.ClipNorm != nil || c.GlobalClipNorm != nil || c.ClipValue != nil {
		to.ClipNorm, to.GlobalClipNorm, to.ClipValue = c.ClipNorm, c.GlobalClipNorm, c.ClipValue
	}
	if c.Batch != 0 {
		to.Batch = c.Batch
	}
	return out
}

// ParseChange reads a change as it stands in a study, in YAML or JSON. It fails for anything else, and for numbers that are out of bounds.
func ParseChange(text []byte) (Change, error) {
	c := Change{Step: 1}
	if err := readYAML(text, &c); err != nil {
		return c, err
	}
	return c, checkBounds(c)
}
