package theory

import (
	"fmt"
	"math"

	"dcae/graph"
	"dcae/graph/arithmetic"
)

// atStartOutside are rows at initialization that leave the regime on purpose, each with the experiment that explains what comes of it.
func atStartOutside() []Row {
	small := normalizedRow(Row{
		Name: "small-batches", Claim: "Batch normalization makes the gradient grow by 1.211 a layer whatever the batch.",
		Source: "Yang et al. 2019, for batches without end", Unit: gradientUnit, X: "batch", Outside: true,
		Regime: "As batch-normalization, but with batches that people train with.",
		Why:    "The smaller the batch, the more each sample decides the mean and the variance that it is normalized by, and the faster the gradient grows: the excess over 1.211 falls as the batch rises, from 0.5 with 4 images to 0.002 with 256, as about 0.7 over the batch.",
	}, []int{4, 8, 16, 32, 64})
	return []Row{small, narrow(), scatter(), borders(), leak()}
}

// narrow are He networks of few units.
func narrow() Row {
	widths := []int{8, 16, 32, 64, 128}
	return Row{
		Name: "narrow-layers", Claim: "He's initialization keeps the gradient whatever the width.",
		Source: heSource + ", for infinite width", Unit: gradientUnit, X: "units", Outside: true,
		Regime: "As relu-gradient with He, but narrow; one random input. Geometric mean over the layers.",
		Why:    "He's initialization keeps the mean of the squared norm. A single network shows its logarithm, whose mean is lower the more it scatters, and it scatters as 1/units a layer (Hanin 2018, \"Which neural net architectures give rise to exploding and vanishing gradients?\"): the loss halves with every doubling of the width. The row narrow-layers-explained says how much that is.",
		points: func(*lab) ([]Point, error) {
			var out []Point
			for _, w := range widths {
				out = append(out, Point{fmt.Sprintf("%d units", w), float64(w), 1})
			}
			return out, nil
		},
		measure: func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
			var out []float64
			for _, w := range widths {
				product, n := 1.0, 0
				for draw := range uint64(16) {
					p, err := network{input: graph.Shape{w}, layers: 8, act: graph.ReLU, kernel: scaled(2), batch: 1}.run(seed*1000 + draw)
					if err != nil {
						return nil, err
					}
					if p.delta[0] > 0 { // else the network was born dead, which is a row of its own
						product, n = product*perLayer(p.delta, 0, 7), n+1
					}
				}
				out = append(out, root(product, n))
			}
			return out, nil
		},
	}
}

// scatter is what explains narrow.
func scatter() Row {
	row := narrow()
	row.Name, row.Outside, row.Why = "narrow-layers-explained", false, ""
	row.Claim = "A layer of n ReLU units scatters the squared norm with variance 5/n, which costs the logarithm half of that: the norm shrinks by exp(-5/(4 n)) a layer."
	row.Source = "The variance by Hanin 2018 and Hanin and Nica 2020, \"Products of many large random matrices\"; the half by the second order of the logarithm"
	row.Regime = "As narrow-layers, from 16 units on, where the second order is enough."
	all, measure := row.points, row.measure
	row.points = func(l *lab) ([]Point, error) {
		points, err := all(l)
		for i := range points {
			points[i].Predicted = arithmetic.Exp(-1.25 / points[i].X)
		}
		return points[1:], err
	}
	row.measure = func(l *lab, points []Point, seed uint64) ([]float64, error) {
		values, err := measure(l, points, seed)
		if err != nil {
			return nil, err
		}
		return values[1:], nil
	}
	return row
}

// convLayers is how deep convolutional networks are that only initialize.
const convLayers = 12

// convolved is a convolutional network of 3x3 kernels on square images.
func convolved(size, channels, layers int, act graph.Activation, kernel graph.Initializer) network {
	return network{
		input: graph.Shape{size, size, channels}, layers: layers, act: act, batch: 2,
		conv: graph.Conv2D{Filters: channels, Kernel: graph.Square(3), Padding: graph.Same, NoBias: true, KernelInit: kernel},
	}
}

// borders are convolutional He networks on images of several sizes.
func borders() Row {
	sizes := []int{4, 8, 16, 32}
	return Row{
		Name: "borders", Claim: "He's initialization keeps the gradient in convolutional networks, too.",
		Source: heSource + ", where every output sees as many inputs", Unit: gradientUnit, X: "pixels a side", Outside: true,
		Regime: "12 convolutions of 3x3 and 64 channels, padding same, ReLU.",
		Why:    "Padding with zeros takes a third of their inputs from the pixels along each side, so that signal and gradient leak out there. The smaller the image, the larger is the share of such pixels: 13% a layer at 4 x 4, 5% at 8 x 8, 1% at 32 x 32. Images that were pooled twice are 7 x 7. The row borders-explained says how much that is.",
		points: func(*lab) ([]Point, error) {
			var out []Point
			for _, s := range sizes {
				out = append(out, Point{fmt.Sprintf("%d x %d", s, s), float64(s), 1})
			}
			return out, nil
		},
		measure: func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
			var out []float64
			for _, s := range sizes {
				p, err := convolved(s, 64, convLayers, graph.ReLU, scaled(2)).run(seed)
				if err != nil {
					return nil, err
				}
				out = append(out, perLayer(p.delta, 0, convLayers-1))
			}
			return out, nil
		},
	}
}

// leak is what explains borders.
func leak() Row {
	row := borders()
	row.Name, row.Outside, row.Why = "borders-explained", false, ""
	row.Claim = "Along each side of s pixels a 3x3 kernel averages three neighbours, or two at the ends. The slowest mode of that shrinks by (1 + 2 cos(pi/(s+1)))/3 a layer, of both sides together by its square, and norms by its root: by (1 + 2 cos(pi/(s+1)))/3."
	row.Source = "Derived here: the largest eigenvalue of the tridiagonal matrix that maps variances, pixel by pixel, from layer to layer (for the mean field of convolutions see Xiao et al. 2018)"
	row.Regime = "As borders; many channels, deep enough for the slowest mode."
	all := row.points
	row.points = func(l *lab) ([]Point, error) {
		points, err := all(l)
		for i := range points {
			points[i].Predicted = (1 + float64(2*arithmetic.Cos(math.Pi/(points[i].X+1)))) / 3
		}
		return points, err
	}
	return row
}

// convolutional are rows of convolutional layers within the regime.
func convolutional() []Row {
	inits := []struct {
		label string
		init  graph.Initializer
		depth int
	}{{"16 layers", graph.DeltaOrthogonal{}, 16}, {"64 layers", graph.DeltaOrthogonal{}, 64}, {"128 layers", graph.DeltaOrthogonal{}, 128}}
	delta := Row{
		Name: "delta-orthogonal", Claim: "Delta-orthogonal kernels pass signals through linear convolutional networks of any depth: what the first layer's gradient is of the last one's stays 1.",
		Source: "Xiao et al. 2018, \"Dynamical isometry and a mean field theory of CNNs\"", Unit: "gradient norm, first layer over last", X: "layers",
		Regime: "Linear, as many channels in every layer. Measured: 3x3 kernels, 16 channels, images of 8 x 8, padding same.",
		points: func(*lab) ([]Point, error) {
			var out []Point
			for _, i := range inits {
				out = append(out, Point{i.label, float64(i.depth), 1})
			}
			return out, nil
		},
		measure: func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
			var out []float64
			for _, i := range inits {
				p, err := convolved(8, 16, i.depth, graph.Linear, i.init).run(seed)
				if err != nil {
					return nil, err
				}
				out = append(out, p.delta[0]/p.delta[i.depth-1])
			}
			return out, nil
		},
	}
	return []Row{delta, checkerboard()}
}

// checkerboard is a transposed convolution of constant input.
func checkerboard() Row {
	cases := []struct {
		label          string
		kernel, stride int
		random         bool // kernels are drawn, and variances compared; else all weights are equal
		of             [2]int
		want           float64
	}{
		{"kernel 3, stride 2, equal weights: 2 over 1", 3, 2, false, [2]int{1, 0}, 2},
		{"kernel 3, stride 2, equal weights: 4 over 1", 3, 2, false, [2]int{1, 1}, 4},
		{"kernel 3, stride 2, random weights: variances, 2 over 1", 3, 2, true, [2]int{1, 0}, 2},
		{"kernel 3, stride 2, random weights: variances, 4 over 1", 3, 2, true, [2]int{1, 1}, 4},
		{"kernel 4, stride 2, equal weights", 4, 2, false, [2]int{1, 1}, 1},
		{"kernel 4, stride 2, random weights: variances", 4, 2, true, [2]int{1, 1}, 1},
	}
	return Row{
		Name: "checkerboard", Claim: "A transposed convolution with kernel 3 and stride 2 lets outputs see 1, 2 or 4 weights: constant input comes out 1:2:4 for equal weights, and so do the variances for random ones. Where the stride divides the kernel there is no such pattern.",
		Source: "Odena et al. 2016, \"Deconvolution and checkerboard artifacts\"", Unit: "output or variance over the least",
		Regime: "Away from the borders. Measured: images of 8 x 8 that are 1 everywhere; variances over 2,000 kernels.",
		points: func(*lab) ([]Point, error) {
			var out []Point
			for i, c := range cases {
				out = append(out, Point{c.label, float64(i + 1), c.want})
			}
			return out, nil
		},
		measure: func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
			var out []float64
			for _, c := range cases {
				v, err := overlap(c.kernel, c.stride, c.random, c.of, seed)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			return out, nil
		},
	}
}

// overlap compares two pixels of a transposed convolution's output on constant input, in the middle of the image: that which sees the fewest
// weights, and one beside it.
func overlap(kernel, stride int, random bool, beside [2]int, seed uint64) (float64, error) {
	const size, filters = 8, 2000
	l := graph.Conv2DTranspose{Filters: 1, Kernel: graph.Square(kernel), Strides: graph.Square(stride), NoBias: true, KernelInit: graph.Ones{}}
	if random {
		l.Filters, l.KernelInit = filters, graph.RandomNormal{StdDev: 1}
	}
	m := graph.Sequential("overlap", graph.Shape{size, size, 1}, l)
	params, err := m.Init(seed, graph.Float32)
	if err != nil {
		return 0, err
	}
	p, err := graph.NewEvaluation(m, params, graph.Options{Batch: 1})
	if err != nil {
		return 0, err
	}
	defer p.Close()
	for i, x := 0, p.Input(1); i < len(x); i++ {
		x[i] = 1
	}
	y, err := p.Run(1)
	if err != nil {
		return 0, err
	}
	values, side := y.Data().([]float32), y.Shape()[2]
	at := func(row, column int) float64 {
		first := (row*side + column) * l.Filters
		if !random {
			return float64(values[first])
		}
		return meanSquare(values[first : first+l.Filters])
	}
	middle := size/2*stride + 1 // an odd row of kernel 3 and stride 2 sees one row of weights
	return at(middle+beside[0], middle+beside[1]) / at(middle, middle), nil
}
