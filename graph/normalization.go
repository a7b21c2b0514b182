package graph

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// Normalizations by statistics of each item alone: the same in training and in evaluation, and for every size of the batch.

// LayerNormalization normalizes each item along some axes to gamma*(x-mean)/sqrt(variance+epsilon) + beta (Ba et al. 2016, eq. 4), with the
// biased variance; the other axes have a mean and a variance at each of their places.
//
// gamma and beta have the lengths of the axes. It fails if there is no such axis. Reference:
// https://keras.io/api/layers/normalization_layers/layer_normalization/
type LayerNormalization struct {
	Axes     []int   // counted from 1, or from the end: -1 is the last; default the last
	Epsilon  float64 // default 0.001
	NoScale  bool    // no gamma
	NoCenter bool    // no beta

	GammaInit Initializer `json:",omitempty"` // default ones
	BetaInit  Initializer `json:",omitempty"` // default zeros

	GammaRegularizer Regularizer `json:",omitzero"`
	BetaRegularizer  Regularizer `json:",omitzero"`
}

// GroupNormalization divides the channels, the last axis, into groups, and normalizes each group of each item to
// gamma*(x-mean)/sqrt(variance+epsilon) + beta (Wu and He 2018, eq. 1 and 6). With as many groups as channels it is instance normalization.
//
// gamma and beta are [channels]. It fails if the groups do not divide the channels. Reference:
// https://keras.io/api/layers/normalization_layers/group_normalization/
type GroupNormalization struct {
	Groups   int     // default 32; -1: one for each channel
	Epsilon  float64 // default 0.001
	NoScale  bool    // no gamma
	NoCenter bool    // no beta

	GammaInit Initializer `json:",omitempty"` // default ones
	BetaInit  Initializer `json:",omitempty"` // default zeros

	GammaRegularizer Regularizer `json:",omitzero"`
	BetaRegularizer  Regularizer `json:",omitzero"`
}

// RMSNormalization is scale*x/sqrt(mean of x*x + epsilon), where the mean goes along some axes (Zhang and Sennrich 2019, eq. 4).
//
// scale has the lengths of the axes. It fails if there is no such axis. Reference:
// https://keras.io/api/layers/normalization_layers/rms_normalization/
type RMSNormalization struct {
	Axes    []int   // counted from 1, or from the end: -1 is the last; default the last
	Epsilon float64 // default 1e-6
	NoScale bool    // no scale

	ScaleInit Initializer `json:",omitempty"` // default ones
}

// UnitNormalization is x/max(length of x, 1e-12), where the length, the root of the sum of squares, goes along some axes. It fails if there is
// no such axis. Reference: https://keras.io/api/layers/normalization_layers/unit_normalization/
type UnitNormalization struct {
	Axes []int // counted from 1, or from the end: -1 is the last; default the last
}

// Class is "LayerNormalization".
func (LayerNormalization) Class() string { return "LayerNormalization" }

// Class is "GroupNormalization".
func (GroupNormalization) Class() string { return "GroupNormalization" }

// Class is "RMSNormalization".
func (RMSNormalization) Class() string { return "RMSNormalization" }

// Class is "UnitNormalization".
func (UnitNormalization) Class() string { return "UnitNormalization" }

// OutputShape is the input's.
func (l LayerNormalization) OutputShape(in []Shape) (Shape, error) { return sameWithAxes(in, l.Axes) }

// OutputShape is the input's.
func (l GroupNormalization) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	if len(s) == 0 {
		return nil, errors.New("takes at least one axis besides the batch")
	}
	if groups, channels := l.groups(s), s[len(s)-1]; groups < 1 || channels%groups != 0 {
		return nil, errors.Errorf("%d channels do not fall into %d groups: they must be a multiple of that", channels, groups)
	}
	return s, nil
}

// OutputShape is the input's.
func (l RMSNormalization) OutputShape(in []Shape) (Shape, error) { return sameWithAxes(in, l.Axes) }

// OutputShape is the input's.
func (l UnitNormalization) OutputShape(in []Shape) (Shape, error) { return sameWithAxes(in, l.Axes) }

func sameWithAxes(in []Shape, axes []int) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	_, err = axesOf(axes, len(s))
	return s, err
}

// axesOf are axes counted from 0 without the batch, in ascending order; the default is the last.
func axesOf(axes []int, all int) ([]int, error) {
	if len(axes) == 0 {
		axes = []int{-1}
	}
	out := make([]int, len(axes))
	for i, a := range axes {
		var err error
		if out[i], err = axisOf(a, all); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	if len(slices.Compact(slices.Clone(out))) < len(out) {
		return nil, errors.Errorf("axes %v name one axis twice", axes)
	}
	return out, nil
}

// Variables are gamma and beta.
func (l LayerNormalization) Variables(in []Shape) []Declaration {
	return gammaAndBeta(lengthsOf(in[0], l.Axes), l.NoScale, l.NoCenter, l.GammaInit, l.BetaInit, l.GammaRegularizer, l.BetaRegularizer)
}

// Variables are gamma and beta.
func (l GroupNormalization) Variables(in []Shape) []Declaration {
	return gammaAndBeta(lengthsOf(in[0], nil), l.NoScale, l.NoCenter, l.GammaInit, l.BetaInit, l.GammaRegularizer, l.BetaRegularizer)
}

// Variables are scale.
func (l RMSNormalization) Variables(in []Shape) []Declaration {
	if l.NoScale {
		return nil
	}
	init := l.ScaleInit
	if init == nil {
		init = Ones{}
	}
	return []Declaration{{Name: "scale", Shape: lengthsOf(in[0], l.Axes), Init: init, Trainable: true}}
}

// Variables are none.
func (UnitNormalization) Variables([]Shape) []Declaration { return nil }

// lengthsOf are the lengths of some axes, in ascending order of the axes.
func lengthsOf(s Shape, axes []int) Shape {
	at, err := axesOf(axes, len(s))
	if err != nil {
		return nil
	}
	out := make(Shape, len(at))
	for i, a := range at {
		out[i] = s[a]
	}
	return out
}

func gammaAndBeta(s Shape, noScale, noCenter bool, gammaInit, betaInit Initializer, gammaPenalty, betaPenalty Regularizer) []Declaration {
	var d []Declaration
	if !noScale {
		d = append(d, Declaration{Name: "gamma", Shape: s, Init: initializerOr(gammaInit, Ones{}), Trainable: true, Regularizer: gammaPenalty})
	}
	if !noCenter {
		d = append(d, Declaration{Name: "beta", Shape: s, Init: initializerOr(betaInit, Zeros{}), Trainable: true, Regularizer: betaPenalty})
	}
	return d
}

// groups is the number of groups of an input.
func (l GroupNormalization) groups(s Shape) int {
	if l.Groups == -1 {
		return s[len(s)-1]
	}
	return cmp.Or(l.Groups, 32)
}

// normalizing says what a normalization's op computes.
type normalizing struct {
	label   string
	how     kernel.Normalizing
	epsilon float64
	item    Shape  // the input's, which may be cut into more axes
	parts   Shape  // with length 1 along the axes that lie within a part
	weights Shape  // of gamma and beta, with length 1 along axes that share them
	gamma   string // the variable's name; default gamma
}

// normalizingAlong are the settings for parts that span some axes, with gamma and beta of these axes' lengths.
func normalizingAlong(label string, how kernel.Normalizing, epsilon float64, axes []int, item Shape) (normalizing, error) {
	n := normalizing{label: label, how: how, epsilon: epsilon, item: item, parts: slices.Clone(item), weights: slices.Repeat(Shape{1}, len(item))}
	at, err := axesOf(axes, len(item))
	for _, a := range at {
		n.parts[a], n.weights[a] = 1, item[a]
	}
	return n, err
}

func (l LayerNormalization) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	n, err := normalizingAlong("layer_normalization", kernel.ByMoments, cmp.Or(l.Epsilon, 1e-3), l.Axes, itemShapes(in)[0])
	if err != nil {
		return nil, err
	}
	return n.add(b, layer, !l.NoScale, !l.NoCenter, in[0])
}

func (l GroupNormalization) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	item := itemShapes(in)[0]
	channels, groups := item[len(item)-1], l.groups(item)
	n := normalizing{
		label: "group_normalization", how: kernel.ByMoments, epsilon: cmp.Or(l.Epsilon, 1e-3),
		item: Shape{item.Size() / channels, groups, channels / groups}, parts: Shape{1, groups, 1}, weights: Shape{1, groups, channels / groups},
	}
	return n.add(b, layer, !l.NoScale, !l.NoCenter, in[0])
}

func (l RMSNormalization) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	n, err := normalizingAlong("rms_normalization", kernel.ByRootMeanSquare, cmp.Or(l.Epsilon, 1e-6), l.Axes, itemShapes(in)[0])
	if err != nil {
		return nil, err
	}
	n.gamma = "scale"
	return n.add(b, layer, !l.NoScale, false, in[0])
}

func (l UnitNormalization) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	n, err := normalizingAlong("unit_normalization", kernel.ToUnitLength, 1e-12, l.Axes, itemShapes(in)[0])
	if err != nil {
		return nil, err
	}
	return n.add(b, layer, false, false, in[0])
}

// add adds the op over x, and gamma and beta where they are there.
func (n normalizing) add(b *builder, layer string, scale, center bool, x *gorgonia.Node) (*gorgonia.Node, error) {
	if !scale && !center {
		n.weights = slices.Repeat(Shape{1}, len(n.weights))
	}
	in := []*gorgonia.Node{x}
	var gamma, beta int // which input; 0: there is none
	for _, v := range []struct {
		there bool
		name  string
		at    *int
	}{{scale, cmp.Or(n.gamma, "gamma"), &gamma}, {center, "beta", &beta}} {
		if !v.there {
			continue
		}
		node, err := b.variable(layer, v.name)
		if err != nil {
			return nil, err
		}
		*v.at, in = len(in), append(in, node)
	}
	if b.precision == Float64 {
		return normalized[float64](b, n, gamma, beta, in)
	}
	return normalized[float32](b, n, gamma, beta, in)
}

func normalized[T kernel.Float](b *builder, n normalizing, gamma, beta int, in []*gorgonia.Node) (*gorgonia.Node, error) {
	k := kernel.NewNormalization[T](n.how, n.epsilon, n.item, n.parts, n.weights)
	forward := &op{label: n.label, batched: true, item: Shape(in[0].Shape()[1:])}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		k.Forward(b.pool, in[0].Shape()[0], data[T](y), data[T](in[0]), optional[T](in, gamma, gamma > 0), optional[T](in, beta, beta > 0))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		wantInput := forward.differentiable[0]
		var dgamma, dbeta *tensor.Dense
		reads := []*gorgonia.Node{in[0], grad}
		if gamma > 0 {
			dgamma, reads = newDense(b.precision, Shape(in[gamma].Shape())), append(reads, in[gamma])
		}
		if beta > 0 {
			dbeta = newDense(b.precision, Shape(in[beta].Shape()))
		}
		backward := &op{label: "gradient of " + n.label, batched: true}
		if wantInput {
			backward.item = Shape(in[0].Shape()[1:])
		}
		backward.run = func(in []gorgonia.Value, out gorgonia.Value) error {
			var dx []T
			if wantInput {
				dx = data[T](out)
			}
			k.Backward(b.pool, in[0].Shape()[0], dx, data[T](dgamma), data[T](dbeta), data[T](in[0]), optional[T](in, 2, gamma > 0), data[T](in[1]))
			return nil
		}
		core, err := b.add(backward, reads...)
		if err != nil {
			return nil, err
		}
		grads := make(gorgonia.Nodes, len(in))
		if wantInput {
			grads[0] = core
		}
		if gamma > 0 {
			if grads[gamma], err = b.pick("gamma", core, dgamma); err != nil {
				return nil, err
			}
		}
		if beta > 0 {
			if grads[beta], err = b.pick("beta", core, dbeta); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	return b.add(forward, in...)
}

func (l LayerNormalization) see(_ []Shape, out Shape, from []sight) sight {
	return seenAlong(l.Axes, out, from[0])
}

func (l GroupNormalization) see(_ []Shape, out Shape, from []sight) sight { return whole(out, from) }

func (l RMSNormalization) see(_ []Shape, out Shape, from []sight) sight {
	return seenAlong(l.Axes, out, from[0])
}

func (l UnitNormalization) see(_ []Shape, out Shape, from []sight) sight {
	return seenAlong(l.Axes, out, from[0])
}

// seenAlong is what each place sees whose value depends on all places along some axes.
func seenAlong(axes []int, out Shape, from sight) sight {
	at, _ := axesOf(axes, len(out)) // the shapes were found to fit
	for _, a := range at {
		switch a {
		case len(out) - 3:
			from.rows = union(from.rows, len(from.rows))
		case len(out) - 2:
			from.columns = union(from.columns, len(from.columns))
		}
	}
	return from
}
