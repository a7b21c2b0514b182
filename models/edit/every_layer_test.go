package edit

import (
	"math"
	"math/rand/v2"
	"testing"

	"dcae/graph"
	"dcae/graph/graphtest"
)

// kind is what this package takes a layer for. Its functions have a default for layers that they do not name, so that each kind of layer is
// said here to be one or the other.
type kind string

const (
	hasWeights    kind = "weights"       // weightsOf
	normalization kind = "normalization" // normalizes
	activates     kind = "activation"    // activationOf
	joining       kind = "joining"       // joins
	computing     kind = "computing"     // computes
	noisy         kind = "noisy"         // graph.Noise, and passes
	passing       kind = "passing"       // passes: it moves, picks, averages or scales values
)

var everyLayer = map[string]kind{
	"Conv2D": hasWeights, "Conv2DTranspose": hasWeights, "Dense": hasWeights,
	"DepthwiseConv2D": hasWeights, "SeparableConv2D": hasWeights, "Conv1D": hasWeights, "Conv1DTranspose": hasWeights,
	"BatchNormalization": normalization, "LayerNormalization": normalization, "GroupNormalization": normalization, "RMSNormalization": normalization,
	"UnitNormalization": normalization,
	"Activation":        activates, "ReLU": activates, "LeakyReLU": activates, "PReLU": activates, "ELU": activates, "Softmax": activates,
	"Concatenate": joining, "MaxUnpooling2D": joining, "Where": joining, "Maximum": joining, "Minimum": joining, "Average": joining,
	"Add": computing, "Subtract": computing, "Multiply": computing, "Divide": computing, "Power": computing, "Compare": computing, "MatMul": computing, "Elementwise": computing, "BinaryEntropy": computing,
	"Dropout": noisy, "AlphaDropout": noisy, "SpatialDropout2D": noisy, "GaussianNoise": noisy,
	"MaxPooling2D": passing, "AveragePooling2D": passing, "GlobalAveragePooling2D": passing, "GlobalMaxPooling2D": passing,
	"Resize": passing, "Pad2D": passing, "PixelShuffle": passing, "PixelUnshuffle": passing, "AdaptiveAveragePooling2D": passing, "AdaptiveMaxPooling2D": passing,
	"UpSampling2D": passing, "ZeroPadding2D": passing, "Cropping2D": passing, "Flatten": passing, "Reshape": passing, "Permute": passing,
	"Slice": passing, "Take": passing, "BroadcastTo": passing, "RepeatVector": passing, "Rescaling": passing, "Identity": passing, "Reduce": passing, "StopGradient": passing, "OneHotMax": passing, "Sample": passing,
	"MaxPooling1D": passing, "AveragePooling1D": passing, "GlobalAveragePooling1D": passing, "GlobalMaxPooling1D": passing,
	"UpSampling1D": passing, "ZeroPadding1D": passing, "Cropping1D": passing,
}

func TestEveryLayerIsOfOneKind(t *testing.T) {
	for _, e := range graphtest.Layers() {
		l := e.Layer
		want, ok := everyLayer[l.Class()]
		if !ok {
			t.Errorf("%s is of no kind in everyLayer: see to it that layers.go, activations.go, range.go, width.go and twin.go know the layer", l.Class())
			continue
		}
		_, noise := graph.Noise(l)
		_, activation := activationOf(l)
		got := map[kind]bool{
			hasWeights: isWeighted(l), normalization: normalizes(l), activates: activation && !isWeighted(l), joining: joins(l), computing: computes(l),
			noisy: noise, passing: passes(l) && !noise,
		}
		for k, is := range got {
			if is != (k == want) {
				t.Errorf("%s is taken for %s: %t; it is %s", l.Class(), k, is, want)
			}
		}
	}
}

// The range of each layer's output contains all that it gives for inputs in 0.25..0.75, and is not everything without need.
func TestEveryLayerHasItsRange(t *testing.T) {
	for _, e := range graphtest.Layers() {
		m := e.Model()
		inside := &graph.Model{Name: m.Name, Input: m.Input, Nodes: []graph.Node{
			{Name: "bounded", Layer: graph.Activate{Function: graph.Sigmoid}, Inputs: []int{-1}}, // 0..1
			{Name: "scaled", Layer: graph.Rescaling{Scale: []float64{0.5}, Offset: []float64{0.25}}, Inputs: []int{0}},
		}}
		for _, n := range m.Nodes {
			for k, from := range n.Inputs {
				if n.Inputs[k] = from + 2; from < 0 {
					n.Inputs[k] = 1
				}
			}
			inside.Nodes = append(inside.Nodes, n)
		}
		d, err := open(inside)
		if err != nil {
			t.Fatal(err)
		}
		reach := d.reachable(d.output)
		if k := everyLayer[e.Layer.Class()]; (k == passing || k == joining || k == computing) && (math.IsInf(reach.low, 0) || math.IsInf(reach.high, 0)) {
			t.Errorf("%s: values of 0.25..0.75 can become %v", m.Name, reach)
		}
		low, high := extremes(t, inside)
		if low < reach.low || high > reach.high {
			t.Errorf("%s: outputs of %g to %g lie outside of %v", m.Name, low, high, reach)
		}
	}
}

// extremes are the smallest and largest output of a model, in evaluation, for random inputs.
func extremes(t *testing.T, m *graph.Model) (low, high float64) {
	params, err := m.Init(1, graph.Float64)
	if err != nil {
		t.Fatal(err)
	}
	const images = 50
	p, err := graph.NewEvaluation(m, params, graph.Options{Batch: images})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, images*m.Input.Size())
	for i := range x {
		x[i] = 10 * r.NormFloat64()
	}
	if err := p.SetInput(x); err != nil {
		t.Fatal(err)
	}
	y, err := p.Run(images)
	if err != nil {
		t.Fatal(err)
	}
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range y.Data().([]float64) {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// A layer that keeps its width has as many channels more as its input has, and one whose settings count them has not.
func TestEveryLayerHasItsWidth(t *testing.T) {
	for _, e := range graphtest.Layers() {
		in := e.Inputs[0]
		out, err := e.Layer.OutputShape(e.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		wider := append(graph.Shape{}, in...)
		wider[len(wider)-1] += 2
		inputs := make([]graph.Shape, len(e.Inputs))
		for i := range inputs {
			inputs[i] = wider
		}
		after, err := e.Layer.OutputShape(inputs)
		_, reshape := e.Layer.(graph.Reshape)
		switch keeps := keepsWidth(e.Layer, in, out); {
		case fixesWidth(e.Layer, out) || reshape: // Width gives a Reshape another target
			if err == nil && last(after) == last(out)+2 {
				t.Errorf("%s fixes its width, but %v becomes %v, and %v becomes %v", e.Layer.Class(), in, out, wider, after)
			}
		case err != nil:
			t.Errorf("%s does not fix its width, but fails for a wider input: %v", e.Layer.Class(), err)
		case keeps != (last(after) == last(out)+2):
			t.Errorf("%s keeps its width: %t; %v becomes %v, and %v becomes %v", e.Layer.Class(), keeps, in, out, wider, after)
		}
	}
}
