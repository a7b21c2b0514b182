package torch

import (
	"slices"

	"dcae/graph"
)

// An exported program in training mode does not tell dropout that ends with training from one that is always on, nor what is drawn in training alone from
// what is always drawn. The extra file dcae.json may: its evaluation.random names the nodes that draw in evaluation, too. Without it dropouts are off in
// evaluation, and all else draws.

// onlyInTraining tells whether a call that draws is known not to in evaluation.
func (r *reading) onlyInTraining() bool {
	return r.inEvaluation != nil && !slices.Contains(*r.inEvaluation, r.call.name)
}

// alwaysOn tells whether a dropout is known to be on in evaluation, too.
func (r *reading) alwaysOn() bool {
	return r.inEvaluation != nil && slices.Contains(*r.inEvaluation, r.call.name)
}

// dropped is what a dropout calls the value that it takes.
func (r *reading) dropped() string {
	if _, inPlace := r.call.outOfPlace(); inPlace {
		return "self"
	}
	return "input"
}

func dropout(r *reading) *value {
	x, rate := r.tensor(r.dropped()), r.float("p")
	switch {
	case r.err != nil || !r.bool("train") || rate == 0:
		return x
	case r.alwaysOn() && rate < 1:
		return r.masked(x, rate, false)
	}
	return r.apply(graph.Dropout{Rate: rate}, x)
}

// featureDropout drops channels as a whole: all values of an image at one place of the second axis.
func featureDropout(r *reading) *value {
	x, rate := r.tensor(r.dropped()), r.float("p")
	if r.err != nil || !r.bool("train") || rate == 0 {
		return x
	}
	if len(x.dims) == 2 {
		return dropout(r)
	}
	images, sequence := r.picture(r.dropped())
	if r.alwaysOn() && rate < 1 {
		return r.back(r.masked(images, rate, true), sequence)
	}
	return r.back(r.apply(graph.SpatialDropout2D{Rate: rate}, images), sequence)
}

// masked drops values, or whole channels, in evaluation, too.
func (r *reading) masked(x *value, rate float64, channels bool) *value {
	draw := r.sample(graph.Sample{Uniform: true, PerChannel: channels}, x)
	kept := r.function(graph.Greater, r.affine(draw, -1, 1-rate), 0)
	return r.times(x, r.affine(kept, 1/(1-rate), 0))
}

func alphaDropout(r *reading) *value {
	x, rate := r.tensor(r.dropped()), r.float("p")
	if r.err != nil || !r.bool("train") || rate == 0 {
		return x
	}
	if r.operation() == "alpha_dropout" || len(x.dims) == 2 {
		return r.apply(graph.AlphaDropout{Rate: rate}, x)
	}
	images, sequence := r.picture(r.dropped())
	return r.back(r.apply(graph.AlphaDropout{Rate: rate, Channels: true}, images), sequence)
}
