package keras

import (
	"encoding/json"

	"dcae/graph"
)

// weighted are the settings of layers with a kernel and a bias.
type weighted struct {
	Activation          Named `json:"activation"`
	KernelInitializer   Named `json:"kernel_initializer"`
	BiasInitializer     Named `json:"bias_initializer"`
	KernelRegularizer   Named `json:"kernel_regularizer"`
	BiasRegularizer     Named `json:"bias_regularizer"`
	ActivityRegularizer Named `json:"activity_regularizer"`
	KernelConstraint    Named `json:"kernel_constraint"`
	BiasConstraint      Named `json:"bias_constraint"`
}

func (s *weighted) check(p *problems) {
	p.absent("kernel_constraint", s.KernelConstraint)
	p.absent("bias_constraint", s.BiasConstraint)
}

func (s *weighted) activationLayer() (activation, penalty Named) {
	return s.Activation, s.ActivityRegularizer
}

type conv2D struct {
	formatted
	weighted
	Filters      int    `json:"filters"`
	KernelSize   size   `json:"kernel_size"`
	Strides      size   `json:"strides"`
	Padding      string `json:"padding"`
	DilationRate size   `json:"dilation_rate"`
	Groups       int    `json:"groups"`
	UseBias      bool   `json:"use_bias"`
}

func (s *conv2D) layer(_ place, p *problems) graph.Layer {
	s.formatted.check(p)
	s.weighted.check(p)
	if s.Groups != 1 {
		p.refuse("groups %d", s.Groups)
	}
	return graph.Conv2D{
		Filters: s.Filters, Kernel: graph.Size(s.KernelSize), Strides: graph.Size(s.Strides), Dilation: graph.Size(s.DilationRate),
		Padding: p.padding(s.Padding), Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		KernelInit:          p.initializer("kernel_initializer", s.KernelInitializer),
		BiasInit:            p.initializer("bias_initializer", s.BiasInitializer),
		KernelRegularizer:   p.regularizer("kernel_regularizer", s.KernelRegularizer),
		BiasRegularizer:     p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer: p.regularizer("activity_regularizer", s.ActivityRegularizer),
	}
}

type conv2DTranspose struct {
	formatted
	weighted
	Filters       int    `json:"filters"`
	KernelSize    size   `json:"kernel_size"`
	Strides       size   `json:"strides"`
	Padding       string `json:"padding"`
	OutputPadding *size  `json:"output_padding"`
	DilationRate  size   `json:"dilation_rate"`
	UseBias       bool   `json:"use_bias"`
}

func (s *conv2DTranspose) layer(_ place, p *problems) graph.Layer {
	s.formatted.check(p)
	s.weighted.check(p)
	if one := size(graph.Square(1)); s.DilationRate != one && s.DilationRate != (size{}) {
		p.refuse("dilation_rate %dx%d of a transposed convolution", s.DilationRate.H, s.DilationRate.W)
	}
	return graph.Conv2DTranspose{
		Filters: s.Filters, Kernel: graph.Size(s.KernelSize), Strides: graph.Size(s.Strides), OutputPadding: (*graph.Size)(s.OutputPadding),
		Padding: p.padding(s.Padding), Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		KernelInit:          p.initializer("kernel_initializer", s.KernelInitializer),
		BiasInit:            p.initializer("bias_initializer", s.BiasInitializer),
		KernelRegularizer:   p.regularizer("kernel_regularizer", s.KernelRegularizer),
		BiasRegularizer:     p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer: p.regularizer("activity_regularizer", s.ActivityRegularizer),
	}
}

type dense struct {
	layerSettings
	weighted
	Units        int             `json:"units"`
	UseBias      bool            `json:"use_bias"`
	LoRARank     json.RawMessage `json:"lora_rank"`
	Quantization json.RawMessage `json:"quantization_config"`
}

func (s *dense) layer(_ place, p *problems) graph.Layer {
	s.check(p)
	if isSet(s.LoRARank) || isSet(s.Quantization) {
		p.refuse("quantization or LoRA")
	}
	return graph.Dense{
		Units: s.Units, Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		KernelInit:          p.initializer("kernel_initializer", s.KernelInitializer),
		BiasInit:            p.initializer("bias_initializer", s.BiasInitializer),
		KernelRegularizer:   p.regularizer("kernel_regularizer", s.KernelRegularizer),
		BiasRegularizer:     p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer: p.regularizer("activity_regularizer", s.ActivityRegularizer),
	}
}

type batchNormalization struct {
	layerSettings
	Axis                json.RawMessage `json:"axis"`
	Momentum            float64         `json:"momentum"`
	Epsilon             float64         `json:"epsilon"`
	Center              bool            `json:"center"`
	Scale               bool            `json:"scale"`
	BetaInitializer     Named           `json:"beta_initializer"`
	GammaInitializer    Named           `json:"gamma_initializer"`
	MeanInitializer     Named           `json:"moving_mean_initializer"`
	VarianceInitializer Named           `json:"moving_variance_initializer"`
	BetaRegularizer     Named           `json:"beta_regularizer"`
	GammaRegularizer    Named           `json:"gamma_regularizer"`
	BetaConstraint      Named           `json:"beta_constraint"`
	GammaConstraint     Named           `json:"gamma_constraint"`
	Synchronized        bool            `json:"synchronized"` // on one device it changes nothing
	Renorm              bool            `json:"renorm"`
	RenormClipping      json.RawMessage `json:"renorm_clipping"` // these two mean nothing without renorm
	RenormMomentum      json.RawMessage `json:"renorm_momentum"`
	VirtualBatchSize    json.RawMessage `json:"virtual_batch_size"`
	ActivityRegularizer Named           `json:"activity_regularizer"`
}

func (s *batchNormalization) layer(at place, p *problems) graph.Layer {
	p.last(at, s.Axis)
	p.absent("beta_constraint", s.BetaConstraint)
	p.absent("gamma_constraint", s.GammaConstraint)
	p.absent("activity_regularizer", s.ActivityRegularizer)
	if s.Renorm || isSet(s.VirtualBatchSize) {
		p.refuse("renorm or virtual_batch_size")
	}
	return graph.BatchNormalization{
		Momentum: exactly(s.Momentum), Epsilon: exactly(s.Epsilon), NoScale: !s.Scale, NoCenter: !s.Center,
		GammaRegularizer: p.regularizer("gamma_regularizer", s.GammaRegularizer),
		BetaRegularizer:  p.regularizer("beta_regularizer", s.BetaRegularizer),
		GammaInit:        p.initializerBut("gamma_initializer", s.GammaInitializer, graph.Ones{}),
		BetaInit:         p.initializerBut("beta_initializer", s.BetaInitializer, graph.Zeros{}),
		MeanInit:         p.initializerBut("moving_mean_initializer", s.MeanInitializer, graph.Zeros{}),
		VarianceInit:     p.initializerBut("moving_variance_initializer", s.VarianceInitializer, graph.Ones{}),
	}
}
