package training

import (
	"fmt"
	"math"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Change is what becomes another during a run. What it leaves out stays.
type Change struct {
	Step         int      // the first that is taken so, from 1
	LearningRate *float64 // of an optimizer without a schedule

	// The limit of the gradient, as in [Base]; it takes the place of any other. 0 is no limit. At most one of them.
	ClipNorm, GlobalClipNorm, ClipValue *float64

	Batch int // images in a step; 0: as many as before
}

// String names the step and what changes.
func (c Change) String() string {
	out := fmt.Sprintf("from step %d:", c.Step)
	for _, x := range c.numbers() {
		if x.value != nil {
			out += fmt.Sprintf(" %s=%g", x.name, *x.value)
		}
	}
	if c.Batch != 0 {
		out += fmt.Sprintf(" batch=%d", c.Batch)
	}
	return out
}

type namedNumber struct {
	name  string
	value *float64
}

// numbers are the learning rate and then the limits.
func (c Change) numbers() []namedNumber {
	return []namedNumber{{rateSetting, c.LearningRate}, {"clipnorm", c.ClipNorm}, {"global_clipnorm", c.GlobalClipNorm}, {"clipvalue", c.ClipValue}}
}

// DescribeChanges names all of them; it is empty for none.
func DescribeChanges(changes []Change) string {
	var parts []string
	for _, c := range changes {
		parts = append(parts, c.String())
	}
	return strings.Join(parts, "; ")
}

// Check tells why a run with an optimizer and a model cannot be changed so; nil if it can.
func (c Change) Check(o Optimizer, m *graph.Model) error {
	given := 0
	for i, x := range c.numbers() {
		if x.value == nil {
			continue
		}
		if v := *x.value; !(v >= 0) || math.IsInf(v, 0) {
			return errors.Errorf("%v: %s must be a number from 0 on", c, x.name)
		}
		if i > 0 {
			given++
		}
	}
	switch {
	case c.Step < 1:
		return errors.Errorf("%v: steps count from 1", c)
	case c.Batch < 0:
		return errors.Errorf("%v: a batch has at least one image", c)
	case c.LearningRate == nil && given == 0 && c.Batch == 0:
		return errors.Errorf("%v nothing changes: give learning_rate, clipnorm, global_clipnorm, clipvalue or batch", c)
	case given > 1:
		return errors.Errorf("%v: limit the gradient in one way, not in several", c)
	case c.LearningRate != nil && HasSchedule(o):
		return errors.Errorf("%v: a schedule sets the learning rate: leave out one of the two", c)
	case c.Batch > 0:
		return errors.WithMessage(m.Batch.Check(c.Batch), c.String())
	}
	return nil
}

// CheckChanges checks all of a run's changes, which must be in the order of their steps.
func CheckChanges(changes []Change, o Optimizer, m *graph.Model) error {
	for i, c := range changes {
		if err := c.Check(o, m); err != nil {
			return err
		}
		if i > 0 && c.Step <= changes[i-1].Step {
			return errors.Errorf("%v: it comes after step %d: write changes in their order, and one for each step", c, changes[i-1].Step)
		}
	}
	return nil
}

// LargestBatch is that of a run that begins with so many images in a step.
func LargestBatch(batch int, changes []Change) int {
	for _, c := range changes {
		batch = max(batch, c.Batch)
	}
	return batch
}

// PlannedSteps is how many steps a run takes in so many epochs of so many images, beginning with batch images in a step; a step of fewer than
// least is left out.
func PlannedSteps(epochs, images, batch, least int, changes []Change) int {
	of := func(images int) int { // left in an epoch
		n := images / batch
		if images%batch >= max(1, least) {
			n++
		}
		return n
	}
	steps, left := 0, images // of the epoch
	for _, c := range changes {
		if c.Batch == 0 {
			continue
		}
		before := c.Step - 1 - steps // it
		if own := of(left); before >= own {
			each := of(images)
			if each == 0 {
				return steps + own
			}
			whole := min((before-own)/each, epochs-1)
			steps, before = steps+own+whole*each, before-own-whole*each
			if epochs -= 1 + whole; epochs == 0 {
				return steps
			}
			left = images
		}
		steps, left, batch = steps+before, left-before*batch, c.Batch
	}
	return steps + of(left) + (epochs-1)*of(images)
}

// changeBefore does what is to change before a step.
func (r *run) changeBefore(step int) error {
	for _, c := range r.config.Changes {
		if c.Step == step {
			if err := r.change(c); err != nil {
				return err
			}
		}
	}
	if r.config.Before == nil {
		return nil
	}
	live, err := r.config.Before(step)
	for _, c := range live {
		if err == nil {
			c.Step = step
			err = r.change(c)
		}
	}
	return err
}

func (r *run) change(c Change) error {
	if err := c.Check(r.config.Optimizer, r.model); err != nil {
		return err
	}
	if c.LearningRate != nil {
		r.stepper.updates.rate = *c.LearningRate
	}
	return r.changeShape(c)
}

// changeShape does what a checkpoint does not hold: all but the learning rate.
func (r *run) changeShape(c Change) error {
	u := r.stepper.updates
	base := u.base
	for _, limit := range c.numbers()[1:] {
		if limit.value != nil {
			base.ClipNorm, base.GlobalClipNorm, base.ClipValue = 0, 0, 0
		}
	}
	for _, limit := range []struct{ given, to *float64 }{
		{c.ClipNorm, &base.ClipNorm}, {c.GlobalClipNorm, &base.GlobalClipNorm}, {c.ClipValue, &base.ClipValue},
	} {
		if limit.given != nil {
			*limit.to = *limit.given
		}
	}
	u.setBase(base)
	if c.Batch == 0 || c.Batch == r.config.Batch {
		return nil
	}
	r.config.Batch = c.Batch
	return r.stepper.rebuild(r.model, r.result.Params, r.config, r.images.Len(), r.result.Steps)
}

// restoreChanges brings a run that was restored to its place to what it was there.
func (r *run) restoreChanges() error {
	for _, c := range r.config.Changes {
		if c.Step <= r.result.Steps {
			if err := r.changeShape(c); err != nil {
				return err
			}
		}
	}
	return nil
}
