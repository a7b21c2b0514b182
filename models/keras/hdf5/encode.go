package hdf5

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/pkg/errors"
)

// linkInfo says that all links are in the header (section IV.A.2.c).
func linkInfo() []byte {
	return le.AppendUint64(le.AppendUint64([]byte{0, 0}, undefined), undefined)
}

// encodeLink makes a hard link message with a UTF-8 name (section IV.A.2.g).
func encodeLink(l link) []byte {
	const charsetPresent, fourByteLength, utf8 = 0x10, 2, 1
	m := []byte{1, charsetPresent | fourByteLength, utf8}
	m = le.AppendUint32(m, uint32(len(l.name)))
	return le.AppendUint64(append(m, l.name...), l.address)
}

// encodeDataspace makes a version 1 dataspace message (section IV.A.2.b).
func encodeDataspace(shape []int) []byte {
	m := []byte{1, byte(len(shape)), 0, 0, 0, 0, 0, 0}
	for _, n := range shape {
		m = le.AppendUint64(m, uint64(n))
	}
	return m
}

// encodeInteger makes a datatype message of size bytes (section IV.A.2.d).
func encodeInteger(signed bool, size int) []byte {
	m := []byte{1<<4 | classInteger, 0, 0, 0}
	if signed {
		m[1] = 8
	}
	m = le.AppendUint32(m, uint32(size))
	m = le.AppendUint16(m, 0)
	return le.AppendUint16(m, uint16(8*size))
}

func encodeFloat(size int) []byte {
	m := []byte{1<<4 | classFloat, 0x20, byte(8*size - 1), 0}
	return append(le.AppendUint32(m, uint32(size)), floatProperties[uint64(size)]...)
}

// encodeVariableString is a NUL-terminated UTF-8 string of variable length, on the base type of one byte, as h5py writes it.
func encodeVariableString() []byte {
	m := le.AppendUint32([]byte{1<<4 | classVlen, 1, 1, 0}, 16)
	m = le.AppendUint32(append(m, 1<<4|classInteger, 0, 0, 0), 1)
	return append(m, 0, 0, 8, 0)
}

// elements returns the bytes of data and the datatype message that describes them. Strings go to the global heap.
func (w *writer) elements(shape []int, data any) (raw, kind []byte, err error) {
	var n int
	switch v := data.(type) {
	case []float32:
		n, kind = len(v), encodeFloat(4)
	case []float64:
		n, kind = len(v), encodeFloat(8)
	case []int8:
		n, kind = len(v), encodeInteger(true, 1)
	case []int16:
		n, kind = len(v), encodeInteger(true, 2)
	case []int32:
		n, kind = len(v), encodeInteger(true, 4)
	case []int64:
		n, kind = len(v), encodeInteger(true, 8)
	case []uint8:
		n, kind = len(v), encodeInteger(false, 1)
	case []uint16:
		n, kind = len(v), encodeInteger(false, 2)
	case []uint32:
		n, kind = len(v), encodeInteger(false, 4)
	case []uint64:
		n, kind = len(v), encodeInteger(false, 8)
	case []string:
		if err := checkShape(shape, len(v)); err != nil {
			return nil, nil, err
		}
		raw, err = w.strings(v)
		return raw, encodeVariableString(), err
	default:
		return nil, nil, errors.Errorf("elements of type %T can't be written: use a slice of float32, float64, an integer type or string", data)
	}
	if err := checkShape(shape, n); err != nil {
		return nil, nil, err
	}
	raw, err = binary.Append(nil, le, data)
	return raw, kind, errors.Wrap(err, "elements")
}

// checkShape refuses a shape that does not have n elements.
func checkShape(shape []int, n int) error {
	count, err := countElements(shape)
	if err == nil && count != uint64(n) {
		err = errors.Errorf("shape %v has %d elements, but there are %d", shape, count, n)
	}
	return err
}

// attribute makes a version 3 attribute message with a UTF-8 name (section IV.A.2.m).
func (w *writer) attribute(a *Attribute) ([]byte, error) {
	raw, kind, err := w.elements(a.Shape, a.Data)
	if err != nil {
		return nil, err
	}
	if a.Name == "" || strings.Contains(a.Name, "\x00") {
		return nil, errors.New("its name may not be empty or contain NUL")
	}
	space, name := encodeDataspace(a.Shape), append([]byte(a.Name), 0)
	if len(name) > math.MaxUint16 {
		return nil, errors.New("its name takes more than 64 KB")
	}
	const utf8 = 1
	m := le.AppendUint16([]byte{3, 0}, uint16(len(name)))
	m = le.AppendUint16(m, uint16(len(kind)))
	m = le.AppendUint16(m, uint16(len(space)))
	m = append(append(m, utf8), name...)
	return append(append(append(m, kind...), space...), raw...), nil
}
