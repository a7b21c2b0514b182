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
	return graph.Conv2D{
		Filters: s.Filters, Kernel: graph.Size(s.KernelSize), Strides: graph.Size(s.Strides), Dilation: graph.Size(s.DilationRate), Groups: p.groups(s.Groups),
		Padding: p.padding(s.Padding), Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		KernelInit:          p.initializer("kernel_initializer", s.KernelInitializer),
		BiasInit:            p.initializer("bias_initializer", s.BiasInitializer),
		KernelRegularizer:   p.regularizer("kernel_regularizer", s.KernelRegularizer),
		BiasRegularizer:     p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer: p.regularizer("activity_regularizer", s.ActivityRegularizer),
	}
}

// groups reads the number of groups; one is the zero value.
func (p *problems) groups(n int) int {
	if n < 1 {
		p.refuse("groups %d: there must be at least 1", n)
	}
	if n == 1 {
		return 0
	}
	return n
}

type conv2DTranspose struct {
	formatted
	weighted
	Filters       int             `json:"filters"`
	KernelSize    size            `json:"kernel_size"`
	Strides       size            `json:"strides"`
	Padding       string          `json:"padding"`
	OutputPadding *rowsAndColumns `json:"output_padding"`
	DilationRate  size            `json:"dilation_rate"`
	UseBias       bool            `json:"use_bias"`
}

func (s *conv2DTranspose) layer(_ place, p *problems) graph.Layer {
	s.formatted.check(p)
	s.weighted.check(p)
	dilation := graph.Size(s.DilationRate)
	if dilation == graph.Square(1) {
		dilation = graph.Size{}
	}
	return graph.Conv2DTranspose{
		Filters: s.Filters, Kernel: graph.Size(s.KernelSize), Strides: graph.Size(s.Strides), Dilation: dilation, OutputPadding: (*graph.Size)(s.OutputPadding),
		Padding: p.padding(s.Padding), Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		KernelInit:          p.initializer("kernel_initializer", s.KernelInitializer),
		BiasInit:            p.initializer("bias_initializer", s.BiasInitializer),
		KernelRegularizer:   p.regularizer("kernel_regularizer", s.KernelRegularizer),
		BiasRegularizer:     p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer: p.regularizer("activity_regularizer", s.ActivityRegularizer),
	}
}

// depthwise are the settings of layers with a kernel of each channel.
type depthwise struct {
	KernelSize           size   `json:"kernel_size"`
	Strides              size   `json:"strides"`
	Padding              string `json:"padding"`
	DilationRate         size   `json:"dilation_rate"`
	DepthMultiplier      int    `json:"depth_multiplier"`
	UseBias              bool   `json:"use_bias"`
	Activation           Named  `json:"activation"`
	DepthwiseInitializer Named  `json:"depthwise_initializer"`
	BiasInitializer      Named  `json:"bias_initializer"`
	DepthwiseRegularizer Named  `json:"depthwise_regularizer"`
	BiasRegularizer      Named  `json:"bias_regularizer"`
	ActivityRegularizer  Named  `json:"activity_regularizer"`
	DepthwiseConstraint  Named  `json:"depthwise_constraint"`
	BiasConstraint       Named  `json:"bias_constraint"`
}

func (s *depthwise) check(p *problems) {
	p.absent("depthwise_constraint", s.DepthwiseConstraint)
	p.absent("bias_constraint", s.BiasConstraint)
	if s.DepthMultiplier < 1 {
		p.refuse("depth_multiplier %d: it must be at least 1", s.DepthMultiplier)
	}
}

func (s *depthwise) activationLayer() (activation, penalty Named) {
	return s.Activation, s.ActivityRegularizer
}

type depthwiseConv2D struct {
	formatted
	depthwise
}

func (s *depthwiseConv2D) layer(_ place, p *problems) graph.Layer {
	s.formatted.check(p)
	s.depthwise.check(p)
	return graph.DepthwiseConv2D{
		Kernel: graph.Size(s.KernelSize), Multiplier: s.DepthMultiplier, Strides: graph.Size(s.Strides), Dilation: graph.Size(s.DilationRate),
		Padding: p.padding(s.Padding), Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		KernelInit:          p.initializer("depthwise_initializer", s.DepthwiseInitializer),
		BiasInit:            p.initializer("bias_initializer", s.BiasInitializer),
		KernelRegularizer:   p.regularizer("depthwise_regularizer", s.DepthwiseRegularizer),
		BiasRegularizer:     p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer: p.regularizer("activity_regularizer", s.ActivityRegularizer),
	}
}

type separableConv2D struct {
	formatted
	depthwise
	Filters              int   `json:"filters"`
	PointwiseInitializer Named `json:"pointwise_initializer"`
	PointwiseRegularizer Named `json:"pointwise_regularizer"`
	PointwiseConstraint  Named `json:"pointwise_constraint"`
}

func (s *separableConv2D) layer(_ place, p *problems) graph.Layer {
	s.formatted.check(p)
	s.depthwise.check(p)
	p.absent("pointwise_constraint", s.PointwiseConstraint)
	return graph.SeparableConv2D{
		Filters: s.Filters, Kernel: graph.Size(s.KernelSize), Multiplier: s.DepthMultiplier, Strides: graph.Size(s.Strides), Dilation: graph.Size(s.DilationRate),
		Padding: p.padding(s.Padding), Activation: p.activation(s.Activation), NoBias: !s.UseBias,
		DepthwiseInit:        p.initializer("depthwise_initializer", s.DepthwiseInitializer),
		PointwiseInit:        p.initializer("pointwise_initializer", s.PointwiseInitializer),
		BiasInit:             p.initializer("bias_initializer", s.BiasInitializer),
		DepthwiseRegularizer: p.regularizer("depthwise_regularizer", s.DepthwiseRegularizer),
		PointwiseRegularizer: p.regularizer("pointwise_regularizer", s.PointwiseRegularizer),
		BiasRegularizer:      p.regularizer("bias_regularizer", s.BiasRegularizer),
		ActivityRegularizer:  p.regularizer("activity_regularizer", s.ActivityRegularizer),
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
