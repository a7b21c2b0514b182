package edit

import (
	"math"

	"dcae/graph"
	"dcae/graph/arithmetic"
)

// OutputRange is what a model's output can be, whatever its weights and input.
type OutputRange struct {
	Layers     []string           // those that give the output; none if it is the input, moved about
	Activation graph.Activation   // of the first of them; linear if it has none
	Others     []graph.Activation // of the other ones, where they differ
	Low, High  float64            // the closed range that contains all outputs; infinite where there is no limit
}

// outputRange is the range of the last node's values.
func (d *draft) outputRange() OutputRange {
	r := OutputRange{Activation: graph.Linear}
	ends := d.outputs(false)
	for _, n := range d.nodes {
		if !ends[n] {
			continue
		}
		a, ok := activationOf(n.layer)
		if !ok {
			a = graph.Linear
		}
		if len(r.Layers) == 0 {
			r.Activation = a
		} else if a != r.Activation {
			r.Others = append(r.Others, a)
		}
		r.Layers = append(r.Layers, n.name)
	}
	reach := d.reachable(d.output)
	r.Low, r.High = reach.low, reach.high
	return r
}

// interval is a closed range of numbers.
type interval struct{ low, high float64 }

// beyond is wider on both sides by a share of its width.
func (i interval) beyond(share float64) interval {
	if math.IsInf(i.low, 0) || math.IsInf(i.high, 0) {
		return everything
	}
	more := float64(share * (i.high - i.low))
	return interval{i.low - more, i.high + more}
}

var everything = interval{math.Inf(-1), math.Inf(1)}

// times is the range of products of numbers from two ranges.
func (i interval) times(j interval) interval {
	if i == everything || j == everything {
		return everything
	}
	first := product(i.low, j.low)
	out := interval{first, first}
	for _, p := range []float64{product(i.low, j.high), product(i.high, j.low), product(i.high, j.high)} {
		out = out.union(interval{p, p})
	}
	return out
}

// over is the range of quotients of numbers from two ranges.
func (i interval) over(j interval) interval {
	if j.low <= 0 && j.high >= 0 {
		return everything
	}
	return i.times(interval{1 / j.high, 1 / j.low})
}

// to is the range of powers of numbers from two ranges.
func (i interval) to(j interval) interval {
	if i.low < 0 {
		return everything
	}
	first := arithmetic.Pow(i.low, j.low)
	out := interval{first, first}
	for _, p := range []float64{arithmetic.Pow(i.low, j.high), arithmetic.Pow(i.high, j.low), arithmetic.Pow(i.high, j.high), 1} {
		out = out.union(interval{p, p})
	}
	return out
}

// union is the least interval that has both.
func (i interval) union(j interval) interval {
	return interval{min(i.low, j.low), max(i.high, j.high)}
}

// reachable is the range of a node's values.
func (d *draft) reachable(n *node) interval {
	shapes, err := d.shapes()
	if err != nil {
		return everything
	}
	return ranges{shapes, map[*node]interval{}}.of(n)
}

// ranges are those of a model's nodes.
type ranges struct {
	shapes map[*node]graph.Shape
	known  map[*node]interval // those that were asked for before
}

func (r ranges) of(n *node) interval {
	if n == nil {
		return everything // images may have any values
	}
	if i, ok := r.known[n]; ok {
		return i
	}
	i := everything
	if !isWeighted(n.layer) && !normalizes(n.layer) {
		for k, in := range n.inputs {
			if next := r.of(in); k == 0 {
				i = next
			} else {
				i = merged(n.layer, i, next)
			}
		}
		i = r.counted(n, i)
	}
	i = mapped(n.layer, i)
	r.known[n] = i
	return i
}

// counted is the range of a node's values where these are made of a number of values, each, or products, in i.
func (r ranges) counted(n *node, i interval) interval {
	switch l := n.layer.(type) {
	case graph.Average:
		count := float64(max(len(n.inputs), 1))
		return interval{i.low / count, i.high / count}
	case graph.MatMul:
		count := float64(last(r.shapes[n.inputs[0]]))
		return i.times(interval{count, count})
	case graph.Reduce:
		count := float64(r.shapes[n.inputs[0]].Size()) / float64(r.shapes[n].Size())
		switch l.How {
		case graph.ReduceSum:
			return i.times(interval{count, count})
		case graph.ReduceVariance, graph.ReduceStdDev, graph.ReduceNorm:
			return interval{0, math.Inf(1)}
		}
	}
	return i
}

// merged is the range of what a layer makes of values from two ranges; an Average is not divided yet, and a MatMul has one product.
func merged(l graph.Layer, i, j interval) interval {
	switch l.(type) {
	case graph.Add, graph.Average:
		return interval{i.low + j.low, i.high + j.high}
	case graph.Subtract:
		return interval{i.low - j.high, i.high - j.low}
	case graph.Multiply, graph.MatMul:
		return i.times(j)
	case graph.Divide:
		return i.over(j)
	case graph.Power:
		return i.to(j)
	case graph.BinaryEntropy: // a sum of two logarithms, from 0 to 100 in size, times the target and what it lacks to 1
		return interval{min(0, 100*j.low) + min(0, 100*(1-j.high)), max(0, 100*j.high) + max(0, 100*(1-j.low))}
	case graph.Maximum:
		return interval{max(i.low, j.low), max(i.high, j.high)}
	case graph.Minimum:
		return interval{min(i.low, j.low), min(i.high, j.high)}
	}
	return i.union(j)
}

// product is 0 where a factor is, even if the other is infinite: it stands for a limit that is not reached.
func product(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return a * b
}

// mapped is the range of a layer's output for an input's, or for products of any size.
func mapped(l graph.Layer, i interval) interval {
	switch l := l.(type) {
	case graph.OneHotMax:
		return interval{0, 1}
	case graph.Sample:
		if l.Uniform {
			return interval{0, 1}
		}
		return everything
	case graph.Rectifier:
		high := math.Inf(1)
		if l.Max > 0 {
			high = l.Max
		}
		if l.NegativeSlope > 0 {
			return interval{math.Inf(-1), high}
		}
		return interval{0, high}
	case graph.ExponentialLinear:
		alpha := l.Alpha
		if alpha == 0 {
			alpha = 1
		}
		return interval{-alpha, math.Inf(1)}
	case graph.ZeroPadding2D, graph.ZeroPadding1D, graph.MaxUnpooling2D:
		return i.union(interval{0, 0})
	case graph.Pad2D:
		if l.Mode == graph.WithConstant {
			return i.union(interval{l.Value, l.Value})
		}
	case graph.AveragePooling2D:
		return averaged(l, i)
	case graph.Resize:
		if l.Interpolation == graph.Bicubic {
			return i.beyond(0.4454) // the shares below 0 are at most 2*1.1875*0.1875
		}
	case graph.UpSampling2D:
		if l.Interpolation == graph.Bicubic {
			return i.beyond(0.2813) // 2*1.125*0.125
		}
	case graph.Elementwise:
		low, high := l.Range(i.low, i.high)
		return interval{low, high}
	case graph.UnitNormalization:
		return interval{-1, 1}
	case graph.Compare:
		return interval{0, 1}
	case graph.Rescaling:
		return rescaled(l, i)
	}
	if a, ok := activationOf(l); ok && a != graph.Linear {
		return rangeOf(a)
	}
	return i
}

// averaged is the range of means, or of sums that are divided by another number.
func averaged(l graph.AveragePooling2D, i interval) interval {
	if l.Divisor > 0 {
		pool := l.Pool
		if pool == (graph.Size{}) {
			pool = graph.Square(2)
		}
		most := float64(pool.H*pool.W) / float64(l.Divisor)
		i = i.union(interval{product(most, i.low), product(most, i.high)})
	}
	if l.Divisor > 0 || l.CountMargins {
		return i.union(interval{0, 0})
	}
	return i
}

// rescaled is the range over all channels.
func rescaled(l graph.Rescaling, i interval) interval {
	at := func(list []float64, k int, def float64) float64 {
		if len(list) == 0 {
			return def
		}
		return list[k%len(list)]
	}
	var out interval
	for k := range max(1, len(l.Scale), len(l.Offset)) {
		a := product(at(l.Scale, k, 1), i.low) + at(l.Offset, k, 0)
		b := product(at(l.Scale, k, 1), i.high) + at(l.Offset, k, 0)
		if ends := (interval{min(a, b), max(a, b)}); k == 0 {
			out = ends
		} else {
			out = out.union(ends)
		}
	}
	return out
}

// rangeOf is what an activation function can give. Minima without a closed form are rounded down in the third digit.
func rangeOf(a graph.Activation) interval {
	switch a {
	case graph.Sigmoid, graph.HardSigmoid, graph.SparseSigmoid, graph.Softmax:
		return interval{0, 1}
	case graph.Tanh, graph.HardTanh, graph.Softsign:
		return interval{-1, 1}
	case graph.ReLU6:
		return interval{0, 6}
	case graph.ReLU, graph.Softplus, graph.Squareplus, graph.SparsePlus, graph.Exponential, graph.Sparsemax: // as Keras has it, sparsemax is not bounded
		return interval{0, math.Inf(1)}
	case graph.ELU, graph.CELU:
		return interval{-1, math.Inf(1)}
	case graph.SELU:
		return interval{-1.759, math.Inf(1)}
	case graph.GELU:
		return interval{-0.17, math.Inf(1)}
	case graph.SiLU, graph.Swish:
		return interval{-0.279, math.Inf(1)}
	case graph.HardSiLU, graph.HardSwish:
		return interval{-0.375, math.Inf(1)}
	case graph.Mish:
		return interval{-0.309, math.Inf(1)}
	case graph.LogSigmoid, graph.LogSoftmax:
		return interval{math.Inf(-1), 0}
	}
	return everything
}
