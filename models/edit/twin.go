package edit

import (
	"math"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Twin brings a model to images of fewer pixels, so that it can be examined at less cost: the same layers, kernels, channels, activations
// and initializers on images of height x width. What depends on the number of pixels follows:
//
//   - targets of Reshape layers, and the dense layers that fill them;
//   - kernels and windows that cover their whole map, and transposed ones that make a map of a single pixel;
//   - initializers of kernels that become smaller: their variance times the number of inputs of a unit stays;
//   - penalties of outputs, which are sums over pixels: they are multiplied by the ratio of the number of values;
//   - sums over pixels in a loss that the model computes itself: the same, so that its terms keep their weights against each other.
//
// Margins of paddings and croppings keep their amounts. The twin's variables have other shapes where kernels followed, and the names of
// the model's. It fails if no choice of these sizes gives back images of the size that went in, or if an image has no height and width.
func Twin(m *graph.Model, height, width int) (*graph.Model, error) {
	if len(m.Input) != 3 {
		return nil, errors.Errorf("model %s takes %v, which has no height and width", m.Name, m.Input)
	}
	if height < 1 || width < 1 {
		return nil, errors.Errorf("images of %dx%d pixels have no pixels", height, width)
	}
	t := twin{of: m, nodes: slices.Concat(m.Nodes, m.OwnLoss), output: len(m.Nodes) - 1, input: graph.Shape{height, width, m.Input[2]}}
	var err error
	if t.shapes, err = (&graph.Model{Name: m.Name, Input: m.Input, Nodes: t.nodes}).Shapes(); err != nil {
		return nil, err
	}
	if out := t.shapes[t.output]; len(out) != 3 || out[0] != m.Input[0] || out[1] != m.Input[1] {
		return nil, errors.Errorf("model %s gives back %v for images of %v: other sizes of it are not known", m.Name, out, m.Input)
	}
	free := t.freeMaps()
	var found *graph.Model
	t.assign(free, map[graph.Size]graph.Size{sizeOf(m.Input): {H: height, W: width}}, func(maps map[graph.Size]graph.Size) bool {
		made, err := t.build(maps)
		if err == nil {
			found = made
		}
		return err == nil
	})
	if found == nil {
		return nil, errors.Errorf("model %s cannot be brought to images of %dx%d pixels: its output would have another size", m.Name, height, width)
	}
	return found, nil
}

// TwinSize is a size of images that a model can be brought to.
type TwinSize struct {
	Height, Width int
	Deepest       int // the shorter side of the smallest map, in pixels; maps of a single pixel in the original do not count
}

// TwinSizes are the sizes of at most half as many pixels that [Twin] can bring a model to without a map of one pixel that had more, the
// smallest first; height and width keep their ratio. There are none where Twin fails for all sizes.
func TwinSizes(m *graph.Model) []TwinSize {
	if len(m.Input) != 3 {
		return nil
	}
	var out []TwinSize
	shapes, err := m.Shapes()
	if err != nil {
		return nil
	}
	for height := 2; ; height++ {
		width := int(math.Round(float64(height) * float64(m.Input[1]) / float64(m.Input[0])))
		if 2*height*width > m.Input[0]*m.Input[1] {
			return out
		}
		made, err := Twin(m, height, max(1, width))
		if err != nil {
			continue
		}
		smaller, err := made.Shapes()
		if err != nil {
			continue
		}
		if d := deepest(shapes, smaller); d >= 2 {
			out = append(out, TwinSize{height, width, d})
		}
	}
}

// deepest is the shortest side in smaller of the maps that became smaller.
func deepest(shapes, smaller []graph.Shape) int {
	least := math.MaxInt
	for i, s := range shapes {
		for axis := 0; len(s) == 3 && len(smaller[i]) == 3 && axis < 3; axis++ {
			if s[axis] > smaller[i][axis] {
				least = min(least, smaller[i][axis])
			}
		}
	}
	return least
}

// twin is one under construction.
type twin struct {
	of     *graph.Model
	nodes  []graph.Node // of the original, and behind them those of its own loss
	shapes []graph.Shape
	output int // the node whose output is the model's
	input  graph.Shape
}

func sizeOf(s graph.Shape) graph.Size { return graph.Size{H: s[0], W: s[1]} }

// covers tells whether a window of the size spans a whole map of more than one pixel, as a global one does.
func covers(window graph.Size, image graph.Shape) bool {
	return len(image) == 3 && window == sizeOf(image) && window.H*window.W > 1
}

// freeMaps are the sizes of maps, in the original, that do not follow from the maps before them: those that a Reshape makes of a vector, and
// a transposed kernel of a single pixel.
func (t *twin) freeMaps() []graph.Size {
	var out []graph.Size
	for i, n := range t.nodes {
		in, size, free := t.inputOf(n), graph.Size{}, false
		switch l := n.Layer.(type) {
		case graph.Reshape:
			if free = t.makesMap(i); free {
				size = sizeOf(t.channelsLast(i))
			}
		case graph.Conv2DTranspose:
			free, size = isPixel(in) && l.Kernel.H*l.Kernel.W > 1 && l.Padding == graph.Valid, sizeOf(t.shapes[i])
		}
		if free && size != sizeOf(t.of.Input) && size != graph.Square(1) && !slices.Contains(out, size) {
			out = append(out, size)
		}
	}
	return out
}

func isPixel(s graph.Shape) bool { return len(s) == 3 && s[0] == 1 && s[1] == 1 }

func (t *twin) inputOf(n graph.Node) graph.Shape {
	if len(n.Inputs) == 0 || n.Inputs[0] < 0 {
		return t.of.Input
	}
	return t.shapes[n.Inputs[0]]
}

// assign tries sizes for the free maps, those first that shrink as much as the images do, until try takes one choice.
func (t *twin) assign(free []graph.Size, maps map[graph.Size]graph.Size, try func(map[graph.Size]graph.Size) bool) bool {
	if len(free) == 0 {
		return try(maps)
	}
	for _, h := range near(free[0].H, t.input[0], t.of.Input[0]) {
		for _, w := range near(free[0].W, t.input[1], t.of.Input[1]) {
			maps[free[0]] = graph.Size{H: h, W: w}
			if t.assign(free[1:], maps, try) {
				return true
			}
		}
	}
	return false
}

// near are lengths around length * to / from, the nearest first.
func near(length, to, from int) []int {
	exact := float64(length) * float64(to) / float64(from)
	var out []int
	for n := max(1, int(exact)-2); n <= int(exact)+3 && n <= length; n++ {
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return int(1000 * (math.Abs(float64(a)-exact) - math.Abs(float64(b)-exact)))
	})
	return out
}

// build makes the twin whose free maps have the given sizes, by those of the original. It fails if shapes do not fit.
func (t *twin) build(maps map[graph.Size]graph.Size) (*graph.Model, error) {
	m := &graph.Model{Name: t.of.Name, Input: t.input, Nodes: slices.Clone(t.nodes), Batch: t.of.Batch}
	t.fillReshapes(m, maps)
	shapes := make([]graph.Shape, 0, len(m.Nodes))
	for i := range m.Nodes {
		n := &m.Nodes[i]
		in := make([]graph.Shape, len(n.Inputs))
		for k, from := range n.Inputs {
			if in[k] = t.input; from >= 0 {
				in[k] = shapes[from]
			}
		}
		if len(in) == 1 {
			n.Layer = t.follow(n.Layer, t.inputOf(*n), in[0], t.shapes[i], maps)
		}
		if _, ok := n.Layer.(graph.Target); ok {
			n.Layer = graph.Target{Shape: shapes[t.output]}
		}
		s, err := n.Layer.OutputShape(in)
		if err != nil {
			return nil, errors.WithMessagef(err, "layer %s (%s)", n.Name, n.Layer.Class())
		}
		if len(s) != len(t.shapes[i]) || slices.Min(append(slices.Clone(s), 1)) < 1 {
			return nil, errors.Errorf("layer %s (%s) would make %v", n.Name, n.Layer.Class(), s)
		}
		if len(in) == 1 {
			n.Layer = keepVariance(t.nodes[i].Layer, t.inputOf(t.nodes[i]), n.Layer, in[0])
		}
		n.Layer = scalePenalty(n.Layer, float64(t.shapes[i].Size())/float64(s.Size()))
		shapes = append(shapes, s)
	}
	wanted := t.shapes[t.output]
	if out := shapes[t.output]; !slices.Equal(out, graph.Shape{t.input[0], t.input[1], wanted[2]}) {
		return nil, errors.Errorf("the output would be %v", out)
	}
	for _, n := range m.Nodes { // the calls of one layer have the settings of its first
		if n.SharedWith != "" {
			if err := t.sameAsFirst(m, n); err != nil {
				return nil, err
			}
		}
	}
	m.Nodes, m.OwnLoss = m.Nodes[:t.output+1], t.keepSums(m.Nodes, shapes)
	_, _, err := m.Values() // drawing them would take seconds
	return m, err
}

func (t *twin) sameAsFirst(m *graph.Model, n graph.Node) error {
	first := slices.IndexFunc(m.Nodes, func(other graph.Node) bool { return other.Name == n.SharedWith })
	if w, ok := weightsOf(n.Layer); ok {
		if v, _ := weightsOf(m.Nodes[first].Layer); v.width != w.width {
			return errors.Errorf("layer %s is called more than once, and would have to be %d and %d wide", n.SharedWith, v.width, w.width)
		}
	}
	return nil
}

// follow brings a layer's window from a map of the original to the twin's.
func (t *twin) follow(l graph.Layer, before, now, made graph.Shape, maps map[graph.Size]graph.Size) graph.Layer {
	if r, ok := l.(graph.Reshape); ok {
		return reshaped(r, before, now, made)
	}
	if len(before) != 3 || len(now) != 3 {
		return l
	}
	switch w := l.(type) {
	case graph.Resize:
		if to, ok := maps[sizeOf(made)]; ok && w.Size != (graph.Size{}) {
			w.Size = to
		} else if w.Size != (graph.Size{}) {
			w.Size = graph.Size{H: scaled(w.Size.H, now[0], before[0]), W: scaled(w.Size.W, now[1], before[1])}
		}
		return w
	case graph.Conv2D:
		if covers(w.Kernel, before) && w.Padding == graph.Valid {
			w.Kernel = sizeOf(now)
		}
		return w
	case graph.AveragePooling2D:
		if covers(w.Pool, before) && w.Pool.H > 2 {
			if w.Strides == w.Pool {
				w.Strides = graph.Size{}
			}
			w.Pool = sizeOf(now)
		}
		return w
	case graph.MaxPooling2D:
		if covers(w.Pool, before) && w.Pool.H > 2 {
			if w.Strides == w.Pool {
				w.Strides = graph.Size{}
			}
			w.Pool = sizeOf(now)
		}
		return w
	case graph.Conv2DTranspose:
		if to, ok := maps[sizeOf(made)]; ok && isPixel(before) && w.Padding == graph.Valid && w.Kernel == sizeOf(made) {
			w.Kernel = to
		}
		return w
	}
	return l
}

// scaled is a length times a ratio, at least 1.
func scaled(length, to, from int) int {
	return max(1, int(math.Round(float64(length)*float64(to)/float64(from))))
}

// keepVariance changes the initializer of a kernel that has another shape than the original's, so that its variance times the number of
// inputs of a unit is as before: outputs then begin as large as the original's.
func keepVariance(original graph.Layer, before graph.Shape, l graph.Layer, now graph.Shape) graph.Layer {
	w, ok := weightsOf(l)
	if !ok {
		return l
	}
	was, is := kernelOf(original, before), kernelOf(l, now)
	if slices.Equal(was, is) {
		return l
	}
	ratio := inputsOfUnit(l, was) / inputsOfUnit(l, is)
	switch k := plain(w.kernel, graph.GlorotUniform()).(type) {
	case graph.RandomNormal:
		w.kernel = graph.RandomNormal{Mean: k.Mean * ratio, StdDev: k.StdDev * math.Sqrt(ratio)}
	case graph.RandomTruncatedNormal:
		w.kernel = graph.RandomTruncatedNormal{Mean: k.Mean * ratio, StdDev: k.StdDev * math.Sqrt(ratio)}
	case graph.RandomUniform:
		middle, reach := float64((k.Max+k.Min)/2*ratio), float64((k.Max-k.Min)/2*math.Sqrt(ratio))
		w.kernel = graph.RandomUniform{Min: middle - reach, Max: middle + reach}
	case graph.Constant:
		w.kernel = graph.Constant{Value: k.Value * ratio}
	case graph.VarianceScaling:
		variance := 1 / fanOf(k.Fan, was) // of the original, for a scale of 1
		if scale := k.Scale * variance * ratio * fanOf(k.Fan, is); math.Abs(scale/k.Scale-1) > 1e-9 {
			k.Scale = scale
			w.kernel = k
		}
	}
	return w.in(l)
}

// kernelOf is the shape of a layer's kernel.
func kernelOf(l graph.Layer, in graph.Shape) graph.Shape {
	for _, v := range l.Variables([]graph.Shape{in}) {
		if v.Name == "kernel" {
			return v.Shape
		}
	}
	return nil
}

// inputsOfUnit is how many inputs a unit of a layer with a kernel of the given shape adds up; of a transposed convolution those of one
// pixel, since its kernel follows only where it makes a map of one.
func inputsOfUnit(l graph.Layer, kernel graph.Shape) float64 {
	if _, transposed := l.(graph.Conv2DTranspose); transposed {
		return float64(kernel[len(kernel)-1])
	}
	return float64(kernel[:len(kernel)-1].Size())
}

// fanOf is a fan of a kernel, as initializers count it.
func fanOf(f graph.Fan, kernel graph.Shape) float64 {
	field := float64(kernel[:len(kernel)-2].Size())
	in, out := float64(float64(kernel[len(kernel)-2])*field), float64(float64(kernel[len(kernel)-1])*field)
	switch f {
	case graph.FanOut:
		return out
	case graph.FanAverage:
		return (in + out) / 2
	}
	return in
}

// scalePenalty multiplies the penalty of a layer's output.
func scalePenalty(l graph.Layer, factor float64) graph.Layer {
	w, ok := weightsOf(l)
	if !ok || w.outputPenalty == (graph.Regularizer{}) || factor == 1 {
		return l
	}
	w.outputPenalty.L1 *= factor
	w.outputPenalty.L2 *= factor
	return w.in(l)
}
