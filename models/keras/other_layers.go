package keras

import (
	"encoding/json"

	"dcae/graph"
)

// poolingKind tells apart layers of equal settings.
type poolingKind uint8

const (
	maxPooling poolingKind = iota
	averagePooling
)

type pooling struct {
	formatted
	PoolSize size   `json:"pool_size"`
	Strides  size   `json:"strides"`
	Padding  string `json:"padding"`
	kind     poolingKind
}

func (s *pooling) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	if s.kind == averagePooling {
		return graph.AveragePooling2D{Pool: graph.Size(s.PoolSize), Strides: graph.Size(s.Strides), Padding: p.padding(s.Padding)}
	}
	return graph.MaxPooling2D{Pool: graph.Size(s.PoolSize), Strides: graph.Size(s.Strides), Padding: p.padding(s.Padding)}
}

type globalPooling struct {
	formatted
	KeepDims bool `json:"keepdims"`
	kind     poolingKind
}

func (s *globalPooling) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	if s.kind == averagePooling {
		return graph.GlobalAveragePooling2D{KeepDims: s.KeepDims}
	}
	return graph.GlobalMaxPooling2D{KeepDims: s.KeepDims}
}

type adaptivePooling struct {
	formatted
	OutputSize size `json:"output_size"`
	kind       poolingKind
}

func (s *adaptivePooling) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	if s.kind == averagePooling {
		return graph.AdaptiveAveragePooling2D{Output: graph.Size(s.OutputSize)}
	}
	return graph.AdaptiveMaxPooling2D{Output: graph.Size(s.OutputSize)}
}

type upSampling struct {
	formatted
	Size          size   `json:"size"`
	Interpolation string `json:"interpolation"`
}

func (s *upSampling) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	l := graph.UpSampling2D{Factor: graph.Size(s.Size)}
	switch s.Interpolation {
	case "nearest", "":
	case "bilinear":
		l.Interpolation = graph.Bilinear
	case "bicubic":
		l.Interpolation = graph.Bicubic
	default:
		p.refuse("interpolation %s: only nearest, bilinear and bicubic", s.Interpolation)
	}
	return l
}

type zeroPadding struct {
	formatted
	Padding margins `json:"padding"`
}

func (s *zeroPadding) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	return graph.ZeroPadding2D{Padding: graph.Margins(s.Padding)}
}

type cropping struct {
	formatted
	Cropping margins `json:"cropping"`
}

func (s *cropping) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	return graph.Cropping2D{Cropping: graph.Margins(s.Cropping)}
}

type flatten struct{ formatted }

func (s *flatten) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	return graph.Flatten{}
}

type reshape struct {
	layerSettings
	Target []int `json:"target_shape"`
}

func (s *reshape) layer(place, *problems) graph.Layer { return graph.Reshape{Target: s.Target} }

type permute struct {
	layerSettings
	Dims []int `json:"dims"`
}

func (s *permute) layer(place, *problems) graph.Layer { return graph.Permute{Order: s.Dims} }

type repeatVector struct {
	layerSettings
	N int `json:"n"`
}

func (s *repeatVector) layer(place, *problems) graph.Layer { return graph.RepeatVector{N: s.N} }

// The seeds of dropout and noise are passed over: what is drawn follows from this program's own seed.

type dropout struct {
	layerSettings
	Rate       float64         `json:"rate"`
	Seed       json.RawMessage `json:"seed"`
	NoiseShape []*int          `json:"noise_shape"`
}

func (s *dropout) layer(_ place, p *problems) graph.Layer {
	if s.NoiseShape != nil {
		p.refuse("noise_shape")
	}
	return graph.Dropout{Rate: s.Rate}
}

type spatialDropout struct {
	formatted
	Rate float64         `json:"rate"`
	Seed json.RawMessage `json:"seed"`
}

func (s *spatialDropout) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	return graph.SpatialDropout2D{Rate: s.Rate}
}

type gaussianNoise struct {
	layerSettings
	StdDev float64         `json:"stddev"`
	Seed   json.RawMessage `json:"seed"`
}

func (s *gaussianNoise) layer(place, *problems) graph.Layer {
	return graph.GaussianNoise{StdDev: s.StdDev}
}

type activation struct {
	layerSettings
	Activation Named `json:"activation"`
}

func (s *activation) layer(at place, p *problems) graph.Layer {
	switch {
	case s.Activation.Object != nil:
		return p.activationLayer(s.Activation.Object, at)
	case s.Activation.Name == string(graph.GLU):
		return graph.Activate{Function: graph.GLU}
	}
	return graph.Activate{Function: p.activation(s.Activation)}
}

type reLU struct {
	layerSettings
	Max           *float64 `json:"max_value"`
	NegativeSlope float64  `json:"negative_slope"`
	Threshold     float64  `json:"threshold"`
}

func (s *reLU) layer(_ place, p *problems) graph.Layer {
	l := graph.Rectifier{NegativeSlope: s.NegativeSlope, Threshold: s.Threshold}
	if s.Max != nil {
		if l.Max = *s.Max; l.Max <= 0 {
			p.refuse("max_value %g: it must be above 0", l.Max)
		}
	}
	return l
}

type leakyReLU struct {
	layerSettings
	NegativeSlope float64 `json:"negative_slope"`
}

func (s *leakyReLU) layer(place, *problems) graph.Layer {
	return graph.LeakyRectifier{NegativeSlope: exactly(s.NegativeSlope)}
}

type pReLU struct {
	layerSettings
	AlphaInitializer Named           `json:"alpha_initializer"`
	AlphaRegularizer Named           `json:"alpha_regularizer"`
	AlphaConstraint  Named           `json:"alpha_constraint"`
	SharedAxes       json.RawMessage `json:"shared_axes"`
}

func (s *pReLU) layer(_ place, p *problems) graph.Layer {
	p.absent("alpha_constraint", s.AlphaConstraint)
	return graph.ParametricRectifier{
		SharedAxes: axes(s.SharedAxes), AlphaInit: p.initializer("alpha_initializer", s.AlphaInitializer),
		AlphaRegularizer: p.regularizer("alpha_regularizer", s.AlphaRegularizer),
	}
}

type elu struct {
	layerSettings
	Alpha float64 `json:"alpha"`
}

func (s *elu) layer(place, *problems) graph.Layer {
	return graph.ExponentialLinear{Alpha: exactly(s.Alpha)}
}

type softmax struct {
	layerSettings
	Axis json.RawMessage `json:"axis"`
}

func (s *softmax) layer(at place, p *problems) graph.Layer {
	list := axes(s.Axis)
	switch {
	case len(list) != 1:
		p.refuse("axis %s: only one", s.Axis)
	case list[0] == 0:
		p.refuse("axis 0: images of a batch are not mixed")
	case !at.lastAxis(list[0]):
		return graph.SoftmaxLayer{Axis: list[0]}
	}
	return graph.SoftmaxLayer{}
}

type rescaling struct {
	layerSettings
	Scale  json.RawMessage `json:"scale"`
	Offset json.RawMessage `json:"offset"`
}

func (s *rescaling) layer(_ place, p *problems) graph.Layer {
	return graph.Rescaling{Scale: p.numbers("scale", s.Scale), Offset: p.numbers("offset", s.Offset)}
}

type concatenate struct {
	layerSettings
	Axis int `json:"axis"`
}

func (s *concatenate) layer(_ place, p *problems) graph.Layer {
	if s.Axis == 0 {
		p.refuse("axis 0: images of a batch cannot be joined")
	}
	return graph.Concatenate{Axis: s.Axis}
}

// plain is a layer without settings of its own.
type plain struct {
	layerSettings
	made graph.Layer
}

func (s *plain) layer(place, *problems) graph.Layer { return s.made }
