package torch

import (
	"encoding/json"
	"strings"

	"github.com/pkg/errors"
)

// output is one of a program's results.
type output struct {
	name  string // in a dict; empty in a tuple
	value string
}

// addOutputs names the program's results.
func (p *program) addOutputs(a *Archive) error {
	m := &a.program.GraphModule
	if len(m.Signature.Outputs) != len(m.Graph.Outputs) {
		return errors.New("the program's outputs are not those of its signature: the file is damaged")
	}
	var names []string
	if len(m.ModuleCallGraph) > 0 && m.ModuleCallGraph[0].Signature != nil {
		names = dictKeys(m.ModuleCallGraph[0].Signature.OutSpec)
		p.named = m.ModuleCallGraph[0].Signature.ForwardNames
	}
	for i, out := range m.Graph.Outputs {
		for kind := range m.Signature.Outputs[i] {
			if kind != "user_output" && kind != "loss_output" {
				return errors.Errorf("the program changes a value in another way than in place (%s): export it with torch.export.export alone, without run_decompositions", kind)
			}
		}
		name, ok := out.value.(tensorName)
		if !ok {
			continue // None, or a number
		}
		o := output{value: string(name)}
		if i < len(names) {
			o.name = names[i]
		}
		p.outputs = append(p.outputs, o)
	}
	if len(p.outputs) == 0 {
		return errors.New("the program gives no tensor")
	}
	return nil
}

// dictKeys are the keys of a program's only output, a dict; nil if it is none. spec is a version and a tree, in JSON.
func dictKeys(spec string) []string {
	if nesting([]byte(spec)) > maxNesting {
		return nil
	}
	parts, err := decoded[[]json.RawMessage]([]byte(spec))
	if err != nil || len(parts) < 2 {
		return nil
	}
	tree, err := decoded[struct {
		Type     string `json:"type"`
		Context  string `json:"context"`
		Children []struct {
			Type *string `json:"type"`
		} `json:"children_spec"`
	}](parts[1])
	if err != nil || !strings.HasSuffix(tree.Type, "dict") && !strings.HasSuffix(tree.Type, "Dict") {
		return nil
	}
	for _, c := range tree.Children {
		if c.Type != nil {
			return nil // a value of the dict holds several tensors
		}
	}
	keys, err := decoded[[]string]([]byte(tree.Context))
	if err != nil {
		return nil
	}
	return keys
}

// findBatch finds the batch axis, the first one of the first input.
func (p *program) findBatch(a *Archive) error {
	if len(p.inputs) == 0 {
		return errors.New("the program takes no input")
	}
	shape := p.types[p.inputs[0]].shape
	if len(shape) < 2 {
		return errors.Errorf("the program's input has %d axes: the first is to be the batch, and there is to be at least one more", len(shape))
	}
	for i, e := range shape[1:] {
		if e.symbol != "" {
			return errors.Errorf("axis %d of the program's input is free: only the batch size may be, so export it with images of a fixed size (dynamic_shapes={0: batch})", i+1)
		}
	}
	b := shape[0]
	if b.symbol == "" {
		p.fixedBatch, p.low, p.high = int(b.fixed), int(b.fixed), int(b.fixed)
		return nil
	}
	p.batch, p.low = b.symbol, 1
	if b.factor != 1 || b.fixed != 0 {
		return errors.Errorf("the first axis of the program's input is %v: it must be the batch size alone", p.told(shape[:1])[0])
	}
	if r, ok := a.program.RangeConstraints[b.symbol]; ok {
		if r.Min != nil {
			p.low = int(max(*r.Min, 1))
		}
		if r.Max != nil && *r.Max < maxTensor {
			p.high = int(*r.Max)
		}
	}
	return nil
}
