package torch

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"

	"dcae/graph"
)

func module(t *testing.T, name string) *Module {
	t.Helper()
	m, err := openArchive(t, name).Module()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func nodeNamed(t *testing.T, m *Module, name string) graph.Node {
	t.Helper()
	for _, n := range slices.Concat(m.Model.Nodes, m.Model.OwnLoss) {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("there is no node %q", name)
	return graph.Node{}
}

func TestNodesHaveTheUsersNames(t *testing.T) {
	m := module(t, "tied")
	if n := nodeNamed(t, m, "twice#2"); n.SharedWith != "twice" {
		t.Errorf("the second call of twice shares variables with %q", n.SharedWith)
	}
	if n := nodeNamed(t, m, "two"); n.SharedWith != "" || n.Layer.(graph.Supplied).Layer.(graph.Dense).Units != 10 {
		t.Errorf("two, whose weight is another's, is %+v", n)
	}
	w := nodeNamed(t, m, "w").Layer.(graph.Parameter)
	if w.Constant || !cmp.Equal(w.Shape, graph.Shape{10, 256}) {
		t.Errorf("w is %+v", w)
	}
	found := false
	for _, n := range m.Model.Nodes {
		found = found || strings.HasPrefix(n.Name, "linear") && strings.Contains(n.Name, " (zoo.py:")
	}
	if !found {
		t.Error("a functional call does not name its line")
	}
}

func TestBatchOfPrograms(t *testing.T) {
	if m := module(t, "constant_batch"); m.MinBatch != 8 || m.MaxBatch != 8 {
		t.Errorf("a constant batch of 8 is read as %d to %d", m.MinBatch, m.MaxBatch)
	}
	if m := module(t, "tied"); m.MinBatch != 2 || m.MaxBatch != 0 {
		t.Errorf("a free batch from 2 on is read as %d to %d", m.MinBatch, m.MaxBatch)
	}
}

func TestWhatIsTrainedComesFromTheFile(t *testing.T) {
	m := module(t, "frozen")
	trained := map[string]bool{}
	for _, s := range m.Stored {
		trained[s.Name] = m.Params.Lookup(s.Variable).Trainable
	}
	for name, want := range map[string]bool{
		"0.weight": false, "0.bias": false, "1.weight": true, "1.running_mean": false, "3.weight": true, "3.bias": false, "4.weight": false, "4.running_var": false, "9.weight": true,
	} {
		if got, there := trained[name]; !there || got != want {
			t.Errorf("%s is trained: %t, there: %t", name, got, there)
		}
	}
	if nodeNamed(t, m, "4").Frozen {
		t.Error("a normalization whose weights are not trained would keep its statistics, too")
	}
}

// TestInitializers looks at weights that PyTorch drew by its defaults, and at some that it did not.
func TestInitializers(t *testing.T) {
	if k := nodeNamed(t, module(t, "constant_batch"), "dec").Layer.(graph.Dense); k.KernelInit.String() != "kaiming_uniform(a=sqrt(5))" {
		t.Errorf("a linear layer's weights are drawn by %v", k.KernelInit)
	}
	r := graph.Random(3, "test", "", 0)
	fill := func(init graph.Initializer, shape ...int) *Tensor {
		values := make([]float64, graph.Shape(shape).Size())
		init.Fill(values, shape, r)
		x := &Tensor{Shape: shape, Type: Float32, Trained: true}
		for _, v := range values {
			x.Float32s = append(x.Float32s, float32(v))
		}
		return x
	}
	if !looksUniform(fill(graph.RandomUniform{Min: -0.1, Max: 0.1}, 500).Float32s, 0.1) || looksUniform(fill(graph.RandomUniform{Min: -0.08, Max: 0.08}, 500).Float32s, 0.1) ||
		looksUniform(fill(graph.RandomNormal{StdDev: 0.04}, 500).Float32s, 0.1) || looksUniform(fill(graph.Zeros{}, 50).Float32s, 0.1) {
		t.Error("the test for a uniform distribution is wrong")
	}
	for want, x := range map[string]*Tensor{
		"zeros": fill(graph.Zeros{}, 4), "ones": fill(graph.Ones{}, 4), "constant(value=0.5)": fill(graph.Constant{Value: 0.5}, 4), "random_normal(mean=0, stddev=0.0": fill(graph.RandomNormal{StdDev: 0.02}, 30, 40),
		"random_uniform(minval=-0.": fill(graph.RandomUniform{Min: -0.2, Max: 0.2}, 30, 40), "orthogonal(": fill(graph.Orthogonal{Gain: 2}, 6, 9), "random_normal(mean=1": fill(graph.RandomNormal{Mean: 1, StdDev: 0.1}, 30, 30),
	} {
		if got := fitted(x).String(); !strings.HasPrefix(strings.ToLower(got), want) {
			t.Errorf("fitted %s to weights of %s", got, want)
		}
	}
}

func TestUnsupportedIsNamedAllAtOnce(t *testing.T) {
	a := openArchive(t, "tied")
	nodes := a.program.GraphModule.Graph.Nodes
	for i := range nodes {
		switch nodes[i].Target {
		case "torch.ops.aten.conv2d.default":
			nodes[i].Target = "torch.ops.aten.conv3d.default"
		case "torch.ops.aten.tanh.default":
			nodes[i].Target = "my::own.default"
		}
	}
	_, err := a.Module()
	var unsupported Unsupported
	if !errors.As(err, &unsupported) {
		t.Fatalf("error %v is no list", err)
	}
	for _, want := range []string{"conv3d in conv (zoo.py:", "conv3d in twice (zoo.py:", "my::own.default (zoo.py:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}

// Shapes in messages have the batch's name, and not the symbol that PyTorch's export made up for it.
func TestOtherShapesAreToldInPlainWords(t *testing.T) {
	for _, tt := range []struct {
		change func([]symInt)
		want   string
	}{
		{func(sizes []symInt) { sizes[0].expression = "Mul(Integer(2), " + sizes[0].expression + ")" }, "by its arguments it gives values of the shape [batch 4 6 6], in PyTorch they were [2*batch 4 6 6]: what it does with the batch is not supported"},
		{func(sizes []symInt) { sizes[1].number++ }, "by its arguments it gives values of the shape [batch 4 6 6], in PyTorch they were [batch 5 6 6]: the file is damaged, or the operation is not understood"},
	} {
		a := openArchive(t, "reshapes")
		g := &a.program.GraphModule.Graph
		for _, n := range g.Nodes {
			if n.Target == "torch.ops.aten.linear.default" {
				tt.change(g.Tensors[string(n.Outputs[0].value.(tensorName))].Sizes)
			}
		}
		if _, err := a.Module(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v does not say %q", err, tt.want)
		}
	}
}

func TestLayoutsGoThereAndBack(t *testing.T) {
	l := Layout{Shape: []int{2, 3, 4}, Order: []int{1, 2, 0}}
	values := make([]int, 48)
	for i := range values {
		values[i] = i
	}
	inside := Inward(l, values)
	if inside[0] != 0 || inside[1] != 12 || inside[2] != 1 || inside[24+3] != 24+13 {
		t.Errorf("inside %v", inside[:8])
	}
	if !cmp.Equal(Outward(l, inside), values) || !cmp.Equal(l.Inside(), graph.Shape{3, 4, 2}) {
		t.Error("did not come back")
	}
}

// A union of a kind that is not known, or of several, is no zero and no None.
func TestUnionsAreOfOneKind(t *testing.T) {
	for _, body := range []string{
		`{"as_sym_int": {"as_other": 3}}`, `{"as_sym_int": {"as_name": ""}}`, `{"as_sym_int": {"as_name": "s1", "as_int": 3}}`, `{"as_sym_ints": [{"as_int": 1}, {}]}`,
		`{"as_sym_float": {"as_int": 3}}`, `{"as_optional_tensor": {"as_tensors": []}}`, `{"as_optional_tensors": [{"as_none": true}, {}]}`,
	} {
		if err := new(argument).UnmarshalJSON([]byte(body)); err == nil || !strings.Contains(err.Error(), "ways instead of one: the file is damaged") {
			t.Errorf("%s: error %v", body, err)
		}
	}
	for _, body := range []string{`{"as_other": 3}`, `{"as_expr": {"expr_str": ""}}`, `{"as_int": 3, "as_float": 3, "as_expr": {"expr_str": "Integer(3)"}}`} {
		if err := new(symInt).UnmarshalJSON([]byte(body)); err == nil {
			t.Errorf("%s is taken for an integer", body)
		}
		if err := new(symFloat).UnmarshalJSON([]byte(body)); err == nil {
			t.Errorf("%s is taken for a number", body)
		}
	}
	var x symFloat
	if err := x.UnmarshalJSON([]byte(`{"as_float": 0.5}`)); err != nil || x.number != 0.5 {
		t.Errorf("0.5 is read as %v, error %v", x.number, err)
	}
}

func TestAWeightWithoutValuesHasAnInitializer(t *testing.T) {
	if got := fitted(&Tensor{Type: Float32, Shape: []int{4, 0}}); got != graph.Initializer(graph.Zeros{}) {
		t.Errorf("it is %v", got)
	}
}
