package graph_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"dcae/graph"
	"dcae/graph/graphtest"
)

// What this package says of a layer beside what it computes: FLOPs for one image, whether the outputs are units, whether those saturate, and
// whether it is noise. Each kind of layer has a row, for graphtest's example, because the functions that say it have a default for layers that
// they do not name: LayerFLOPs (flops.go), HasUnits and Saturation (observer.go), Noise (noise.go).
var everyLayer = map[string]struct {
	flops                   float64
	units, saturates, noise bool
}{
	"Conv2D":                   {6 * 5 * 3 * (3 * 2 * 4) * 2, true, true, false},
	"Conv2DTranspose":          {6 * 5 * 4 * (3 * 3 * 3) * 2, true, false, false},
	"Dense":                    {6 * 5 * 3 * 4 * 2, true, true, false},
	"DepthwiseConv2D":          {3 * 3 * 8 * (3 * 2) * 2, true, false, false},
	"SeparableConv2D":          {3*3*8*(3*2)*2 + 3*3*3*8*2, true, false, false},
	"Conv1D":                   {9 * 4 * (3 * 2) * 2, true, true, false},
	"Conv1DTranspose":          {9 * 4 * (3 * 3) * 2, true, false, false},
	"MaxPooling1D":             {0, false, false, false},
	"AveragePooling1D":         {0, false, false, false},
	"GlobalAveragePooling1D":   {0, false, false, false},
	"GlobalMaxPooling1D":       {0, false, false, false},
	"UpSampling1D":             {0, false, false, false},
	"ZeroPadding1D":            {0, false, false, false},
	"Cropping1D":               {0, false, false, false},
	"BatchNormalization":       {0, false, false, false},
	"LayerNormalization":       {0, false, false, false},
	"GroupNormalization":       {0, false, false, false},
	"RMSNormalization":         {0, false, false, false},
	"UnitNormalization":        {0, false, false, false},
	"MaxPooling2D":             {0, false, false, false},
	"AveragePooling2D":         {0, false, false, false},
	"GlobalAveragePooling2D":   {0, false, false, false},
	"GlobalMaxPooling2D":       {0, false, false, false},
	"UpSampling2D":             {0, false, false, false},
	"ZeroPadding2D":            {0, false, false, false},
	"Cropping2D":               {0, false, false, false},
	"Resize":                   {0, false, false, false},
	"Pad2D":                    {0, false, false, false},
	"PixelShuffle":             {0, false, false, false},
	"PixelUnshuffle":           {0, false, false, false},
	"AdaptiveAveragePooling2D": {0, false, false, false},
	"AdaptiveMaxPooling2D":     {0, false, false, false},
	"MaxUnpooling2D":           {0, false, false, false},
	"Flatten":                  {0, false, false, false},
	"Reshape":                  {0, false, false, false},
	"Permute":                  {0, false, false, false},
	"Slice":                    {0, false, false, false},
	"Take":                     {0, false, false, false},
	"BroadcastTo":              {0, false, false, false},
	"RepeatVector":             {0, false, false, false},
	"Dropout":                  {0, false, false, true},
	"SpatialDropout2D":         {0, false, false, true},
	"GaussianNoise":            {0, false, false, true},
	"Activation":               {0, true, false, false},
	"ReLU":                     {0, true, false, false},
	"LeakyReLU":                {0, true, false, false},
	"PReLU":                    {0, true, false, false},
	"ELU":                      {0, true, false, false},
	"Softmax":                  {0, true, false, false},
	"Elementwise":              {0, false, false, false}, // of arithmetic
	"Rescaling":                {0, false, false, false},
	"Identity":                 {0, false, false, false},
	"StopGradient":             {0, false, false, false},
	"BinaryEntropy":            {0, false, false, false},
	"OneHotMax":                {0, false, false, false},
	"AlphaDropout":             {0, false, false, true},
	"Sample":                   {0, false, false, false},
	"Where":                    {0, false, false, false},
	"Add":                      {0, false, false, false},
	"Divide":                   {0, false, false, false},
	"Power":                    {0, false, false, false},
	"Compare":                  {0, false, false, false},
	"MatMul":                   {6 * 4 * 4 * 4 * 2, false, false, false},
	"Reduce":                   {0, false, false, false},
	"Subtract":                 {0, false, false, false},
	"Multiply":                 {0, false, false, false},
	"Average":                  {0, false, false, false},
	"Maximum":                  {0, false, false, false},
	"Minimum":                  {0, false, false, false},
	"Concatenate":              {0, false, false, false},
}

func TestEveryLayerHasItsFLOPsUnitsAndNoise(t *testing.T) {
	for _, e := range graphtest.Layers() {
		class := e.Layer.Class()
		want, ok := everyLayer[class]
		if !ok {
			t.Errorf("%s has no row in everyLayer: see to it that LayerFLOPs, HasUnits, Saturation and Noise know the layer, and say here what they are to give", class)
			continue
		}
		flops, err := e.Model().LayerFLOPs()
		check(t, err)
		_, _, saturates := graph.Saturation(e.Layer)
		_, noise := graph.Noise(e.Layer)
		got := want
		got.flops, got.units, got.saturates, got.noise = flops[len(flops)-1].Forward, graph.HasUnits(e.Layer), saturates, noise
		if got != want {
			t.Errorf("%s: %+v; want %+v", class, got, want)
		}
	}
}

// Each layer's receptive field is what really moves its output. (A layer that receptive_field.go does not name is taken to see in each place what
// its inputs have there.)
func TestEveryLayerHasItsReceptiveField(t *testing.T) {
	for _, e := range graphtest.Layers() {
		if len(e.Inputs[0]) == 1 {
			continue // it sees all of its input
		}
		if _, ok := e.Layer.(graph.BinaryEntropy); ok {
			continue // it gives no number for what is no probability
		}
		m := e.Model()
		fields, err := m.ReceptiveFields()
		check(t, err)
		got, want := fields[len(fields)-1], movedByLarge(t, m)
		switch e.Layer.(type) {
		case graph.Flatten, graph.Reshape, graph.Permute: // by definition all that the input sees
			want.H, want.W = rowsAndColumns(m.Input)
		case graph.PixelUnshuffle: // all pixels that have become channels of one
			want = graph.Square(2)
		case graph.MaxUnpooling2D: // all windows in which a value may have been found; not each pixel of them happens to move it
			want = graph.Square(5)
		}
		if got != want {
			t.Errorf("%s: the receptive field is %v, but %v move the output", e.Layer.Class(), got, want)
		}
	}
}

// movedByLarge is the largest height and width of the pixels that move one value of the output, when all their channels become large.
func movedByLarge(t *testing.T, m *graph.Model) (most graph.Size) {
	t.Helper()
	params, err := m.Init(3, graph.Float64)
	check(t, err)
	e, err := graph.NewEvaluation(m, params, graph.Options{Batch: 1})
	check(t, err)
	defer e.Close()
	output := func(x []float64) []float64 {
		check(t, e.SetInput(x))
		y, err := e.Run(1)
		check(t, err)
		return values(y)
	}
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, m.Input.Size())
	for i := range x {
		x[i] = r.NormFloat64()
	}
	still := output(x)
	rows, columns := rowsAndColumns(m.Input)
	channels := len(x) / rows / columns
	type field struct{ top, bottom, left, right int }
	fields := slices.Repeat([]field{{rows, -1, columns, -1}}, len(still))
	for row := range rows {
		for column := range columns {
			for _, change := range []float64{10, -10} {
				changed := slices.Clone(x)
				at := (row*columns + column) * channels
				for i := range channels {
					changed[at+i] = change * (1 + r.Float64())
				}
				for i, y := range output(changed) {
					if f := &fields[i]; math.Float64bits(y) != math.Float64bits(still[i]) { // a NaN may stay one
						f.top, f.bottom = min(f.top, row), max(f.bottom, row)
						f.left, f.right = min(f.left, column), max(f.right, column)
					}
				}
			}
		}
	}
	for _, f := range fields {
		if f.bottom >= 0 {
			most.H, most.W = max(most.H, f.bottom-f.top+1), max(most.W, f.right-f.left+1)
		}
	}
	return most
}

// rowsAndColumns are those of an image; a sequence is one row.
func rowsAndColumns(s graph.Shape) (rows, columns int) {
	if len(s) == 3 {
		return s[0], s[1]
	}
	return 1, s[0]
}

// A value without axes, which a Reshape may make, is taken or refused in a sentence.
func TestEveryLayerTakesOrRefusesScalars(t *testing.T) {
	for _, e := range graphtest.Layers() {
		m := graph.Sequential(e.Layer.Class(), graph.Shape{1}, graph.Dense{Units: 1}, graph.Reshape{Target: graph.Shape{}}, e.Layer)
		for len(m.Nodes[2].Inputs) < len(e.Inputs) {
			m.Nodes[2].Inputs = append(m.Nodes[2].Inputs, 1)
		}
		if _, err := m.Shapes(); err != nil {
			continue
		}
		_, err := m.FLOPs()
		check(t, err)
		_, err = m.ReceptiveFields()
		check(t, err)
		switch e.Layer.(type) {
		case graph.StopGradient, graph.Sample, graph.OneHotMax, graph.Compare:
			continue // there is nothing to train before it
		}
		params, err := m.Init(1, graph.Float32)
		check(t, err)
		p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 2})
		check(t, err)
		_, err = p.Step(2)
		check(t, err)
		p.Close()
	}
}

// behindDense is an example's model behind a dense layer, so that the layer's gradient by its input is seen, too.
func behindDense(e graphtest.Example) *graph.Model {
	m := e.Model()
	nodes := []graph.Node{{Name: "before", Layer: graph.Dense{Units: m.Input[len(m.Input)-1], Activation: graph.Sigmoid}, Inputs: []int{-1}}}
	for _, n := range m.Nodes {
		for k := range n.Inputs {
			n.Inputs[k]++
		}
		nodes = append(nodes, n)
	}
	m.Nodes = nodes
	return m
}

// testedElsewhere are kinds of layers that are: no gradient goes through the first four, and the others do not take any values.
var testedElsewhere = []string{"Sample", "StopGradient", "OneHotMax", "Compare", "MaxUnpooling2D", "BinaryEntropy"}

// Each kind of layer has the gradients that finite differences give, and the same bits for every number of threads.
func TestEveryLayerHasItsGradientAndTheSameBitsForAllThreads(t *testing.T) {
	for _, e := range graphtest.Layers() {
		if slices.Contains(testedElsewhere, e.Layer.Class()) {
			continue
		}
		t.Run(e.Layer.Class(), func(t *testing.T) {
			compareWithDifferences(t, behindDense(e), graph.MSE)
			compareThreads(t, behindDense(e), graph.Loss{Function: graph.LogCosh}, 1+(1<<15)/e.Inputs[0].Size(), 1, 3)
		})
	}
}
