package hdf5

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/pkg/errors"
)

// elementKind is one of the element types that the package understands.
type elementKind int

const (
	signedInteger elementKind = iota
	unsignedInteger
	floatingPoint
	fixedString
	variableString
)

// Classes of datatypes (section IV.A.2.d).
const (
	classInteger = 0
	classFloat   = 1
	classString  = 3
	classVlen    = 9
)

var classNames = [...]string{
	2: "time", 4: "bit field", 5: "opaque (numpy void, Keras' bfloat16)", 6: "compound (numpy structured or complex)",
	7: "reference", 8: "enumeration (numpy bool)", 10: "array", 11: "complex",
}

// datatype is the type of one element.
type datatype struct {
	kind elementKind
	size uint64 // bytes of an element where it is stored, above 0
}

// floatProperties are bit offset, precision, exponent location and size, mantissa location and size, exponent bias of the
// three IEEE 754 formats, as they stand in the file.
var floatProperties = map[uint64]string{
	2: "\x00\x00\x10\x00\x0a\x05\x00\x0a\x0f\x00\x00\x00",
	4: "\x00\x00\x20\x00\x17\x08\x00\x17\x7f\x00\x00\x00",
	8: "\x00\x00\x40\x00\x34\x0b\x00\x34\xff\x03\x00\x00",
}

// parseDatatype reads a datatype message.
func parseDatatype(m []byte) (*datatype, error) {
	c := cursor{rest: m}
	classVersion := c.u8()
	class, version := int(classVersion&15), classVersion>>4
	bitField := [3]uint8{c.u8(), c.u8(), c.u8()}
	t := &datatype{size: uint64(c.u32())}
	if c.short || t.size == 0 {
		return nil, errors.New("datatype message too short or of size 0: the file is damaged")
	}
	if version < 1 || version > 3 {
		return nil, errors.Errorf("datatype of version %d, only 1 to 3 are supported: save the file with h5py's default libver", version)
	}
	switch class {
	case classInteger, classFloat:
		if bitField[0]&1 != 0 {
			return nil, errors.New("big-endian numbers are not supported: store them little-endian (numpy dtype '<f4')")
		}
		if class == classFloat {
			return t, t.parseFloat(bitField, c)
		}
		return t, t.parseInteger(bitField, c)
	case classString:
		t.kind = fixedString
		return t, nil
	case classVlen:
		t.kind = variableString
		if bitField[0]&15 != 1 || t.size != 16 {
			return nil, errors.New("variable-length sequences are not supported, only strings: store a plain array")
		}
		return t, nil
	}
	name := "unknown"
	if class < len(classNames) && classNames[class] != "" {
		name = classNames[class]
	}
	return nil, errors.Errorf("datatype of class %d, %s, is not supported: store float32, float64, integers or strings", class, name)
}

func (t *datatype) parseInteger(bitField [3]uint8, c cursor) error {
	t.kind = unsignedInteger
	if bitField[0]&8 != 0 {
		t.kind = signedInteger
	}
	offset, precision := c.u16(), uint64(c.u16())
	if c.short || offset != 0 || precision != 8*t.size || t.size > 8 || t.size&(t.size-1) != 0 {
		return errors.Errorf("integers of %d bits in %d bytes are not supported: store 8, 16, 32 or 64 bits", precision, t.size)
	}
	return nil
}

func (t *datatype) parseFloat(bitField [3]uint8, c cursor) error {
	t.kind = floatingPoint
	const impliedBit = 0x20 // the mantissa's highest bit is not stored
	properties, known := floatProperties[t.size]
	if !known || bitField[0] != impliedBit || uint64(bitField[1]) != 8*t.size-1 || string(c.take(12)) != properties {
		return errors.Errorf("floating-point numbers of %d bytes that are not IEEE 754 are not supported: store float16, float32 or float64", t.size)
	}
	return nil
}

// elements converts stored bytes to a Go slice (see Attribute for its types). raw holds space.count elements.
func (r *reader) elements(space *dataspace, t *datatype, raw []byte) (any, error) {
	n := len(raw) / int(t.size)
	if uint64(n) != space.count {
		return nil, errors.Errorf("%d elements stored where the shape has %d: the file is damaged", n, space.count)
	}
	var out any
	switch {
	case t.kind == fixedString:
		return fixedStrings(raw, n), nil
	case t.kind == variableString:
		return r.heapStrings(raw, n)
	case t.kind == floatingPoint && t.size == 2:
		return halves(raw, n), nil
	case t.kind == floatingPoint && t.size == 4:
		out = make([]float32, n)
	case t.kind == floatingPoint:
		out = make([]float64, n)
	default:
		out = integers(t, n)
	}
	_, err := binary.Decode(raw, binary.LittleEndian, out)
	return out, errors.Wrap(err, "elements")
}

func integers(t *datatype, n int) any {
	signed := t.kind == signedInteger
	switch {
	case t.size == 1 && signed:
		return make([]int8, n)
	case t.size == 2 && signed:
		return make([]int16, n)
	case t.size == 4 && signed:
		return make([]int32, n)
	case signed:
		return make([]int64, n)
	case t.size == 1:
		return make([]uint8, n)
	case t.size == 2:
		return make([]uint16, n)
	case t.size == 4:
		return make([]uint32, n)
	}
	return make([]uint64, n)
}

// fixedStrings cuts raw into n strings of equal size and drops the NULs that end or pad them. Spaces are kept: h5py does too.
func fixedStrings(raw []byte, n int) []string {
	all, out := string(raw), make([]string, n) // one copy that all strings share
	for i := range out {
		size := len(all) / (n - i)
		s := all[:size]
		if end := bytes.IndexByte(raw[:size], 0); end >= 0 {
			s = s[:end]
		}
		out[i] = s
		all, raw = all[size:], raw[size:]
	}
	return out
}

// halves converts n half-precision floats to float32, exactly.
func halves(raw []byte, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = halfToFloat32(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return out
}

// halfToFloat32 converts an IEEE 754 binary16 number.
func halfToFloat32(h uint16) float32 {
	sign, exponent, mantissa := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // zero or subnormal: mantissa * 2^-24
		return math.Float32frombits(math.Float32bits(float32(mantissa)*(1.0/(1<<24))) | sign)
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 255<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}
