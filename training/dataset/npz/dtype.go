package npz

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/pkg/errors"
)

// DType is the type of an array's elements: numpy's kind letter, the size in bytes and the byte order.
type DType struct {
	Kind      byte // 'b' bool, 'i' signed, 'u' unsigned, 'f' floating point
	Size      int
	BigEndian bool
}

// parseDType reads a numpy type string such as "<f4" or "|u1".
func parseDType(descr string) (DType, error) {
	if len(descr) == 3 {
		t := DType{Kind: descr[1], Size: int(descr[2] - '0'), BigEndian: descr[0] == '>'}
		knownOrder := descr[0] == '<' || descr[0] == '>' || descr[0] == '|' && t.Size == 1
		if knownOrder && t.known() {
			return t, nil
		}
	}
	return DType{}, errors.Errorf("elements of type %.40q can't be read: store bool, int, uint or float numbers, for example with .astype('float32')", descr)
}

func (t DType) known() bool {
	switch t.Kind {
	case 'b':
		return t.Size == 1
	case 'i', 'u':
		return t.Size == 1 || t.Size == 2 || t.Size == 4 || t.Size == 8
	case 'f':
		return t.Size == 2 || t.Size == 4 || t.Size == 8
	}
	return false
}

// String gives numpy's name of the type, without the byte order: uint8, float32.
func (t DType) String() string {
	bits := strconv.Itoa(8 * t.Size)
	switch t.Kind {
	case 'i':
		return "int" + bits
	case 'u':
		return "uint" + bits
	case 'f':
		return "float" + bits
	}
	return "bool"
}

func (t DType) order() binary.ByteOrder {
	if t.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Convert decodes len(dst) elements from the front of src. Integers of 64 bits are exact up to 2^53 in float64;
// values that float32 can't hold become infinite or lose digits there.
func Convert[F float32 | float64](dst []F, src []byte, t DType) {
	src = src[:len(dst)*t.Size]
	order := t.order()
	switch t {
	case DType{'b', 1, t.BigEndian}:
		for i, v := range src {
			dst[i] = 0
			if v != 0 {
				dst[i] = 1
			}
		}
	case DType{'u', 1, t.BigEndian}:
		for i, v := range src {
			dst[i] = F(v)
		}
	case DType{'i', 1, t.BigEndian}:
		for i, v := range src {
			dst[i] = F(int8(v))
		}
	case DType{'u', 2, t.BigEndian}:
		for i := range dst {
			dst[i] = F(order.Uint16(src[2*i:]))
		}
	case DType{'i', 2, t.BigEndian}:
		for i := range dst {
			dst[i] = F(int16(order.Uint16(src[2*i:])))
		}
	case DType{'f', 2, t.BigEndian}:
		for i := range dst {
			dst[i] = F(half(order.Uint16(src[2*i:])))
		}
	case DType{'u', 4, t.BigEndian}:
		for i := range dst {
			dst[i] = F(order.Uint32(src[4*i:]))
		}
	case DType{'i', 4, t.BigEndian}:
		for i := range dst {
			dst[i] = F(int32(order.Uint32(src[4*i:])))
		}
	case DType{'f', 4, t.BigEndian}:
		for i := range dst {
			dst[i] = F(math.Float32frombits(order.Uint32(src[4*i:])))
		}
	case DType{'u', 8, t.BigEndian}:
		for i := range dst {
			dst[i] = F(order.Uint64(src[8*i:]))
		}
	case DType{'i', 8, t.BigEndian}:
		for i := range dst {
			dst[i] = F(int64(order.Uint64(src[8*i:])))
		}
	case DType{'f', 8, t.BigEndian}:
		for i := range dst {
			dst[i] = F(math.Float64frombits(order.Uint64(src[8*i:])))
		}
	}
}

// half is the value of an IEEE 754 binary16 number.
func half(bits uint16) float32 {
	sign := uint32(bits>>15) << 31
	exponent := uint32(bits>>10) & 31
	fraction := uint32(bits) & 1023
	switch exponent {
	case 0: // zero and subnormal: fraction * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 31: // infinite and NaN
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
