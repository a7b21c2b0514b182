package dataset

import (
	"encoding/binary"
	"io"
	"math"

	"dcae/training/dataset/npz"

	"github.com/pkg/errors"
)

// readIDXHeader reads the header of an IDX file: two zero bytes, the type of elements, the number of axes, and the
// length of each axis; elements follow in C order, all big-endian (http://yann.lecun.com/exdb/mnist).
func readIDXHeader(r io.Reader) (npz.Header, error) {
	header := npz.Header{Shape: []int{}}
	var start [4]byte
	if err := readFull(r, start[:]); err != nil {
		return header, err
	}
	if start[0] != 0 || start[1] != 0 {
		return header, errors.New("no IDX file: it does not start with two zero bytes")
	}
	switch start[2] {
	case 0x08:
		header.DType = npz.DType{Kind: 'u', Size: 1}
	case 0x09:
		header.DType = npz.DType{Kind: 'i', Size: 1}
	case 0x0B:
		header.DType = npz.DType{Kind: 'i', Size: 2}
	case 0x0C:
		header.DType = npz.DType{Kind: 'i', Size: 4}
	case 0x0D:
		header.DType = npz.DType{Kind: 'f', Size: 4}
	case 0x0E:
		header.DType = npz.DType{Kind: 'f', Size: 8}
	default:
		return header, errors.Errorf("IDX element type 0x%02x is unknown: the file is damaged", start[2])
	}
	header.DType.BigEndian = true
	count := 1
	for range start[3] {
		var length [4]byte
		if err := readFull(r, length[:]); err != nil {
			return header, err
		}
		n := int(binary.BigEndian.Uint32(length[:]))
		if n > 0 && count > math.MaxInt/8/n {
			return header, errors.New("the lengths of its axes are too large: the file is damaged")
		}
		count *= n
		header.Shape = append(header.Shape, n)
	}
	if len(header.Shape) == 1 {
		return header, errors.New("it has one axis, as files of labels have: give the file of images")
	}
	return header, nil
}
