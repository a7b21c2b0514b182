package keras

import (
	"bytes"
	"encoding/json"

	"github.com/pkg/errors"

	"dcae/training/plainjson"
)

const tensorClass = "__keras_tensor__"

// parseCalls reads inbound_nodes, one node for each call. A tensor stands in "args" itself or in a list, as for merging layers.
func parseCalls(inbound json.RawMessage) ([]Call, error) {
	if inbound == nil {
		return nil, nil
	}
	var nodes []struct {
		Args   []json.RawMessage `json:"args"`
		Kwargs json.RawMessage   `json:"kwargs"`
	}
	if err := decodeStrict(inbound, &nodes); err != nil {
		return nil, errors.WithMessage(err, "inbound_nodes: not as Keras 3 writes them; load the model in Keras 3 and save it again")
	}
	var calls []Call
	for i, n := range nodes {
		c := Call{Kwargs: n.Kwargs}
		if bytes.Contains(n.Kwargs, []byte(tensorClass)) {
			return nil, errors.Errorf("call %d: tensors as named arguments are not supported: pass them by position", i)
		}
		for _, a := range n.Args {
			tensors, err := parseArgument(a)
			if err != nil {
				return nil, errors.WithMessagef(err, "call %d", i)
			}
			c.Inputs = append(c.Inputs, tensors...)
		}
		if len(c.Inputs) == 0 {
			return nil, errors.Errorf("call %d has no input tensor", i)
		}
		calls = append(calls, c)
	}
	return calls, nil
}

func parseArgument(a json.RawMessage) ([]Tensor, error) {
	if len(a) > 0 && a[0] == '[' {
		var list []json.RawMessage
		if err := plainjson.Decode(a, &list); err != nil {
			return nil, errors.Wrap(err, "argument")
		}
		var tensors []Tensor
		for _, e := range list {
			t, err := parseTensor(e)
			if err != nil {
				return nil, err
			}
			tensors = append(tensors, t)
		}
		return tensors, nil
	}
	t, err := parseTensor(a)
	return []Tensor{t}, err
}

func parseTensor(b json.RawMessage) (Tensor, error) {
	var s struct {
		Class  string          `json:"class_name"`
		Config json.RawMessage `json:"config"`
	}
	if err := decodeStrict(b, &s); err != nil || s.Class != tensorClass {
		return Tensor{}, errors.Errorf("argument %.80s is no tensor, which is not supported: pass constants as settings of the layer", b)
	}
	var c struct {
		Shape   Shape           `json:"shape"`
		DType   string          `json:"dtype"`
		History json.RawMessage `json:"keras_history"`
	}
	if err := decodeStrict(s.Config, &c); err != nil {
		return Tensor{}, errors.WithMessage(err, tensorClass)
	}
	t, err := parseReference(c.History)
	t.Shape, t.DType = c.Shape, c.DType
	return t, err
}

// parseEnds reads input_layers or output_layers: one reference or a list of them.
func parseEnds(b json.RawMessage) ([]Tensor, error) {
	if b == nil {
		return nil, nil
	}
	if t, err := parseReference(b); err == nil {
		return []Tensor{t}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, errors.Errorf("%.80s: only a tensor or a list of tensors is supported: build the model with lists, not dicts", b)
	}
	var tensors []Tensor
	for _, e := range list {
		t, err := parseReference(e)
		if err != nil {
			return nil, err
		}
		tensors = append(tensors, t)
	}
	return tensors, nil
}

// parseReference reads ["layer", call, output].
func parseReference(b json.RawMessage) (Tensor, error) {
	var t Tensor
	parts := []any{&t.Layer, &t.Call, &t.Output}
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil || len(list) != len(parts) {
		return t, errors.Errorf("%.80s is no reference to a tensor, [\"layer\", call, output]", b)
	}
	for i, p := range parts {
		if err := plainjson.Decode(list[i], p); err != nil {
			return t, errors.Wrapf(err, "reference %.80s", b)
		}
	}
	return t, nil
}

// connect checks that names are unique and that every tensor comes from an existing call.
func (m *Model) connect() error {
	layers := make(map[string]*Layer, len(m.Layers))
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.Name == "" {
			return errors.Errorf("layer %d (%s) has no name", i, l.Class)
		}
		if layers[l.Name] != nil {
			return errors.Errorf("two layers are named %.80q", l.Name)
		}
		layers[l.Name] = l
	}
	if m.Sequential {
		for i := range m.Layers {
			if len(m.Layers[i].Calls) > 0 {
				return errors.Errorf("layer %.80q of a Sequential has inbound_nodes", m.Layers[i].Name)
			}
		}
		return nil
	}
	if len(m.Inputs) == 0 || len(m.Outputs) == 0 {
		return errors.New("a Functional without inputs or outputs")
	}
	for _, l := range m.Layers {
		for _, c := range l.Calls {
			if err := checkTensors(layers, c.Inputs); err != nil {
				return errors.WithMessagef(err, "layer %.80q", l.Name)
			}
		}
	}
	for _, ends := range [][]Tensor{m.Inputs, m.Outputs} {
		// Among a model's ends, and only there, Keras counts a nested Functional's own construction as call 0.
		for i := range ends {
			if l := layers[ends[i].Layer]; l != nil && l.Model != nil && !l.Model.Sequential {
				ends[i].Call--
			}
		}
		if err := checkTensors(layers, ends); err != nil {
			return err
		}
	}
	return nil
}

func checkTensors(layers map[string]*Layer, tensors []Tensor) error {
	for _, t := range tensors {
		l := layers[t.Layer]
		switch {
		case l == nil:
			return errors.Errorf("there is no layer %.80q that a tensor could come from", t.Layer)
		case l.Class == "InputLayer" && t.Call != 0, l.Class != "InputLayer" && (t.Call < 0 || t.Call >= len(l.Calls)), t.Output < 0:
			return errors.Errorf("layer %.80q has no call %d with output %d", t.Layer, t.Call, t.Output)
		}
	}
	return nil
}
