package torch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// replaced is a program's module whose call of an operation is one of another instead, which takes the same tensor under all the given names.
func replaced(t *testing.T, file, operation, by string, tensors ...string) (*Module, error) {
	t.Helper()
	a := openArchive(t, file)
	for i := range a.program.GraphModule.Graph.Nodes {
		n := &a.program.GraphModule.Graph.Nodes[i]
		if n.Target != "torch.ops.aten."+operation+".default" {
			continue
		}
		n.Target = "torch.ops.aten." + by + ".default"
		self, rest := n.Inputs[0], n.Inputs[1:]
		n.Inputs = nil
		for _, name := range tensors {
			n.Inputs = append(n.Inputs, namedArgument{name, self.Arg})
		}
		n.Inputs = append(n.Inputs, rest...)
		return a.Module()
	}
	t.Fatalf("%s has no %s", file, operation)
	return nil, nil
}

// What works in place computes what its namesake does that does not.
func TestOperationsInPlaceComputeAsOthersDo(t *testing.T) {
	layers := func(m *Module, err error) string {
		t.Helper()
		if err != nil {
			t.Error(err)
			return ""
		}
		out := ""
		for _, n := range m.Model.Nodes {
			out += fmt.Sprintf("%T%v\n", n.Layer, n.Layer)
		}
		return out
	}
	three := []string{"self", "tensor1", "tensor2"}
	divided, multiplied := layers(replaced(t, "batch_norms", "relu_", "addcdiv_", three...)), layers(replaced(t, "batch_norms", "relu_", "addcmul_", three...))
	if divided != layers(replaced(t, "batch_norms", "relu_", "addcdiv", three...)) || multiplied != layers(replaced(t, "batch_norms", "relu_", "addcmul", three...)) || divided == multiplied {
		t.Errorf("addcdiv_ makes\n%s\nand addcmul_\n%s", divided, multiplied)
	}
	for _, operation := range []string{"dropout", "feature_dropout"} {
		if layers(replaced(t, "drawn_in_training", operation, operation, "input")) != layers(replaced(t, "drawn_in_training", operation, operation+"_", "self")) {
			t.Errorf("%s in place is something else", operation)
		}
	}
}

// A value in place whose shape is another than PyTorch saw is refused, though it would fit what reads it.
func TestShapesOfValuesInPlaceAreChecked(t *testing.T) {
	a := openArchive(t, "multihead")
	for _, n := range a.program.GraphModule.Graph.Nodes {
		if !strings.HasSuffix(n.Target, ".masked_fill_.Scalar") {
			continue
		}
		name := string(n.Outputs[0].value.(tensorName))
		meta := a.program.GraphModule.Graph.Tensors[name]
		meta.Sizes = append(slices.Clone(meta.Sizes), meta.Sizes[0])
		meta.Strides = append(slices.Clone(meta.Strides), meta.Strides[0])
		a.program.GraphModule.Graph.Tensors[name] = meta
	}
	if _, err := a.Module(); err == nil || !strings.Contains(err.Error(), "masked_fill_") || !strings.Contains(err.Error(), "in PyTorch they were") {
		t.Errorf("error %v", err)
	}
}
