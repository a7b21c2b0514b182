package torch

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"sort"

	"github.com/pkg/errors"

	"dcae/training/files"
	"dcae/training/plainjson"
)

// A .safetensors file is the length of a header (8 bytes, little-endian), the header in JSON, which says of each tensor its dtype, shape and
// where it begins and ends in what follows, and the values. Reference: https://github.com/huggingface/safetensors

// safetensorsTypes are the format's names of types.
var safetensorsTypes = map[DType]string{UInt8: "U8", Int8: "I8", Int16: "I16", Int32: "I32", Int64: "I64", Float32: "F32", Float64: "F64", Bool: "BOOL"}

// maxSafetensorsHeader is the format's own limit.
const maxSafetensorsHeader = 100_000_000

type safetensorsEntry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// SaveSafetensors writes tensors to path, atomically, for load_state_dict(load_file(path)). Tied ones are written under each of their names.
func SaveSafetensors(path string, tensors []*Tensor) error {
	return files.Write(path, func(out files.File) error { return errors.WithMessage(WriteSafetensors(out, tensors), path) })
}

// WriteSafetensors writes tensors in the order in which they are given.
func WriteSafetensors(w io.Writer, tensors []*Tensor) error {
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	at := 0
	for _, t := range tensors {
		size := t.Size() * t.Type.size()
		if header[t.Name] != nil {
			return errors.Errorf("two tensors are named %q", t.Name)
		}
		header[t.Name] = safetensorsEntry{safetensorsTypes[t.Type], t.Shape, [2]int{at, at + size}}
		at += size
	}
	head, err := json.Marshal(header)
	if err != nil {
		return errors.Wrap(err, "safetensors")
	}
	for len(head)%8 != 0 { // values begin at a multiple of 8 bytes
		head = append(head, ' ')
	}
	if _, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...)); err != nil {
		return errors.Wrap(err, "safetensors")
	}
	for _, t := range tensors {
		if _, err := w.Write(t.bytes()); err != nil {
			return errors.Wrap(err, "safetensors")
		}
	}
	return nil
}

// bytes are the values, row by row, little-endian.
func (t *Tensor) bytes() []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, t.Size()*t.Type.size())
	for _, v := range t.Float32s {
		b = le.AppendUint32(b, math.Float32bits(v))
	}
	for _, v := range t.Float64s {
		b = le.AppendUint64(b, math.Float64bits(v))
	}
	for _, v := range t.Ints {
		switch t.Type.size() {
		case 8:
			b = le.AppendUint64(b, uint64(v))
		case 4:
			b = le.AppendUint32(b, uint32(v))
		case 2:
			b = le.AppendUint16(b, uint16(v))
		default:
			b = append(b, byte(v))
		}
	}
	return b
}

// OpenSafetensors reads the .safetensors file at path; see ReadSafetensors.
func OpenSafetensors(path string) ([]*Tensor, error) {
	b, err := files.ReadFile(path)
	if err != nil {
		return nil, errors.WithMessagef(err, "cannot read %s", path)
	}
	tensors, err := ReadSafetensors(b)
	return tensors, errors.WithMessage(err, path)
}

// ReadSafetensors gives the tensors of a .safetensors file in the order of their values. It fails if the file is damaged, or has types that
// a program's tensors may not have.
func ReadSafetensors(b []byte) ([]*Tensor, error) {
	if len(b) < 8 {
		return nil, errors.Errorf("%d bytes are no .safetensors file", len(b))
	}
	length := binary.LittleEndian.Uint64(b)
	if length > maxSafetensorsHeader || length > uint64(len(b)-8) {
		return nil, errors.Errorf("a header of %d bytes does not fit into a file of %d: it is damaged, or no .safetensors file", length, len(b))
	}
	head, values := b[8:8+length], b[8+length:]
	if nesting(head) > 3 {
		return nil, errors.New("the header is nested too deep: the file is damaged")
	}
	var entries map[string]json.RawMessage
	if err := plainjson.Decode(bytes.TrimRight(head, " "), &entries); err != nil {
		return nil, errors.Errorf("the header is no JSON (%v): the file is damaged", err)
	}
	delete(entries, "__metadata__")
	var places []safetensorsPlace
	for name, body := range entries {
		p, err := placeOf(name, body)
		if err != nil {
			return nil, errors.WithMessagef(err, "tensor %.200q", name)
		}
		places = append(places, p)
	}
	sort.Slice(places, func(i, j int) bool {
		if a, b := places[i].begin, places[j].begin; a != b {
			return a < b
		}
		return places[i].tensor.Name < places[j].tensor.Name // without values
	})
	end := 0
	for _, p := range places { // before memory is taken for what the header merely claims
		if p.begin != end || p.end > len(values) {
			return nil, errors.Errorf("tensor %.200q lies at bytes %d to %d of %d, and not from %d on: the file is damaged", p.tensor.Name, p.begin, p.end, len(values), end)
		}
		end = p.end
	}
	if end != len(values) {
		return nil, errors.Errorf("there are %d bytes of values for %d: the file is damaged", len(values), end)
	}
	var out []*Tensor
	for _, p := range places {
		p.view.read(p.tensor, values[p.begin:p.end])
		out = append(out, p.tensor)
	}
	return out, nil
}

// safetensorsPlace is a tensor without values, and where they are.
type safetensorsPlace struct {
	tensor     *Tensor
	view       view
	begin, end int
}

func placeOf(name string, body json.RawMessage) (safetensorsPlace, error) {
	var p safetensorsPlace
	e, err := decoded[safetensorsEntry](body)
	if err != nil {
		return p, errors.Errorf("%v: the file is damaged", err)
	}
	t := &Tensor{Name: name}
	for d, called := range safetensorsTypes {
		if called == e.DType {
			t.Type = d
		}
	}
	if t.Type == 0 {
		return p, errors.Errorf("its values are %.20q, which is not supported", e.DType)
	}
	m := tensorMeta{DType: t.Type, Sizes: make([]symInt, len(e.Shape)), Strides: make([]symInt, len(e.Shape))}
	stride := int64(1)
	for i := len(e.Shape) - 1; i >= 0; i-- {
		m.Sizes[i].number, m.Strides[i].number = int64(e.Shape[i]), stride
		if stride *= int64(max(e.Shape[i], 0)); stride > maxTensor {
			return p, errors.Errorf("it would have more than %d values", maxTensor)
		}
	}
	v, err := m.view()
	if err != nil {
		return p, err
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if begin < 0 || end < begin || end-begin != v.size*t.Type.size() {
		return p, errors.Errorf("its shape %v does not fit to bytes %d to %d: the file is damaged", e.Shape, begin, end)
	}
	t.Shape = v.shape
	return safetensorsPlace{t, v, begin, end}, nil
}
