package theory

import (
	"context"
	"fmt"
	"math"
	"slices"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/models"
	"dcae/training"
)

// Linear autoencoders are trained on so many handwritten digits of 784 values, less their mean, all in each step.
const (
	digits     = 256
	components = 24 // of the images that predictions are about
)

// principal is what linear autoencoders can find in the images.
type principal struct {
	digits     array // the images
	centred    array // less their mean
	directions [][]float64
	variances  []float64 // along the directions: the eigenvalues of the covariance
	total      float64   // in all
}

// array is a training.Source of images in memory.
type array struct {
	values []float32
	size   int // of an image
}

// Len is the number of images.
func (a array) Len() int { return len(a.values) / a.size }

// Read copies images.
func (a array) Read(dst []float32, indices []int) {
	for i, k := range indices {
		copy(dst[i*a.size:(i+1)*a.size], a.values[k*a.size:])
	}
}

// times is the images with every value multiplied.
func (a array) times(factor float64) array {
	out := array{slices.Clone(a.values), a.size}
	for i := range out.values {
		out.values[i] = float32(factor * float64(out.values[i]))
	}
	return out
}

// code is an autoencoder with one hidden layer and without activations: dense layers encoder and decoder.
func code(units int, l2 float64) *graph.Model {
	penalty := graph.Regularizer{L2: l2}
	kernel := graph.RandomNormal{StdDev: 0.02}
	m := graph.Sequential("code", graph.Shape{784},
		graph.Dense{Units: units, NoBias: true, KernelInit: kernel, KernelRegularizer: penalty}, graph.Dense{Units: 784, NoBias: true, KernelInit: kernel, KernelRegularizer: penalty})
	m.Nodes[0].Name, m.Nodes[1].Name = "encoder", "decoder"
	return m
}

// rate is where Adam's learning rate begins.
const rate = 0.02

// fitted trains a model with all images in each step, by Adam with a rate that falls to nothing.
func fitted(m *graph.Model, loss graph.Loss, images array, steps int, seed uint64) (*graph.Params, error) {
	return trained(m, images, training.Config{
		Seed: seed, Epochs: steps, Loss: loss,
		Optimizer: training.Adam{LearningRate: training.Exactly(rate), Base: training.Base{Schedule: training.CosineDecay{InitialLearningRate: rate, DecaySteps: steps}}},
	})
}

func trained(m *graph.Model, images array, c training.Config, recorders ...training.Recorder) (*graph.Params, error) {
	c.Batch = images.Len()
	c.Mean = make([]float32, images.size)
	r, err := training.Fit(context.Background(), m, images, array{images.values[:images.size], images.size}, c, recorders...)
	if err != nil {
		return nil, err
	}
	return r.Params, nil
}

// through is how much of a direction comes back from an encoder and a decoder: 1 is all of it.
func through(params *graph.Params, encoder, decoder string, direction []float64) float64 {
	in, out := params.Lookup(encoder+"/kernel"), params.Lookup(decoder+"/kernel")
	units := in.Shape[1]
	w, v := in.Float32s(), out.Float32s()
	sum := 0.0
	for k := range units {
		a, b := 0.0, 0.0
		for i, u := range direction {
			a += float64(u * float64(w[i*units+k]))
			b += float64(u * float64(v[k*len(direction)+i]))
		}
		sum += float64(a * b)
	}
	return sum
}

// linear are the rows of linear autoencoders.
func linear() []Row { return []Row{subspace(), decayed(), pace(), collapse()} }

func subspace() Row {
	sizes := []int{2, 4, 8, 16}
	return Row{
		Name: "principal-subspace", Claim: "A linear autoencoder's best is the principal subspace, and it has no other minimum: what it leaves unexplained of its training data is the sum of the left-out eigenvalues over all.",
		Source: "Baldi and Hornik 1989, \"Neural networks and principal component analysis\"", Unit: "FVU on the training data", X: "units",
		Regime: "Linear, squared error, centred data, trained to the end. Measured: the first 256 digits of MNIST, all in each step, Adam.",
		points: func(l *lab) ([]Point, error) {
			p, err := l.principal()
			if err != nil {
				return nil, err
			}
			var out []Point
			for _, n := range sizes {
				left := p.total
				for _, v := range p.variances[:n] {
					left -= v
				}
				out = append(out, Point{fmt.Sprintf("%d units", n), float64(n), left / p.total})
			}
			return out, nil
		},
		measure: func(l *lab, _ []Point, seed uint64) ([]float64, error) {
			p, err := l.principal()
			if err != nil {
				return nil, err
			}
			var out []float64
			for _, n := range sizes {
				m := code(n, 0)
				params, err := fitted(m, graph.MSE, p.centred, 600, seed)
				if err != nil {
					return nil, err
				}
				e, err := training.NewEvaluator(m, graph.MSE, params, p.centred, 0, make([]float32, p.centred.size), nil, false)
				if err != nil {
					return nil, err
				}
				s, err := e.Scores()
				e.Close()
				if err != nil {
					return nil, err
				}
				out = append(out, s.FVU)
			}
			return out, nil
		},
	}
}

// alongDirections makes points of how much comes back along the first directions, by their eigenvalues.
func alongDirections(l *lab, n int, predict func(eigenvalue float64) float64) ([]Point, error) {
	p, err := l.principal()
	if err != nil {
		return nil, err
	}
	var out []Point
	for i, v := range p.variances[:n] {
		out = append(out, Point{fmt.Sprintf("direction %d, eigenvalue %.3f", i+1, v), v, predict(v)})
	}
	return out, nil
}

// decayed is a linear autoencoder with weight decay on both halves.
func decayed() Row {
	const lost, units, shown = 2.0, 16, 10 // directions with an eigenvalue under lost do not survive
	return Row{
		Name: "weight-decay", Claim: "With a penalty l (norm(W1)^2 + norm(W2)^2) beside the mean squared error over d values, a linear autoencoder gives a direction back at 1 - l d / eigenvalue, and loses it where that is not positive.",
		Source: "Kunin et al. 2019, \"Loss landscapes of regularized linear autoencoders\"; their lambda, beside a sum over samples and values, is l d n here. The formula is that of the authors' code: eigenvalue = lambda / (1 - s^2), s the decoder's singular value", Unit: "what comes back of a direction", X: "eigenvalue",
		Regime: "Linear, squared error, centred data, trained to the end. Measured: the first 256 digits of MNIST, all in each step, 16 units, l d = 2, Adam.",
		points: func(l *lab) ([]Point, error) {
			return alongDirections(l, shown, func(v float64) float64 { return max(0, 1-lost/v) })
		},
		measure: func(l *lab, points []Point, seed uint64) ([]float64, error) {
			p, err := l.principal()
			if err != nil {
				return nil, err
			}
			params, err := fitted(code(units, lost/784), graph.MSE, p.centred, 1000, seed)
			if err != nil {
				return nil, err
			}
			var out []float64
			for i := range points {
				out = append(out, through(params, "encoder", "decoder", p.directions[i]))
			}
			return out, nil
		},
	}
}

// crossings notes at which step what comes back of each direction crosses a half.
type crossings struct {
	params     *graph.Params
	directions [][]float64
	last, at   []float64 // what came back in the step before; the step, NaN until it is crossed
}

// Step looks at the weights before they change.
func (c *crossings) Step(r *training.StepRecord) error {
	for i, d := range c.directions {
		now := through(c.params, "encoder", "decoder", d)
		if math.IsNaN(c.at[i]) && now >= 0.5 {
			c.at[i] = float64(r.Step-1) - (now-0.5)/(now-c.last[i])
		}
		c.last[i] = now
	}
	return nil
}

// Epoch does nothing.
func (c *crossings) Epoch(*training.EpochRecord) error { return nil }

// pace is how fast a linear autoencoder learns each direction.
func pace() Row {
	const (
		start = 1e-3 // what comes back of each direction at first
		slow  = 1.5  // learning rate of gradient descent
		shown = 6
		steps = 450
	)
	return Row{
		Name: "learning-time", Claim: "A linear autoencoder learns its directions one after another: what comes back of one goes from u0 to uf in the time tau / (2 lambda) ln(uf (1-u0) / (u0 (1-uf))), lambda its eigenvalue.",
		Source: "Saxe et al. 2014, \"Exact solutions to the nonlinear dynamics of learning in deep linear neural networks\", for white input; derived anew for an autoencoder, whose input is not white (there u' = 2 u (s - u) / tau): u' = 2 lambda u (1-u) / tau with tau = d / (2 rate) steps for the mean squared error of d values", Unit: "steps to one half", X: "eigenvalue",
		Regime: "Linear, gradient descent with small steps, from small balanced weights along the directions. Measured: the first 256 digits of MNIST, all in each step, rate 1.5; each seed turns the code another way, which changes nothing.",
		points: func(l *lab) ([]Point, error) {
			return alongDirections(l, shown, func(v float64) float64 { return 784 / (4 * v * slow) * arithmetic.Log((1-start)/start) })
		},
		measure: func(l *lab, points []Point, seed uint64) ([]float64, error) {
			p, err := l.principal()
			if err != nil {
				return nil, err
			}
			m := code(len(points), 0)
			params, err := m.Init(seed, graph.Float32)
			if err != nil {
				return nil, err
			}
			turn := make([]float64, len(points)*len(points)) // of the code: the autoencoder is the same in any
			graph.Orthogonal{}.Fill(turn, graph.Shape{len(points), len(points)}, graph.Random(seed, "turn", "", 0))
			encoder, decoder := make([]float64, 784*len(points)), make([]float64, 784*len(points))
			for k := range points {
				for i := range 784 {
					sum := 0.0
					for j := range points {
						sum += float64(turn[j*len(points)+k] * p.directions[j][i])
					}
					encoder[i*len(points)+k], decoder[k*784+i] = math.Sqrt(start)*sum, math.Sqrt(start)*sum
				}
			}
			if err := params.Lookup("encoder/kernel").Set(encoder); err != nil {
				return nil, err
			}
			if err := params.Lookup("decoder/kernel").Set(decoder); err != nil {
				return nil, err
			}
			c := &crossings{params: params, directions: p.directions[:len(points)], last: make([]float64, len(points)), at: slices.Repeat([]float64{math.NaN()}, len(points))}
			_, err = trained(m, p.centred, training.Config{Seed: seed, Epochs: steps, Params: params, Optimizer: training.SGD{LearningRate: training.Exactly(slow)}}, c)
			return c.at, err
		},
	}
}

// collapse is a linear variational autoencoder.
func collapse() Row {
	cases := []struct {
		label  string
		factor float64 // of the images' values
		how    models.ErrorOf
		sigma2 float64 // the decoder's variance that the loss stands for
		at     []int   // directions, from 0
	}{
		{"sum, values halved", 0.5, models.SumOfValues, 0.5, []int{0, 1, 2, 3, 7, 9}},
		{"mean", 1, models.MeanOfValues, 392, []int{0, 1}},
	}
	return Row{
		Name: "posterior-collapse", Claim: "A linear variational autoencoder gives a direction back at 1 - sigma^2 / eigenvalue, and its latent collapses where the decoder's variance sigma^2 is at least the eigenvalue. The squared error without 1/2, summed over values, stands for sigma^2 = 0.5; its mean over 784 values for 392, with which everything collapses.",
		Source: "Lucas et al. 2019, \"Don't blame the ELBO!\", by probabilistic PCA (Tipping and Bishop 1999), whose weights are U (eigenvalues - sigma^2)^(1/2)", Unit: "what comes back of a direction",
		Regime: "Linear, trained to the end. Measured: the first 256 digits of MNIST, all in each step, 12 latents, Adam.",
		points: func(l *lab) ([]Point, error) {
			p, err := l.principal()
			if err != nil {
				return nil, err
			}
			var out []Point
			for _, c := range cases {
				for _, i := range c.at {
					v := c.factor * c.factor * p.variances[i]
					out = append(out, Point{fmt.Sprintf("%s: direction %d, eigenvalue %.3f", c.label, i+1, v), v, max(0, 1-c.sigma2/v)})
				}
			}
			return out, nil
		},
		measure: func(l *lab, _ []Point, seed uint64) ([]float64, error) {
			p, err := l.principal()
			if err != nil {
				return nil, err
			}
			var out []float64
			for _, c := range cases {
				m, err := models.Plain{
					Input: graph.Shape{28, 28, 1}, Layers: 1, Bottleneck: 12, Activation: graph.Linear, OutputActivation: graph.Linear,
					Variational: c.how, Initializer: graph.RandomNormal{StdDev: 0.02},
				}.Model()
				if err != nil {
					return nil, err
				}
				params, err := fitted(m, graph.Loss{Function: graph.Given}, p.centred.times(c.factor), 1000, seed)
				if err != nil {
					return nil, err
				}
				for _, i := range c.at {
					out = append(out, through(params, "mean", "dense_1", p.directions[i]))
				}
			}
			return out, nil
		},
	}
}
