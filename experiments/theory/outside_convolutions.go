package theory

import (
	"fmt"
	"math"
	"slices"

	"dcae/graph"
)

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
	row.Claim = "Along each side of s pixels a 3x3 kernel takes its input from three neighbours, or from two at the ends. So what the pixels of a side have of the squared norm is multiplied, a layer, by a matrix with 1/3 on the diagonal and beside it; the squared norm of all pixels is the square of that of a side, since both sides leak alike."
	row.Source = "Derived here (for the mean field of convolutions see Xiao et al. 2018). Where all pixels begin alike, 2/(3 s) is lost in the first layer; after many layers it is what the slowest mode of the matrix loses, 1 - (1 + 2 cos(pi/(s+1)))/3"
	row.Regime = "As borders; many channels. 11 layers from the last, where all pixels begin alike."
	all := row.points
	row.points = func(l *lab) ([]Point, error) {
		points, err := all(l)
		for i := range points {
			points[i].Predicted = keptBySide(int(points[i].X), convLayers-1)
		}
		return points, err
	}
	return row
}

// keptBySide is what a side of so many pixels, which begin alike, keeps of their sum a layer, on average over so many layers.
func keptBySide(pixels, layers int) float64 {
	now, next := slices.Repeat([]float64{1 / float64(pixels)}, pixels), make([]float64, pixels)
	for range layers {
		for i := range now {
			next[i] = 0
			for k := max(0, i-1); k <= min(i+1, pixels-1); k++ {
				next[i] += now[k] / 3
			}
		}
		now, next = next, now
	}
	sum := 0.0
	for _, v := range now {
		sum += v
	}
	return root(sum, layers)
}

// poolings are what stands between convolutions that make images smaller.
var poolings = []struct {
	label string
	after graph.Layer // each activation; nil: nothing
	size  graph.Size  // strides of the convolution
}{
	{"max pooling", graph.MaxPooling2D{}, graph.Square(1)},
	{"average pooling", graph.AveragePooling2D{}, graph.Square(1)},
	{"strides of 2", nil, graph.Square(2)},
}

// pooled is one of poolings between convolutions without padding, so that no borders leak.
func pooled(i int, seed uint64) (*pass, error) {
	n := convolved(46, 64, 4, graph.ReLU, scaled(2))
	c := n.conv.(graph.Conv2D)
	c.Padding, c.Strides = graph.Valid, poolings[i].size
	n.conv, n.after = c, poolings[i].after
	return n.run(seed)
}

// pooling are convolutional He networks that make images smaller.
func pooling() Row {
	return Row{
		Name: "pooling", Claim: "He's initialization keeps the gradient in convolutional networks that make images smaller, too.",
		Source: heSource + ", without pooling", Unit: gradientUnit, Outside: true,
		Regime: "4 convolutions of 3x3 and 64 channels, padding valid, ReLU; between them 2x2 pooling, or convolutions with strides of 2.",
		Why:    "He's 2 makes up for the half of the units that are off. Of four pixels max pooling hands the gradient to the largest, which is seldom off; average pooling hands a quarter to each, so that of the squared norm a quarter is left. Strides of 2 change nothing. The row pooling-explained says how much that is.",
		points: func(*lab) ([]Point, error) {
			var out []Point
			for i, p := range poolings {
				out = append(out, Point{p.label, float64(i + 1), 1})
			}
			return out, nil
		},
		measure: fromPoolings(func(_ int, p *pass) float64 { return perLayer(p.delta, 0, 3) }),
	}
}

// fromPoolings measures a value of each network that makes images smaller.
func fromPoolings(of func(i int, p *pass) float64) func(*lab, []Point, uint64) ([]float64, error) {
	return func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
		var out []float64
		for i := range poolings {
			p, err := pooled(i, seed)
			if err != nil {
				return nil, err
			}
			out = append(out, of(i, p))
		}
		return out, nil
	}
}

// poolingExplained is what explains pooling.
func poolingExplained() Row {
	return Row{
		Name: "pooling-explained", Claim: "With max pooling the gradient norm grows by the root of 2 p a layer, where p is the share of the windows in which a pixel is on; with average pooling it shrinks by 0.5; with strides of 2 it stays.",
		Source: "Derived here, as He et al. 2015 derive theirs: the share of units that hand a gradient on is p, and not 1/2", Unit: gradientUnit,
		Regime: "As pooling. p is measured in the same network.",
		points: func(*lab) ([]Point, error) {
			return []Point{{"max pooling, over sqrt(2 p)", 1, 1}, {"average pooling", 2, 0.5}, {"strides of 2", 3, 1}}, nil
		},
		measure: fromPoolings(func(i int, p *pass) float64 {
			v := perLayer(p.delta, 0, 3)
			if i == 0 {
				product := 1.0
				for _, share := range p.on {
					product *= float64(2 * share)
				}
				v /= math.Sqrt(root(product, len(p.on)))
			}
			return v
		}),
	}
}
