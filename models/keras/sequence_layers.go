package keras

import (
	"encoding/json"

	"github.com/pkg/errors"

	"dcae/graph"
)

// length is a number of places along a sequence, at least one, which may be written as a list of one.
type length int

// UnmarshalJSON reads n or [n]; null leaves the value.
func (l *length) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var n places
	if err := n.UnmarshalJSON(b); err != nil {
		return err
	}
	if n < 1 {
		return errors.Errorf("%.40s: kernel, stride, dilation, pool and factor must be at least 1", b)
	}
	*l = length(n)
	return nil
}

// places is a whole number, which may be written as a list of one.
type places int

// UnmarshalJSON reads n or [n].
func (p *places) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, (*int)(p)) == nil {
		return nil
	}
	var list []int
	if err := json.Unmarshal(b, &list); err != nil || len(list) != 1 {
		return errors.Errorf("%.40s is no number", b)
	}
	*p = places(list[0])
	return nil
}

// ends are places at a sequence's beginning and end.
type ends graph.Ends

// UnmarshalJSON reads n or [before, after].
func (e *ends) UnmarshalJSON(b []byte) error {
	var both rowsAndColumns
	if err := both.UnmarshalJSON(b); err != nil {
		return errors.Errorf("%.40s is no padding: [before, after]", b)
	}
	*e = ends{both.H, both.W}
	return nil
}

type conv1D struct {
	formatted
	weighted
	Filters      int    `json:"filters"`
	KernelSize   length `json:"kernel_size"`
	Strides      length `json:"strides"`
	Padding      string `json:"padding"`
	DilationRate length `json:"dilation_rate"`
	Groups       int    `json:"groups"`
	UseBias      bool   `json:"use_bias"`
}

func (s *conv1D) layer(_ place, p *problems) graph.Layer {
	s.formatted.check(p)
	s.weighted.check(p)
	l := graph.Conv1D{
		Filters: s.Filters, Kernel: int(s.KernelSize), Stride: int(s.Strides), Dilation: int(s.DilationRate), Groups: p.groups(s.Groups),
		Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		KernelInit:          p.initializer("kernel_initializer", s.KernelInitializer),
		BiasInit:            p.initializer("bias_initializer", s.BiasInitializer),
		KernelRegularizer:   p.regularizer("kernel_regularizer", s.KernelRegularizer),
		BiasRegularizer:     p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer: p.regularizer("activity_regularizer", s.ActivityRegularizer),
	}
	if l.Padding = graph.Causal; s.Padding != "causal" {
		l.Padding = p.padding(s.Padding)
	}
	return l
}

type conv1DTranspose struct {
	formatted
	weighted
	Filters       int     `json:"filters"`
	KernelSize    length  `json:"kernel_size"`
	Strides       length  `json:"strides"`
	Padding       string  `json:"padding"`
	OutputPadding *places `json:"output_padding"`
	DilationRate  length  `json:"dilation_rate"`
	UseBias       bool    `json:"use_bias"`
}

func (s *conv1DTranspose) layer(_ place, p *problems) graph.Layer {
	s.formatted.check(p)
	s.weighted.check(p)
	return graph.Conv1DTranspose{
		Filters: s.Filters, Kernel: int(s.KernelSize), Stride: int(s.Strides), Dilation: int(s.DilationRate), OutputPadding: (*int)(s.OutputPadding),
		Padding: p.padding(s.Padding), Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		KernelInit:          p.initializer("kernel_initializer", s.KernelInitializer),
		BiasInit:            p.initializer("bias_initializer", s.BiasInitializer),
		KernelRegularizer:   p.regularizer("kernel_regularizer", s.KernelRegularizer),
		BiasRegularizer:     p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer: p.regularizer("activity_regularizer", s.ActivityRegularizer),
	}
}

type pooling1D struct {
	formatted
	PoolSize length `json:"pool_size"`
	Strides  length `json:"strides"`
	Padding  string `json:"padding"`
	kind     poolingKind
}

func (s *pooling1D) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	if s.kind == averagePooling {
		return graph.AveragePooling1D{Pool: int(s.PoolSize), Stride: int(s.Strides), Padding: p.padding(s.Padding)}
	}
	return graph.MaxPooling1D{Pool: int(s.PoolSize), Stride: int(s.Strides), Padding: p.padding(s.Padding)}
}

type globalPooling1D struct {
	formatted
	KeepDims bool `json:"keepdims"`
	kind     poolingKind
}

func (s *globalPooling1D) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	if s.kind == averagePooling {
		return graph.GlobalAveragePooling1D{KeepDims: s.KeepDims}
	}
	return graph.GlobalMaxPooling1D{KeepDims: s.KeepDims}
}

type upSampling1D struct {
	layerSettings
	Size length `json:"size"`
}

func (s *upSampling1D) layer(place, *problems) graph.Layer {
	return graph.UpSampling1D{Factor: int(s.Size)}
}

type zeroPadding1D struct {
	formatted
	Padding ends `json:"padding"`
}

func (s *zeroPadding1D) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	return graph.ZeroPadding1D{Padding: graph.Ends(s.Padding)}
}

type cropping1D struct {
	layerSettings
	Cropping ends `json:"cropping"`
}

func (s *cropping1D) layer(place, *problems) graph.Layer {
	return graph.Cropping1D{Cropping: graph.Ends(s.Cropping)}
}

// sequenceFields are the settings of layers of sequences as Keras writes them.
func sequenceFields(l graph.Layer) fields {
	last := field{"data_format", "channels_last"}
	switch l := l.(type) {
	case graph.Conv1D:
		return append(fields{
			{"filters", l.Filters}, {"kernel_size", []int{l.Kernel}}, {"strides", lengthOr(l.Stride, 1)}, {"padding", l.Padding.String()}, last,
			{"dilation_rate", lengthOr(l.Dilation, 1)}, {"groups", max(l.Groups, 1)},
		}, weightedFields(l.Activation, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer)...)
	case graph.Conv1DTranspose:
		var padding any
		if l.OutputPadding != nil {
			padding = []int{*l.OutputPadding}
		}
		return append(fields{
			{"filters", l.Filters}, {"kernel_size", []int{l.Kernel}}, {"strides", lengthOr(l.Stride, 1)}, {"padding", l.Padding.String()}, last,
			{"output_padding", padding}, {"dilation_rate", lengthOr(l.Dilation, 1)},
		}, weightedFields(l.Activation, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer)...)
	case graph.MaxPooling1D:
		return pooling1DFields(l.Pool, l.Stride, l.Padding)
	case graph.AveragePooling1D:
		return pooling1DFields(l.Pool, l.Stride, l.Padding)
	case graph.GlobalAveragePooling1D:
		return fields{last, {"keepdims", l.KeepDims}}
	case graph.GlobalMaxPooling1D:
		return fields{last, {"keepdims", l.KeepDims}}
	case graph.UpSampling1D:
		return fields{{"size", lengthOr(l.Factor, 2)[0]}}
	case graph.ZeroPadding1D:
		return fields{{"padding", []int{l.Padding.Before, l.Padding.After}}, last}
	case graph.Cropping1D:
		return fields{{"cropping", []int{l.Cropping.Before, l.Cropping.After}}}
	}
	return nil
}

func pooling1DFields(pool, stride int, padding graph.Padding) fields {
	of := lengthOr(pool, 2)
	return fields{{"pool_size", of}, {"padding", padding.String()}, {"strides", lengthOr(stride, of[0])}, {"data_format", "channels_last"}}
}

// lengthOr is a length, or its default.
func lengthOr(n, def int) []int {
	if n == 0 {
		n = def
	}
	return []int{n}
}
