package graph

import (
	"slices"
	"testing"

	"dcae/graph/arithmetic"
)

// What is fused follows from the model, the kind of program and the precision alone.
func TestFusion(t *testing.T) {
	three, two := Square(3), Square(2)
	few := Conv2D{Filters: 12, Kernel: three, Padding: Same, Activation: ReLU}
	many := Conv2D{Filters: 20, Kernel: three, Padding: Same, Activation: Tanh}
	curved := Conv2D{Filters: 12, Kernel: three, Padding: Same, Activation: ELU}
	penalized := Conv2D{Filters: 12, Kernel: three, Padding: Same, Activation: ReLU, ActivityRegularizer: Regularizer{L2: 1}}
	out := Conv2D{Filters: 1, Kernel: three, Padding: Same, Activation: Sigmoid}
	up := Conv2DTranspose{Filters: 9, Kernel: three, Strides: two, Padding: Same, Activation: ReLU}
	norm, pool := BatchNormalization{}, MaxPooling2D{}
	code := []Layer{Flatten{}, Dense{Units: 24}, Reshape{Target: Shape{4, 6, 1}}}
	frozen := func(m *Model, node int) *Model {
		m.Nodes[node].Frozen = true
		return m
	}
	chain := func(layers ...Layer) *Model { return Sequential("fused", Shape{12, 8, 1}, layers...) }
	// the second convolution is read twice
	branched := chain(many, many, norm, out)
	branched.Nodes = append(branched.Nodes, Node{Name: "other", Layer: out, Inputs: []int{1}}, Node{Name: "sum", Layer: Add{}, Inputs: []int{3, 4}})

	shortcut := chain(many, many)
	shortcut.Nodes = append(shortcut.Nodes, Node{Name: "sum", Layer: Add{}, Inputs: []int{0, 1}}, Node{Name: "out", Layer: out, Inputs: []int{2}})

	const trained, evaluated, separate, logits = 0, 1, 2, 4
	for _, c := range []struct {
		name  string
		model *Model
		how   int
		fast  []string // what assembly in float32 gives
		plain []string // what portable code gives; nil: the same
	}{
		{"normalized", chain(few, norm, out), trained, []string{"+relu, lazy", "lazy gradient", "+sigmoid"}, []string{"+relu", "", "+sigmoid"}},
		{"normalized, evaluated", chain(few, norm, out), evaluated, []string{"+relu", "", "+sigmoid"}, nil},
		{"normalized, separate", chain(few, norm, out), separate, []string{"+relu", "", "+sigmoid"}, nil},
		{"normalized and pooled", chain(few, norm, pool, up, out), trained,
			[]string{"+relu, lazy", "+max_pooling2d, lazy gradient", "", "+relu", "+sigmoid, lazy gradient"}, []string{"+relu", "+max_pooling2d", "", "+relu", "+sigmoid"}},
		{"normalized and pooled, evaluated", chain(few, norm, pool, up, out), evaluated, []string{"+relu", "+max_pooling2d", "", "+relu", "+sigmoid"}, nil},
		{"a frozen normalization", frozen(chain(few, norm, pool, up, out), 1), trained,
			[]string{"+relu", "", "", "+relu", "+sigmoid, lazy gradient"}, []string{"+relu", "", "", "+relu", "+sigmoid"}},
		{"nothing to train before a normalization", frozen(chain(few, norm, out), 0), trained, []string{"+relu, lazy", "lazy gradient", "+sigmoid"}, []string{"+relu", "lazy gradient", "+sigmoid"}},
		{"pooled as a whole", chain(few, pool, up), trained, []string{"+max_pooling2d+relu", "", "+relu"}, nil},
		{"activation pooled", chain(many, many, pool, up), trained, []string{"+tanh", "", "+tanh", "+relu"}, nil},
		{"activation pooled, evaluated", chain(many, many, pool, up), evaluated, []string{"+tanh", "+tanh", "", "+relu"}, nil},
		{"activation pooled, separate", chain(many, many, pool, up), separate, []string{"+tanh", "+tanh", "", "+relu"}, nil},
		{"pooling that does not halve", chain(many, many, MaxPooling2D{Pool: three}), trained, []string{"+tanh", "+tanh", ""}, nil},
		{"a curve", chain(curved, pool, curved, norm, out), trained, []string{"then elu", "", "then elu", "", "+sigmoid"}, nil},
		{"a penalty", chain(penalized, pool, penalized, norm, out), trained, []string{"+relu", "", "+relu", "", "+sigmoid"}, nil},
		{"logits", chain(many, out), trained | logits, []string{"+tanh", "then sigmoid, logits, lazy gradient"}, []string{"+tanh", "then sigmoid, logits"}},
		{"logits of a layer", chain(many, out, Activate{Function: Sigmoid}), trained | logits, []string{"+tanh", "+sigmoid, lazy gradient", "logits"}, []string{"+tanh", "+sigmoid", "logits"}},
		{"code", chain(append([]Layer{few}, code...)...), trained, []string{"+relu", "view, view gradient", "", "view, view gradient"}, nil},
		{"shapes in a row", chain(append(code, Flatten{}, Identity{}, Flatten{})...), trained,
			[]string{"", "", "view", "view gradient", "view", "view gradient"}, nil},
		{"shapes, separate", chain(append([]Layer{few}, code...)...), separate, []string{"+relu", "", "", ""}, nil},
		{"noise, trained", chain(many, Dropout{Rate: 0.5}, GaussianNoise{}), trained, []string{"+tanh", "", "view, view gradient"}, nil},
		{"noise, evaluated", chain(many, Dropout{Rate: 0.5}, out), evaluated, []string{"+tanh", "view", "+sigmoid"}, nil},
		{"read twice", branched, trained, []string{"+tanh", "+tanh", "", "+sigmoid", "+sigmoid", "view gradient"}, nil},
		{"a term read twice", shortcut, trained, []string{"+tanh", "+tanh", "", "+sigmoid"}, nil},
		{"repeated pixels", chain(many, UpSampling2D{}, many, out), trained, []string{"+tanh", "lazy", "+tanh", "+sigmoid, lazy gradient"}, []string{"+tanh", "", "+tanh", "+sigmoid"}},
		{"repeated pixels, evaluated", chain(many, UpSampling2D{}, many, out), evaluated, []string{"+tanh", "", "+tanh", "+sigmoid"}, nil},
		{"repeated pixels of few channels, normalized", chain(UpSampling2D{}, few, norm, out), trained,
			[]string{"", "+relu, lazy", "lazy gradient", "+sigmoid"}, []string{"", "+relu", "", "+sigmoid"}},
		{"pixels between others", chain(many, UpSampling2D{Interpolation: Bilinear}, many), trained, []string{"+tanh", "", "+tanh"}, nil},
	} {
		for _, precision := range []Precision{Float32, Float64} {
			params, err := c.model.Init(1, precision)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := c.model.fuse(params, c.how&evaluated == 0, c.how&separate != 0, c.how&logits != 0)
			if err != nil {
				t.Fatal(err)
			}
			want := c.fast
			if c.plain != nil && (precision == Float64 || arithmetic.Chosen() == arithmetic.Portable) {
				want = c.plain
			}
			var got []string
			for _, f := range plan {
				got = append(got, f.String())
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", c.name, got, want)
			}
		}
	}
}
