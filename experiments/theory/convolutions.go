package theory

import (
	"dcae/graph"
)

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
