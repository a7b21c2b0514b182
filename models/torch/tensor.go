package torch

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"github.com/pkg/errors"
)

// DType is the type of a tensor's values, numbered as in PyTorch's schema.
type DType int

// The types that tensors of a program may have.
const (
	UInt8   DType = 1
	Int8    DType = 2
	Int16   DType = 3
	Int32   DType = 4
	Int64   DType = 5
	Float32 DType = 7
	Float64 DType = 8
	Bool    DType = 12
)

// String is PyTorch's name of the type.
func (d DType) String() string {
	names := map[DType]string{UInt8: "uint8", Int8: "int8", Int16: "int16", Int32: "int32", Int64: "int64", 6: "float16", Float32: "float32", Float64: "float64",
		9: "complex32", 10: "complex64", 11: "complex128", Bool: "bool", 13: "bfloat16"}
	if n, ok := names[d]; ok {
		return n
	}
	return fmt.Sprintf("dtype %d", int(d))
}

// size is the number of bytes of a value; 0 for types that are not read.
func (d DType) size() int {
	switch d {
	case UInt8, Int8, Bool:
		return 1
	case Int16:
		return 2
	case Int32, Float32:
		return 4
	case Int64, Float64:
		return 8
	}
	return 0
}

// Tensor is an array of the program's state_dict, or a constant.
type Tensor struct {
	Name        string // as state_dict calls it: enc.0.weight
	Type        DType
	Shape       []int
	IsParameter bool // of the model, else a buffer
	Trained     bool // a parameter's requires_grad

	// Float32s are the values of a Float32 tensor, Float64s of a Float64 one, Ints those of all others; row by row.
	Float32s []float32
	Float64s []float64
	Ints     []int64

	// SameAs is the name of an earlier tensor with the same place in memory, whose values this one shares: tied weights.
	SameAs string

	// overlaps is the name of an earlier one that lies in part in the same memory.
	overlaps string
}

// Size is the number of values.
func (t *Tensor) Size() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// expandedValues is how many values tensors may have beyond those that are stored: a tensor with a stride of 0 repeats them.
const expandedValues = 16 << 20

// tensorReader reads the tensors that a config file describes.
type tensorReader struct {
	entries *entries
	budget  int64 // of values that are still to be had
}

// payload is one tensor in a config file.
type payload struct {
	Name      string
	Path      string      `json:"path_name"`
	Parameter bool        `json:"is_param"`
	Pickled   bool        `json:"use_pickle"`
	Meta      *tensorMeta `json:"tensor_meta"`
}

// read gives the tensors of the config file in folder, in its order.
func (r *tensorReader) read(folder, config string) ([]*Tensor, error) {
	var file struct {
		Config json.RawMessage `json:"config"`
	}
	if err := r.entries.readJSON(folder+config, maxConfig, &file); err != nil {
		return nil, err
	}
	payloads, err := inOrder(file.Config)
	if err != nil {
		return nil, errors.WithMessage(err, folder+config)
	}
	stored := map[string][]byte{}
	places := map[string]*Tensor{} // where tensors lie
	owner := map[string]string{}   // the first tensor of a file
	var out []*Tensor
	for _, p := range payloads {
		t, err := r.tensor(folder, p, stored, places)
		if err != nil {
			return nil, errors.WithMessagef(err, "tensor %.200q", p.Name)
		}
		if first, shared := owner[p.Path]; shared && t.SameAs == "" {
			t.overlaps = first
		} else if !shared {
			owner[p.Path] = p.Name
		}
		out = append(out, t)
	}
	return out, nil
}

// inOrder decodes an object of payloads in the order of its keys.
func inOrder(object json.RawMessage) ([]payload, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("the config is no object: the file is damaged")
	}
	seen := map[string]bool{}
	var out []payload
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, errors.WithStack(err)
		}
		p := payload{Name: key.(string)}
		if err := d.Decode(&p); err != nil {
			return nil, errors.WithMessagef(err, "tensor %.200q", p.Name)
		}
		if seen[p.Name] {
			return nil, errors.Errorf("tensor %.200q is there twice: the file is damaged", p.Name)
		}
		seen[p.Name] = true
		out = append(out, p)
	}
	return out, nil
}

func (r *tensorReader) tensor(folder string, p payload, stored map[string][]byte, places map[string]*Tensor) (*Tensor, error) {
	switch {
	case p.Pickled:
		return nil, errors.New("it is pickled, which is not read: only plain tensors are, without a class of their own")
	case p.Meta == nil:
		return nil, errors.New("it has no description: the file is damaged")
	case p.Meta.Layout != stridedLayout:
		return nil, errors.New("it is sparse, which is not supported: make it dense with to_dense()")
	case p.Meta.DType.size() == 0:
		return nil, errors.Errorf("its values are %v, which is not supported: call model.float() before the export", p.Meta.DType)
	}
	v, err := p.Meta.view()
	if err != nil {
		return nil, err
	}
	t := &Tensor{Name: p.Name, Type: p.Meta.DType, Shape: v.shape, IsParameter: p.Parameter, Trained: p.Parameter && p.Meta.RequiresGrad}
	place := fmt.Sprint(p.Path, t.Type, v)
	if first := places[place]; first != nil {
		t.SameAs, t.Float32s, t.Float64s, t.Ints = first.Name, first.Float32s, first.Float64s, first.Ints
		return t, nil
	}
	body, there := stored[p.Path]
	if !there {
		if body, err = r.entries.read(folder+p.Path, maxWeights); err != nil {
			return nil, err
		}
		stored[p.Path] = body
	}
	if err := v.check(len(body), t.Type.size()); err != nil {
		return nil, err
	}
	if r.budget -= int64(v.size); r.budget < 0 {
		return nil, errors.New("the tensors have far more values than the file stores: it is damaged or made to deceive")
	}
	v.read(t, body)
	places[place] = t
	return t, nil
}

// view says where a tensor's values lie in what is stored, counted in values.
type view struct {
	shape, strides []int
	offset, size   int
}

// maxTensor is how many values a tensor may have.
const maxTensor = 1<<31 - 1

func (m *tensorMeta) view() (view, error) {
	if len(m.Sizes) != len(m.Strides) {
		return view{}, errors.Errorf("it has %d sizes and %d strides: the file is damaged", len(m.Sizes), len(m.Strides))
	}
	if len(m.Sizes) > 16 {
		return view{}, errors.Errorf("it has %d axes, the most are 16", len(m.Sizes))
	}
	v := view{shape: []int{}, strides: []int{}, size: 1}
	for i, s := range m.Sizes {
		stride := m.Strides[i]
		if s.expression != "" || stride.expression != "" {
			return view{}, errors.New("its size is no number: the file is damaged")
		}
		if s.number < 0 || s.number > maxTensor || stride.number < 0 || stride.number > maxTensor {
			return view{}, errors.Errorf("it has an axis of %d values with a stride of %d: the file is damaged", s.number, stride.number)
		}
		v.shape, v.strides = append(v.shape, int(s.number)), append(v.strides, int(stride.number))
		if v.size *= int(s.number); v.size > maxTensor {
			return view{}, errors.Errorf("it would have more than %d values", maxTensor)
		}
	}
	if o := m.StorageOffset; o.expression != "" || o.number < 0 || o.number > maxTensor {
		return view{}, errors.Errorf("it begins at value %d%s: the file is damaged", o.number, o.expression)
	}
	v.offset = int(m.StorageOffset.number)
	return v, nil
}

// check tells why so many stored bytes do not hold all values.
func (v view) check(stored, valueSize int) error {
	if v.size == 0 {
		return nil
	}
	last := int64(v.offset)
	for i, n := range v.shape {
		last += int64(n-1) * int64(v.strides[i])
		if last > maxTensor {
			break
		}
	}
	if stored == 0 {
		return errors.New("its values are not in the file: the model was exported without real weights, on the meta device or as fake tensors")
	}
	if (last+1)*int64(valueSize) > int64(stored) {
		return errors.Errorf("its shape %v with strides %v from value %d on does not fit into the %d bytes that are stored: the file is damaged", v.shape, v.strides, v.offset, stored)
	}
	return nil
}

// read copies the values in row order.
func (v view) read(t *Tensor, body []byte) {
	index := make([]int, len(v.shape))
	le := binary.LittleEndian
	switch t.Type {
	case Float32:
		t.Float32s = make([]float32, v.size)
	case Float64:
		t.Float64s = make([]float64, v.size)
	default:
		t.Ints = make([]int64, v.size)
	}
	at := v.offset
	for i := range v.size {
		switch b := body[at*t.Type.size():]; t.Type {
		case Float32:
			t.Float32s[i] = math.Float32frombits(le.Uint32(b))
		case Float64:
			t.Float64s[i] = math.Float64frombits(le.Uint64(b))
		case Int64:
			t.Ints[i] = int64(le.Uint64(b))
		case Int32:
			t.Ints[i] = int64(int32(le.Uint32(b)))
		case Int16:
			t.Ints[i] = int64(int16(le.Uint16(b)))
		case Int8:
			t.Ints[i] = int64(int8(b[0]))
		default:
			t.Ints[i] = int64(b[0])
		}
		for axis := len(index) - 1; axis >= 0; axis-- {
			index[axis]++
			at += v.strides[axis]
			if index[axis] < v.shape[axis] {
				break
			}
			at -= v.strides[axis] * v.shape[axis]
			index[axis] = 0
		}
	}
}
