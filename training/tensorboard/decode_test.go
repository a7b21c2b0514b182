package tensorboard

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a protobuf message's fields in order of appearance.
type message map[protowire.Number][][]byte

// decode splits a message; numbers become 8 bytes, little endian.
func decode(t *testing.T, b []byte) message {
	t.Helper()
	m := message{}
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		var value []byte
		switch kind {
		case protowire.VarintType:
			var v uint64
			v, n = protowire.ConsumeVarint(b)
			value = binary.LittleEndian.AppendUint64(nil, v)
		case protowire.Fixed64Type:
			var v uint64
			v, n = protowire.ConsumeFixed64(b)
			value = binary.LittleEndian.AppendUint64(nil, v)
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(b)
		default:
			t.Fatalf("field %d has wire type %d", field, kind)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		m[field] = append(m[field], value)
		b = b[n:]
	}
	return m
}

func (m message) number(field protowire.Number) int {
	if len(m[field]) == 0 {
		return 0
	}
	return int(binary.LittleEndian.Uint64(m[field][0]))
}

func (m message) text(field protowire.Number) string {
	if len(m[field]) == 0 {
		return ""
	}
	return string(m[field][0])
}

// event is an Event, with numbers of fields as in TensorFlow's .proto files.
type event struct {
	time    float64
	step    int
	version string
	start   bool
	values  []value
}

// value is a Summary.Value.
type value struct {
	tag, plugin, description string
	shape                    []int
	floats                   []float64 // of a numeric tensor
	strings                  [][]byte
}

func readEvents(t *testing.T, file []byte) (events []event) {
	t.Helper()
	for _, record := range unframe(t, file) {
		m := decode(t, record)
		e := event{time: math.Float64frombits(uint64(m.number(1))), step: m.number(2), version: m.text(3)}
		if log := m[7]; log != nil {
			e.start = decode(t, log[0]).number(1) == 1
		}
		if m[5] != nil {
			for _, v := range decode(t, m[5][0])[1] {
				e.values = append(e.values, decodeValue(t, v))
			}
		}
		events = append(events, e)
	}
	return events
}

func decodeValue(t *testing.T, b []byte) value {
	t.Helper()
	m := decode(t, b)
	v := value{tag: m.text(1)}
	if m[9] != nil {
		metadata := decode(t, m[9][0])
		v.description = metadata.text(3)
		v.plugin = decode(t, metadata[1][0]).text(1)
	}
	tensor := decode(t, m[8][0])
	for _, dim := range decode(t, tensor[2][0])[2] {
		v.shape = append(v.shape, decode(t, dim).number(1))
	}
	content := []byte(tensor.text(4))
	switch tensor.number(1) {
	case 1:
		for ; len(content) > 0; content = content[4:] {
			v.floats = append(v.floats, float64(math.Float32frombits(binary.LittleEndian.Uint32(content))))
		}
	case 2:
		for ; len(content) > 0; content = content[8:] {
			v.floats = append(v.floats, math.Float64frombits(binary.LittleEndian.Uint64(content)))
		}
	case 7:
		v.strings = tensor[8]
	default:
		t.Fatalf("%s has type %d", v.tag, tensor.number(1))
	}
	return v
}

// readFiles reads a folder's event files in the order of their names.
func readFiles(t *testing.T, dir string) (files [][]event) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, readEvents(t, content))
	}
	return files
}

// find returns the values of a tag with their steps.
func find(events []event, tag string) (steps []int, values []value) {
	for _, e := range events {
		if i := slices.IndexFunc(e.values, func(v value) bool { return v.tag == tag }); i >= 0 {
			steps, values = append(steps, e.step), append(values, e.values[i])
		}
	}
	return steps, values
}
