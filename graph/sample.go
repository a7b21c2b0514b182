package graph

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Sample draws a value for each of its input's, which says nothing but how many there are: the noise of a variational autoencoder. It draws in
// evaluation, too, but there once for each image for good: what it draws for one follows from the program's seed, the layer's name and the
// image's number ([Evaluation.SetFirst]). No gradient flows through it. Reference: https://pytorch.org/docs/stable/generated/torch.randn_like.html
type Sample struct {
	Uniform      bool `json:",omitempty"` // evenly from 0 to 1; default from a normal distribution with mean 0 and deviation 1
	TrainingOnly bool `json:",omitempty"` // in evaluation it is the distribution's mean
	PerChannel   bool `json:",omitempty"` // one for all values of a channel, the last axis
}

// AlphaDropout sets a share of values to what SELU gives for very small ones, and brings mean and variance back to what they were (Klambauer
// et al. 2017, section 3). Reference: https://pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html
type AlphaDropout struct {
	Rate     float64 // 0 to 1
	Channels bool    `json:",omitempty"` // of an image's channels, as a whole
}

// DrawsInEvaluation tells whether a layer of the model draws at random in evaluation, too.
func (m *Model) DrawsInEvaluation() bool {
	return slices.ContainsFunc(m.Nodes, func(n Node) bool {
		l, ok := n.Layer.(Sample)
		return ok && !l.TrainingOnly
	})
}

// Class is "Sample".
func (Sample) Class() string { return "Sample" }

// Class is "AlphaDropout".
func (AlphaDropout) Class() string { return "AlphaDropout" }

// OutputShape is the input's.
func (l Sample) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err == nil && l.PerChannel && len(s) == 0 {
		err = errors.New("takes at least one axis besides the batch")
	}
	return s, err
}

// OutputShape is the input's.
func (l AlphaDropout) OutputShape(in []Shape) (Shape, error) {
	axes := 0
	if l.Channels {
		axes = 3
	}
	return sameIfShare(in, axes, "rate", l.Rate)
}

func (l AlphaDropout) amount() float64 { return l.Rate }

// Variables are none.
func (Sample) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (AlphaDropout) Variables([]Shape) []Declaration { return nil }

func (l Sample) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return sampled[float64](b, l, in[0])
	}
	return sampled[float32](b, l, in[0])
}

func sampled[T kernel.Float](b *builder, l Sample, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	size, repeats := item.Size(), 1
	if l.PerChannel {
		size = item[len(item)-1]
		repeats = item.Size() / size
	}
	sources := b.imageDraws("sample")
	mean := 0.0
	if l.Uniform {
		mean = 0.5
	}
	return b.addWithoutFirst(&op{label: "sample", batched: true, item: item, run: func(in []gorgonia.Value, y gorgonia.Value) error {
		if !b.training && l.TrainingOnly || b.random.mean {
			kernel.Fill(b.pool, data[T](y), mean)
			return nil
		}
		kernel.Sample(b.pool, in[0].Shape()[0], size, repeats, data[T](y), l.Uniform, sources(in[0].Shape()[0]))
		return nil
	}}, x)
}

// see is nothing: the values that are read do not matter.
func (Sample) see(_ []Shape, out Shape, _ []sight) sight { return pointwise(out, nil) }

// imageDraws returns the generators of the layer that is being applied for the images of a batch: in training of the current step, in evaluation
// of each image.
func (b *builder) imageDraws(purpose string) func(images int) []*rand.Rand {
	draws, path := b.draws(purpose), b.layer
	return func(images int) []*rand.Rand {
		out := make([]*rand.Rand, images)
		if b.training {
			r := draws()
			for i := range out {
				out[i] = rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
			}
			return out
		}
		for i := range out {
			out[i] = Random(b.random.seed, "evaluate "+purpose, path, b.random.first+i)
		}
		return out
	}
}

func (l AlphaDropout) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if !b.training || l.Rate == 0 {
		return identity(b, in[0])
	}
	if b.precision == Float64 {
		return alphaDropped[float64](b, l, in[0])
	}
	return alphaDropped[float32](b, l, in[0])
}

// alphaDropped is a*x + c where a value is kept and a*least + c where it is not, made of a dropout of x-least, which divides by the share that is
// kept. Mean and variance of a standard normal x stay.
func alphaDropped[T kernel.Float](b *builder, l AlphaDropout, x *gorgonia.Node) (*gorgonia.Node, error) {
	const least = -1.7580993408473766 // what SELU tends to: -scale*alpha
	if l.Rate == 1 {
		return dropped[T](b, "alpha_dropout", 1, l.Channels, x) // zeros
	}
	a := 1 / math.Sqrt((float64(least*least*l.Rate)+1)*(1-l.Rate))
	over, err := rescaled[T](b, Rescaling{Offset: []float64{-least}}, x)
	if err != nil {
		return nil, err
	}
	kept, err := dropped[T](b, "alpha_dropout", l.Rate, l.Channels, over)
	if err != nil {
		return nil, err
	}
	return rescaled[T](b, Rescaling{Scale: []float64{a * (1 - l.Rate)}, Offset: []float64{float64(a*least) - float64(a*l.Rate*least)}}, kept)
}
