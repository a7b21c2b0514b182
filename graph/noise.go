package graph

import (
	"fmt"
	"math/rand/v2"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Layers that change their input at random in training, and leave it alone in evaluation. What they draw follows from the
// program's seed, the layer's name and the step's number, whatever the number of threads.

// Dropout sets a share of values to 0 and divides the others by 1-Rate (Srivastava et al. 2014). Reference:
// https://keras.io/api/layers/regularization_layers/dropout/
type Dropout struct {
	Rate float64 // 0 to 1
}

// SpatialDropout2D sets a share of an image's channels to 0 as a whole and divides the others by 1-Rate (Tompson et al.
// 2015). Reference: https://keras.io/api/layers/regularization_layers/spatial_dropout2d/
type SpatialDropout2D struct {
	Rate float64 // 0 to 1
}

// GaussianNoise adds normal noise. Reference: https://keras.io/api/layers/regularization_layers/gaussian_noise/
type GaussianNoise struct {
	StdDev float64 // 0 to 1
}

// Class is "Dropout".
func (Dropout) Class() string { return "Dropout" }

// Class is "SpatialDropout2D".
func (SpatialDropout2D) Class() string { return "SpatialDropout2D" }

// Class is "GaussianNoise".
func (GaussianNoise) Class() string { return "GaussianNoise" }

// OutputShape is the input's. It fails for other than one input, and for a rate outside of 0 to 1.
func (l Dropout) OutputShape(in []Shape) (Shape, error) { return sameIfShare(in, 0, "rate", l.Rate) }

// OutputShape is the input's. It fails for an input that is no image, and for a rate outside of 0 to 1.
func (l SpatialDropout2D) OutputShape(in []Shape) (Shape, error) {
	return sameIfShare(in, 3, "rate", l.Rate)
}

// OutputShape is the input's. It fails for other than one input, and for a standard deviation outside of 0 to 1.
func (l GaussianNoise) OutputShape(in []Shape) (Shape, error) {
	return sameIfShare(in, 0, "standard deviation", l.StdDev)
}

func sameIfShare(in []Shape, axes int, what string, x float64) (Shape, error) {
	if !(x >= 0 && x <= 1) {
		return nil, errors.Errorf("%s must be 0 to 1, not %g", what, x)
	}
	return one(in, axes)
}

// noisy is a layer that changes its input at random in training, by an amount above 0; else it leaves it alone.
type noisy interface{ amount() float64 }

func (l Dropout) amount() float64          { return l.Rate }
func (l SpatialDropout2D) amount() float64 { return l.Rate }
func (l GaussianNoise) amount() float64    { return l.StdDev }

// Noise is the rate or the standard deviation of a layer that changes its input at random in training; ok is false for other layers.
func Noise(l Layer) (amount float64, ok bool) {
	n, ok := l.(noisy)
	if !ok {
		return 0, false
	}
	return n.amount(), true
}

// Variables are none.
func (Dropout) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (SpatialDropout2D) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (GaussianNoise) Variables([]Shape) []Declaration { return nil }

func (l Dropout) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return drop(b, "dropout", l.Rate, false, in[0])
}

func (l SpatialDropout2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return drop(b, "spatial_dropout2d", l.Rate, true, in[0])
}

func (l GaussianNoise) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if !b.training || l.StdDev == 0 {
		return identity(b, in[0])
	}
	if b.precision == Float64 {
		return addNoise[float64](b, l.StdDev, in[0])
	}
	return addNoise[float32](b, l.StdDev, in[0])
}

func drop(b *builder, label string, rate float64, spatial bool, x *gorgonia.Node) (*gorgonia.Node, error) {
	if !b.training || rate == 0 {
		return identity(b, x)
	}
	if b.precision == Float64 {
		return dropped[float64](b, label, rate, spatial, x)
	}
	return dropped[float32](b, label, rate, spatial, x)
}

func dropped[T kernel.Float](b *builder, label string, rate float64, spatial bool, x *gorgonia.Node) (*gorgonia.Node, error) {
	item, draws, channels := Shape(x.Shape()[1:]), b.draws(label), 1
	if axes := len(item); axes > 0 {
		channels = item[axes-1]
	}
	k := kernel.NewDropout[T](rate, item.Size()/channels, channels, spatial)
	op := unary[T]{
		label: label, out: item,
		forward:  func(n int, y, x []T) { k.Forward(b.pool, n, y, x, draws()) },
		backward: func(n int, dx, _, _, dy []T) { k.Backward(b.pool, n, dx, dy) },
	}
	return op.add(b, x)
}

func addNoise[T kernel.Float](b *builder, stddev float64, x *gorgonia.Node) (*gorgonia.Node, error) {
	draws := b.draws("gaussian_noise")
	op := unary[T]{
		label: "gaussian_noise", out: Shape(x.Shape()[1:]),
		forward:  func(n int, y, x []T) { kernel.AddNoise(b.pool, n, y, x, stddev, draws()) },
		backward: func(_ int, dx, _, _, dy []T) { copy(dx, dy) },
	}
	return op.add(b, x)
}

// draws returns the generator of the layer that is being applied, in the current step. Layers of one name have one each.
func (b *builder) draws(purpose string) func() *rand.Rand {
	path := b.layer
	b.random.uses[path]++
	if n := b.random.uses[path]; n > 1 {
		path = fmt.Sprintf("%s#%d", path, n)
	}
	return func() *rand.Rand { return Random(b.random.seed, purpose, path, b.random.step) }
}
