package keras

import (
	"encoding/json"

	"github.com/pkg/errors"

	"dcae/training/plainjson"
)

// Compile is what model.compile was given.
type Compile struct {
	Optimizer Optimizer
	Losses    []Named         // one, or one for each output; a Named that IsNone for an output without a loss
	Settings  json.RawMessage // all of compile_config, for what is not above: loss weights, metrics, steps per execution
	Scaled    bool            // the optimizer was taken out of a LossScaleOptimizer, among whose variables its own are
}

// Optimizer is an optimizer with its learning rate taken out.
type Optimizer struct {
	Object
	LearningRate float64 // 0 if Schedule is set
	Schedule     *Object // a learning-rate schedule, or nil
}

// parseCompile reads compile_config; models that were not compiled have an empty one, or none.
func parseCompile(b json.RawMessage) (*Compile, error) {
	var c struct {
		Optimizer *Object         `json:"optimizer"`
		Loss      json.RawMessage `json:"loss"`
	}
	if b == nil {
		return nil, nil
	}
	if err := plainjson.Decode(b, &c); err != nil {
		return nil, errors.WithStack(err)
	}
	if c.Optimizer == nil {
		return nil, nil // {} or null
	}
	scaled, err := unscaled(c.Optimizer)
	if err != nil {
		return nil, err
	}
	out := &Compile{Optimizer: Optimizer{Object: *c.Optimizer}, Settings: b, Scaled: scaled}
	if err := out.Optimizer.parseRate(); err != nil {
		return nil, errors.WithMessagef(err, "optimizer %s", out.Optimizer.Class)
	}
	out.Losses, err = parseLosses(c.Loss)
	return out, errors.WithMessage(err, "loss")
}

// unscaled takes an optimizer out of the one that Keras puts around it for mixed_float16, which multiplies losses and divides gradients.
func unscaled(o *Object) (bool, error) {
	if o.Class != "LossScaleOptimizer" || !o.IsKeras() {
		return false, nil
	}
	var around struct {
		Inner *Object `json:"inner_optimizer"`
	}
	if err := plainjson.Decode(o.Settings, &around); err != nil {
		return false, errors.WithMessagef(err, "optimizer %s", o.Class)
	}
	if around.Inner == nil {
		return false, errors.Errorf("optimizer %s: it has no inner_optimizer", o.Class)
	}
	*o = *around.Inner
	return true, nil
}

func (o *Optimizer) parseRate() error {
	var s struct {
		Rate json.RawMessage `json:"learning_rate"`
	}
	if err := plainjson.Decode(o.Settings, &s); err != nil {
		return errors.WithStack(err)
	}
	if s.Rate == nil {
		return errors.New("it has no learning rate, and is none of Keras': compile the model with one of Keras'")
	}
	if len(s.Rate) > 0 && s.Rate[0] == '{' {
		o.Schedule = &Object{}
		return errors.WithMessage(plainjson.Decode(s.Rate, o.Schedule), "learning-rate schedule")
	}
	if json.Unmarshal(s.Rate, &o.LearningRate) != nil {
		return errors.Errorf("learning rate %.80s is neither a number nor a schedule", s.Rate)
	}
	return nil
}

// parseLosses reads a loss, a list of losses, or one loss by its output's name.
func parseLosses(b json.RawMessage) ([]Named, error) {
	switch {
	case b == nil:
		return nil, nil
	case b[0] == '[':
		var list []Named
		err := plainjson.Decode(b, &list)
		return list, errors.WithStack(err)
	}
	var byName map[string]json.RawMessage
	if json.Unmarshal(b, &byName) == nil && len(byName) == 1 {
		for _, of := range byName {
			b = of
		}
	}
	var one Named
	if err := plainjson.Decode(b, &one); err != nil {
		return nil, errors.WithMessage(err, "neither a name, an object nor a list of them")
	}
	return []Named{one}, nil
}
