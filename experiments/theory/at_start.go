package theory

import (
	"fmt"
	"math"

	"dcae/graph"
)

// Sizes of the networks that are measured at initialization: wide, since the theory is of infinite width.
const (
	width  = 512
	depth  = 16
	images = 64 // in a batch
)

// scaled draws kernels with variance sigma_w^2 / inputs.
func scaled(sigmaW float64) graph.Initializer {
	return graph.VarianceScaling{Scale: sigmaW, Fan: graph.FanIn, Distribution: graph.UntruncatedNormal}
}

// pyTorchKernel and pyTorchBias begin as PyTorch's dense layers do: kaiming_uniform with a = sqrt(5), which is uniform within 1/sqrt(inputs).
func pyTorchKernel() graph.Initializer {
	return graph.VarianceScaling{Scale: 1.0 / 3, Fan: graph.FanIn, Distribution: graph.Uniform}
}

func pyTorchBias(inputs int) graph.Initializer {
	limit := 1 / math.Sqrt(float64(inputs))
	return graph.RandomUniform{Min: -limit, Max: limit}
}

const (
	heSource        = "He et al. 2015, \"Delving deep into rectifiers\", eqs. 9 to 14"
	schoenholz      = "Schoenholz et al. 2017, \"Deep information propagation\""
	wideRegime      = "Infinite width, dense, constant width, independent weights. Measured: 16 layers of 512 units, 64 random inputs."
	gradientUnit    = "gradient norm, factor per layer"
	wideSaturating  = "Infinite width, dense, inputs at the fixed point's variance. Measured: 16 layers of 512 units, 64 random inputs."
	criticalSigmaB  = 0.05 // sigma_b^2 of the tanh networks
	tanhLayersTotal = 24
)

// rectifiers are the initializations that rows of ReLU networks compare.
func rectifiers() []struct {
	label  string
	sigmaW float64
	net    network
} {
	base := network{input: graph.Shape{width}, layers: depth, act: graph.ReLU, batch: images}
	make := func(kernel, bias graph.Initializer) network {
		n := base
		n.kernel, n.bias = kernel, bias
		return n
	}
	return []struct {
		label  string
		sigmaW float64
		net    network
	}{
		{"He", 2, make(scaled(2), nil)},
		{"Glorot", 1, make(scaled(1), nil)},
		{"PyTorch without biases", 1.0 / 3, make(pyTorchKernel(), nil)},
		{"PyTorch with biases", 1.0 / 3, make(pyTorchKernel(), pyTorchBias(width))},
	}
}

// rectified is a row of ReLU networks; predict and value tell what is predicted and read from a pass.
func rectified(row Row, of int, predict func(sigmaW float64, biases bool) float64, value func(*pass) float64) Row {
	nets := rectifiers()[:of]
	row.points = func(*lab) ([]Point, error) {
		var out []Point
		for _, n := range nets {
			out = append(out, Point{n.label, n.sigmaW, predict(n.sigmaW, n.net.bias != nil)})
		}
		return out, nil
	}
	row.measure = func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
		var out []float64
		for _, n := range nets {
			p, err := n.net.run(seed)
			if err != nil {
				return nil, err
			}
			out = append(out, value(p))
		}
		return out, nil
	}
	return row
}

// atStart are the rows at initialization, within the regime of the theory.
func atStart() []Row {
	half := func(sigmaW float64, _ bool) float64 { return math.Sqrt(sigmaW / 2) }
	return []Row{
		rectified(Row{
			Name: "relu-signal", Claim: "The variance of the signal changes by sigma_w^2/2 with every ReLU layer: 1 with He, 1/2 with Glorot, 1/6 with PyTorch's default without biases.",
			Source: heSource, Unit: "variance of pre-activations, factor per layer", X: "sigma_w^2", Regime: wideRegime,
		}, 3, func(sigmaW float64, _ bool) float64 { return sigmaW / 2 }, func(p *pass) float64 { return 1 / perLayer(p.signal, 0, depth-1) }),
		rectified(Row{
			Name: "relu-gradient", Claim: "The norm of the gradient by pre-activations changes by sqrt(sigma_w^2/2) with every ReLU layer: 1.000 with He, 0.707 with Glorot, 0.408 with PyTorch's default.",
			Source: heSource + "; " + schoenholz, Unit: gradientUnit, X: "sigma_w^2", Regime: wideRegime,
		}, 4, half, func(p *pass) float64 { return perLayer(p.delta, 0, depth-1) }),
		rectified(Row{
			Name: "relu-weight-gradient", Claim: "Without biases the gradients by the weights are equal in all layers, whatever the initialization: the signal shrinks on its way forward as the gradient does on its way back. With PyTorch's biases the signal stays, and they shrink by 0.408. So a small gradient by weights alone proves nothing.",
			Source: "Follows from He et al. 2015: the gradient by a kernel is the product of both", Unit: "gradient norm by weights, factor per layer", X: "sigma_w^2", Regime: wideRegime,
		}, 4, func(sigmaW float64, biases bool) float64 {
			if biases {
				return math.Sqrt(sigmaW / 2)
			}
			return 1
		}, func(p *pass) float64 { return perLayer(p.weights, depth/2, depth-1) }), // the first layers are those in which the signal goes down to what biases make
		saturating(Row{
			Name: "sigmoid-gradient", Claim: "With sigmoids, sigma_w^2 = 1 and sigma_b^2 = 0 the gradient shrinks by 0.236 a layer.",
			Source: schoenholz + ": sqrt(chi), computed numerically here", Unit: gradientUnit, Regime: wideSaturating,
		}, graph.Sigmoid, []float64{1}, 0, depth),
		saturating(Row{
			Name: "tanh-gradient", Claim: "With tanh in the ordered phase the gradient falls as exp(-L/(2 xi)), xi = -1/ln(chi): with sigma_b^2 = 0.05 xi is 3.63 at sigma_w^2 = 1.0 and 10.73 at 1.4, and infinite at 1.761.",
			Source: schoenholz + ", section 3, computed numerically here", Unit: gradientUnit, X: "sigma_w^2", Regime: wideSaturating,
		}, graph.Tanh, []float64{1, 1.2, 1.4, 1.6, 1.761}, criticalSigmaB, tanhLayersTotal),
		normalizedRow(Row{
			Name: "batch-normalization", Claim: "Batch normalization with ReLU makes the gradient grow by sqrt(pi/(pi-1)) = 1.211 a layer going back, for large batches.",
			Source: "Yang et al. 2019, \"A mean field theory of batch normalization\"; derived anew: going back, ReLU halves the squared norm, and the normalization divides it by (1 - 1/pi)/2, the variance of a rectified normal variable", Unit: gradientUnit, X: "batch",
			Regime: "Infinite width and batch, dense, batch normalization before ReLU. Measured: 12 layers of 512 units.",
		}, []int{128, 256}),
	}
}

// saturating is a row of networks whose variance has a fixed point, at several sigma_w^2.
func saturating(row Row, act graph.Activation, sigmaW []float64, sigmaB float64, layers int) Row {
	field := func(w float64) meanField {
		if act == graph.Sigmoid {
			return sigmoidField(w, sigmaB)
		}
		return tanhField(w, sigmaB)
	}
	row.points = func(*lab) ([]Point, error) {
		var out []Point
		for _, w := range sigmaW {
			m := field(w)
			out = append(out, Point{fmt.Sprintf("sigma_w^2 %g, q %.3f", w, m.fixedPoint()), w, math.Sqrt(m.chi())})
		}
		return out, nil
	}
	row.measure = func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
		var out []float64
		for _, w := range sigmaW {
			n := network{input: graph.Shape{width}, layers: layers, act: act, kernel: scaled(w), batch: images, scale: math.Sqrt((field(w).fixedPoint() - sigmaB) / w)}
			if sigmaB > 0 {
				n.bias = graph.RandomNormal{StdDev: math.Sqrt(sigmaB)}
			}
			p, err := n.run(seed)
			if err != nil {
				return nil, err
			}
			out = append(out, perLayer(p.delta, 0, layers-1))
		}
		return out, nil
	}
	return row
}

// bnLayers is how deep the networks with batch normalization are.
const bnLayers = 12

// normalizedRow is a row of ReLU networks with batch normalization, at several sizes of the batch.
func normalizedRow(row Row, batches []int) Row {
	row.points = func(*lab) ([]Point, error) {
		var out []Point
		for _, b := range batches {
			out = append(out, Point{fmt.Sprintf("batch %d", b), float64(b), math.Sqrt(math.Pi / (math.Pi - 1))})
		}
		return out, nil
	}
	row.measure = func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
		var out []float64
		for _, b := range batches {
			p, err := network{input: graph.Shape{width}, layers: bnLayers, act: graph.ReLU, kernel: scaled(1), batch: b, normalized: true}.run(seed)
			if err != nil {
				return nil, err
			}
			out = append(out, perLayer(p.delta, 0, bnLayers-2)) // the last one is not yet what the layers before it make of it
		}
		return out, nil
	}
	return row
}
