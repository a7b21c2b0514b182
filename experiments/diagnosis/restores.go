package diagnosis

import (
	"fmt"
	"math"
	"slices"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
)

// restores are the changes that bring a setting back which stands out, in the order in which they are to be applied together.
func (l *look) restores(s setup) []change {
	var out []change
	out = append(out, l.dataRestores()...)
	out = append(out, l.outputRestores(s)...)
	out = append(out, l.lossRestores(s)...)
	if c, ok := constantRate(s.optimizer, longSteps); ok {
		out = append(out, c)
	}
	out = append(out, departingRates(s.optimizer)...)
	out = append(out, l.batchRestores()...)
	out = append(out, l.frozenRestores()...)
	out = append(out, l.initializerRestores()...)
	out = append(out, l.activationRestores()...)
	out = append(out, l.regularizationRestores()...)
	out = append(out, decayRestores(s)...)
	out = append(out, clippingRestores(s)...)
	if l.settings.Normalizations > 0 {
		out = append(out, statisticsRestore(0))
	}
	out = append(out, l.capacityRestores(s.model.Input.Size())...)
	return out
}

// lossRestores go back to the mean squared error, or to cross-entropy, where it fits: with few bright pixels squared errors are so small that a
// black image is a good answer for long.
func (l *look) lossRestores(s setup) []change {
	if c, ok := priorRestore(s); ok {
		return []change{c} // another loss would make a plain autoencoder of a variational one
	}
	out := append(lossScaleRestores(s), l.squaredError(s)...)
	o, v := l.settings.Output, l.goals
	if s.loss.IsScaled() || s.loss.IsCrossEntropy() || o.Low < 0 || o.High > 1 || v.spoilt() || v.Min < 0 || v.Max > 1 {
		return out
	}
	c := change{cause: Loss, kind: Restore, what: fmt.Sprintf("loss %v -> binary_crossentropy", s.loss), apply: func(s setup) (setup, bool, error) {
		s.loss = crossEntropy(s.optimizer)
		return s, true, nil
	}}
	if v.fillsUnit() && v.Mean < sparseMean {
		c.departure = decades(v.Mean / sparseMean)
	}
	return append(out, c)
}

// lossScaleRestores take away what multiplies the loss: with it gradients, and the steps of most optimizers, are as many times larger or smaller.
func lossScaleRestores(s setup) []change {
	if !s.loss.IsScaled() {
		return nil
	}
	mean := s.loss
	mean.Sum, mean.SumOfMeans, mean.Weight = false, false, 0
	c := change{cause: Loss, kind: Restore, what: fmt.Sprintf("loss %v -> %v", s.loss, mean), departure: summedDeparture, apply: func(s setup) (setup, bool, error) {
		s.loss = mean
		return s, true, nil
	}}
	if w := s.loss.Weight; w != 0 {
		c.departure = max(0.1, decades(w))
	}
	return []change{c}
}

// summedDeparture is that of a loss which is summed: many are, with a rate or an optimizer that suits it.
const summedDeparture = 0.5

// sparseMean is the mean of values in 0..1 under which nearly all of an image is black.
const sparseMean = 0.05

// squaredError goes back to it from another loss.
func (l *look) squaredError(s setup) []change {
	if s.loss.Function == "" || s.loss.Function == graph.MeanSquaredError {
		return nil
	}
	c := change{cause: Loss, kind: Restore, what: fmt.Sprintf("loss %v -> mse", s.loss), departure: 0.2, apply: func(s setup) (setup, bool, error) {
		ok := s.loss != graph.MSE
		s.loss = graph.MSE
		return s, ok, nil
	}}
	o, v := l.settings.Output, l.goals
	switch {
	case s.loss.Function == graph.Huber && s.loss.Delta > 0 && s.loss.Delta != 1:
		c.departure = max(0.2, decades(s.loss.Delta))
	case !s.loss.IsCrossEntropy():
	case s.loss.TakesLogits() == (o.Activation == graph.Sigmoid): // a sigmoid too many, or one too few
		c.departure = 2
	case s.loss.LabelSmoothing > 0.3:
		c.departure = 1
	case v.Min < 0 || v.Max > 1 || !s.loss.TakesLogits() && (o.Low < 0 || o.High > 1):
		c.departure = 2
	}
	return []change{c}
}

// decayRestores take weight decay away.
func decayRestores(s setup) []change {
	base := training.Shared(s.optimizer)
	decay := base.WeightDecay
	for _, g := range base.Groups {
		decay = max(decay, g.WeightDecay)
	}
	if decay > 0 && decay != training.Zero {
		return []change{{
			cause: Regularization, kind: Restore, what: fmt.Sprintf("weight decay %.3g removed", decay), departure: max(0.1, math.Log10(decay/0.004)),
			apply: func(s setup) (setup, bool, error) {
				base := training.Shared(s.optimizer)
				base.WeightDecay, base.Groups = training.Zero, slices.Clone(base.Groups)
				for i := range base.Groups {
					base.Groups[i].WeightDecay = 0
				}
				s.optimizer = training.WithShared(s.optimizer, base)
				return s, true, nil
			},
		}}
	}
	return nil
}

func clippingRestores(s setup) []change {
	base := training.Shared(s.optimizer)
	limit := max(base.ClipNorm, base.GlobalClipNorm, base.ClipValue)
	if limit == 0 {
		return nil
	}
	return []change{{
		cause: Clipping, kind: Restore, what: fmt.Sprintf("clipping of gradients at %.3g removed", limit), departure: max(0.1, -math.Log10(limit)),
		apply: func(s setup) (setup, bool, error) {
			base := training.Shared(s.optimizer)
			base.ClipNorm, base.GlobalClipNorm, base.ClipValue = 0, 0, 0
			s.optimizer = training.WithShared(s.optimizer, base)
			return s, true, nil
		},
	}}
}

// batchRestores bring the number of images in a step to a usual one.
func (l *look) batchRestores() []change {
	d := decades(float64(l.batch) / usualBatch)
	if d < 0.85 {
		return nil
	}
	return []change{{
		cause: BatchSize, kind: Restore, what: fmt.Sprintf("batch %d -> %d images", l.batch, usualBatch), departure: d,
		apply: func(s setup) (setup, bool, error) {
			ok := s.batch != usualBatch
			s.batch = usualBatch
			return s, ok, nil
		},
	}}
}

const usualBatch = 32

// optimizerRestores are the same optimizer with its own defaults, and Adam.
func optimizerRestores(s setup) []change {
	var out []change
	same := training.WithShared(saved.Plain(s.optimizer), training.Shared(s.optimizer))
	same = training.WithLearningRate(same, saved.UsualRate(same))
	if same.String() != training.WithLearningRate(s.optimizer, saved.UsualRate(same)).String() {
		out = append(out, optimizerChange(same, fmt.Sprintf("%s -> %s", training.WithLearningRate(s.optimizer, presentRate(s.optimizer)), same)))
	}
	if !isAdam(s.optimizer) {
		out = append(out, adamInstead(s.optimizer, adamRate))
	}
	return out
}

// isAdam tells whether an optimizer is Adam, of either framework.
func isAdam(o training.Optimizer) bool {
	switch o.(type) {
	case training.Adam, training.TorchAdam:
		return true
	}
	return false
}

// isSGD tells whether an optimizer is plain gradient descent, of either framework.
func isSGD(o training.Optimizer) bool {
	switch o.(type) {
	case training.SGD, training.TorchSGD:
		return true
	}
	return false
}

func optimizerChange(to training.Optimizer, what string) change {
	return change{cause: Optimizer, kind: Restore, what: what, apply: func(s setup) (setup, bool, error) {
		s.optimizer = to
		return s, true, nil
	}}
}

// adamRate is Adam's usual learning rate.
const adamRate = 0.001

// adamInstead is the optimizer that works for most models.
func adamInstead(o training.Optimizer, rate float64) change {
	adam := usualAdam(o)
	if rate != adamRate {
		adam = training.WithLearningRate(adam, rate)
	}
	return optimizerChange(adam, fmt.Sprintf("%v -> adam, learning rate %g", o, rate))
}
