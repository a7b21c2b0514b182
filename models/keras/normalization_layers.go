package keras

import (
	"cmp"
	"encoding/json"
	"slices"

	"dcae/graph"
)

// scaled are the settings of normalizations of single items that scale and shift.
type scaled struct {
	layerSettings
	Axis             json.RawMessage `json:"axis"`
	Epsilon          float64         `json:"epsilon"`
	Center           bool            `json:"center"`
	Scale            bool            `json:"scale"`
	BetaInitializer  Named           `json:"beta_initializer"`
	GammaInitializer Named           `json:"gamma_initializer"`
	BetaRegularizer  Named           `json:"beta_regularizer"`
	GammaRegularizer Named           `json:"gamma_regularizer"`
	BetaConstraint   Named           `json:"beta_constraint"`
	GammaConstraint  Named           `json:"gamma_constraint"`
}

func (s *scaled) check(p *problems) {
	p.absent("beta_constraint", s.BetaConstraint)
	p.absent("gamma_constraint", s.GammaConstraint)
}

// someAxes reads axes of which the default is the last; they count as in Keras, the batch is 0. Of a mixture from both sides Keras makes
// weights whose axes are in another order than the input's.
func (p *problems) someAxes(setting json.RawMessage) []int {
	list := axes(setting)
	if slices.Equal(list, []int{-1}) {
		return nil
	}
	if len(list) > 0 && slices.Min(list) < 0 && slices.Max(list) >= 0 {
		p.refuse("axis %s: count all axes from the same side", setting)
	}
	return list
}

type layerNormalization struct {
	scaled
	RMSScaling bool `json:"rms_scaling"`
}

func (s *layerNormalization) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	if s.RMSScaling {
		p.refuse("rms_scaling: use a layer RMSNormalization")
	}
	return graph.LayerNormalization{
		Axes: p.someAxes(s.Axis), Epsilon: exactly(s.Epsilon), NoScale: !s.Scale, NoCenter: !s.Center,
		GammaRegularizer: p.regularizer("gamma_regularizer", s.GammaRegularizer), BetaRegularizer: p.regularizer("beta_regularizer", s.BetaRegularizer),
		GammaInit: p.initializerBut("gamma_initializer", s.GammaInitializer, graph.Ones{}), BetaInit: p.initializerBut("beta_initializer", s.BetaInitializer, graph.Zeros{}),
	}
}

type groupNormalization struct {
	scaled
	Groups int `json:"groups"`
}

func (s *groupNormalization) layer(at place, p *problems) graph.Layer {
	s.check(p)
	p.last(at, s.Axis)
	if s.Groups < 1 && s.Groups != -1 {
		p.refuse("groups %d: there must be at least 1, or -1 for as many as channels", s.Groups)
	}
	return graph.GroupNormalization{
		Groups: s.Groups, Epsilon: exactly(s.Epsilon), NoScale: !s.Scale, NoCenter: !s.Center,
		GammaRegularizer: p.regularizer("gamma_regularizer", s.GammaRegularizer), BetaRegularizer: p.regularizer("beta_regularizer", s.BetaRegularizer),
		GammaInit: p.initializerBut("gamma_initializer", s.GammaInitializer, graph.Ones{}), BetaInit: p.initializerBut("beta_initializer", s.BetaInitializer, graph.Zeros{}),
	}
}

type rmsNormalization struct {
	layerSettings
	Axis    json.RawMessage `json:"axis"`
	Epsilon float64         `json:"epsilon"`
}

func (s *rmsNormalization) layer(at place, p *problems) graph.Layer {
	list := p.someAxes(s.Axis)
	sorted := slices.Sorted(slices.Values(list))
	for i, a := range sorted {
		if before := i - len(sorted); a != before && !(at.axes > 0 && a == at.axes+before) {
			p.refuse("axis %s: Keras aligns the weights with the last axes, so only these", s.Axis)
			break
		}
	}
	return graph.RMSNormalization{Axes: list, Epsilon: exactly(s.Epsilon)}
}

type unitNormalization struct {
	layerSettings
	Axis json.RawMessage `json:"axis"`
}

func (s *unitNormalization) layer(_ place, p *problems) graph.Layer {
	return graph.UnitNormalization{Axes: p.someAxes(s.Axis)}
}

// normalizationFields are the settings of normalizations as Keras writes them.
func normalizationFields(l graph.Layer) fields {
	switch l := l.(type) {
	case graph.BatchNormalization:
		return slices.Concat(fields{{"axis", -1}, {"momentum", number(l.Momentum, 0.99)}},
			scaledFields(l.Epsilon, l.NoScale, l.NoCenter, l.GammaInit, l.BetaInit, l.GammaRegularizer, l.BetaRegularizer),
			fields{{"moving_mean_initializer", initializerObject(l.MeanInit, graph.Zeros{})}, {"moving_variance_initializer", initializerObject(l.VarianceInit, graph.Ones{})}})
	case graph.LayerNormalization:
		return append(fields{{"axis", axesValue(l.Axes)}}, scaledFields(l.Epsilon, l.NoScale, l.NoCenter, l.GammaInit, l.BetaInit, l.GammaRegularizer, l.BetaRegularizer)...)
	case graph.GroupNormalization:
		return append(fields{{"groups", cmp.Or(l.Groups, 32)}, {"axis", -1}}, scaledFields(l.Epsilon, l.NoScale, l.NoCenter, l.GammaInit, l.BetaInit, l.GammaRegularizer, l.BetaRegularizer)...)
	case graph.RMSNormalization:
		return fields{{"axis", axesValue(l.Axes)}, {"epsilon", number(l.Epsilon, 1e-6)}}
	case graph.UnitNormalization:
		return fields{{"axis", axesValue(l.Axes)}}
	}
	return nil
}

func axesValue(axes []int) any {
	if len(axes) == 0 {
		return -1
	}
	return axes
}

func scaledFields(epsilon float64, noScale, noCenter bool, gamma, beta graph.Initializer, gammaPenalty, betaPenalty graph.Regularizer) fields {
	return fields{
		{"epsilon", number(epsilon, 0.001)}, {"center", !noCenter}, {"scale", !noScale},
		{"beta_regularizer", regularizerObject(betaPenalty)}, {"gamma_regularizer", regularizerObject(gammaPenalty)},
		{"beta_initializer", initializerObject(beta, graph.Zeros{})}, {"gamma_initializer", initializerObject(gamma, graph.Ones{})},
	}
}
