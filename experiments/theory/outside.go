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
	return []Row{small, narrow(), scatter(), bottlenecks(), bottlenecksExplained(), borders(), leak(), pooling(), poolingExplained()}
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

// squeezed is a network with a bottleneck of so many units in the middle of wide layers.
func squeezed(units int, kernel graph.Initializer, seed uint64) (float64, error) {
	squares, draws := 0.0, 8
	for draw := range draws {
		p, err := network{input: graph.Shape{width}, layers: 5, narrow: units, act: graph.ReLU, kernel: kernel, batch: images}.run(seed*1000 + uint64(draw))
		if err != nil {
			return 0, err
		}
		r := p.delta[1] / p.delta[3]
		squares += float64(r * r)
	}
	return arithmetic.Pow(squares/float64(draws), 0.25), nil // a layer: there are two of them
}

// glorot is Keras' default, normal.
func glorot() graph.Initializer {
	return graph.VarianceScaling{Scale: 1, Fan: graph.FanAverage, Distribution: graph.UntruncatedNormal}
}

// bottlenecks are networks that a bottleneck divides.
func bottlenecks() Row {
	sizes := []int{8, 32, 128, 512}
	return Row{
		Name: "bottleneck", Claim: "Glorot's initialization leaves 0.707 of the gradient a ReLU layer.",
		Source: heSource + ", for equal fans", Unit: gradientUnit, X: "units of the bottleneck", Outside: true,
		Regime: "5 layers of 512 units, the middle one a bottleneck; the two layers into it and out of it. Root mean square of 8 networks with each seed.",
		Why:    "Glorot's variance is 2 over the sum of a layer's inputs and outputs, but what a layer does to the gradient goes by its inputs alone: the layer behind a bottleneck has few, and its variance goes by the many outputs. He's variance goes by the inputs, and keeps the gradient through any bottleneck. The row bottleneck-explained says how much that is.",
		points: func(*lab) ([]Point, error) {
			var out []Point
			for _, n := range sizes {
				out = append(out, Point{fmt.Sprintf("%d units", n), float64(n), math.Sqrt(0.5)})
			}
			return out, nil
		},
		measure: func(_ *lab, points []Point, seed uint64) ([]float64, error) {
			var out []float64
			for _, p := range points {
				v, err := squeezed(int(p.X), glorot(), seed)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			return out, nil
		},
	}
}

// bottlenecksExplained is what explains bottlenecks.
func bottlenecksExplained() Row {
	row := bottlenecks()
	row.Name, row.Outside, row.Why = "bottleneck-explained", false, ""
	row.Claim = "Into a bottleneck of b units between layers of n, and out of it, the squared norm is multiplied by n/(n+b) and b/(n+b) with Glorot, so that the norm shrinks by sqrt(sqrt(n b)/(n+b)) a layer. With He it stays."
	row.Source = "Derived here from eq. 10 of He et al. 2015 for Glorot's variance"
	row.Regime = "As bottleneck; the last point with He."
	all, measure := row.points, row.measure
	row.points = func(l *lab) ([]Point, error) {
		points, err := all(l)
		for i, p := range points {
			points[i].Predicted = math.Sqrt(math.Sqrt(width*p.X) / (width + p.X))
		}
		return append(points, Point{"32 units, He", 32, 1}), err
	}
	row.measure = func(l *lab, points []Point, seed uint64) ([]float64, error) {
		values, err := measure(l, points[:len(points)-1], seed)
		if err != nil {
			return nil, err
		}
		v, err := squeezed(32, scaled(2), seed)
		return append(values, v), err
	}
	return row
}
