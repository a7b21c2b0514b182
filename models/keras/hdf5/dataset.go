package hdf5

import (
	"math/bits"

	"github.com/pkg/errors"
)

// dataspace is the shape of a dataset or an attribute.
type dataspace struct {
	shape []int
	count uint64 // number of elements
}

// maxRank is the largest number of axes that HDF5 allows.
const maxRank = 32

// parseDataspace reads a dataspace message (section IV.A.2.b).
func parseDataspace(m []byte) (*dataspace, error) {
	c := cursor{rest: m}
	version, rank := c.u8(), int(c.u8())
	c.skip(1) // flags: largest sizes may follow the sizes; they don't change what is stored
	switch version {
	case 1:
		c.skip(5)
	case 2:
		const null = 2
		if c.u8() == null {
			return nil, errors.New("null dataspaces (h5py.Empty) are not supported: leave them out")
		}
	default:
		return nil, errors.Errorf("dataspace of version %d, only 1 and 2 are supported: save the file with h5py's default libver", version)
	}
	s := &dataspace{}
	for range rank {
		s.shape = append(s.shape, int(c.u64()))
	}
	if c.short {
		return nil, errors.New("dataspace message too short: the file is damaged")
	}
	var err error
	s.count, err = countElements(s.shape)
	return s, err
}

// countElements returns the product of the axes' lengths.
func countElements(shape []int) (uint64, error) {
	const most = 1 << 48
	if len(shape) > maxRank {
		return 0, errors.Errorf("%d axes are not possible, the most are %d", len(shape), maxRank)
	}
	count := uint64(1)
	for _, n := range shape {
		if n < 0 || n > most {
			return 0, errors.Errorf("axis of length %d in shape %v is not possible", n, shape)
		}
		high, product := bits.Mul64(count, uint64(n))
		if high != 0 || product > most {
			return 0, errors.Errorf("shape %v is too large", shape)
		}
		count = product
	}
	return count, nil
}

// size returns how many bytes the elements take in the file.
func (s *dataspace) size(t *datatype) (uint64, error) {
	high, n := bits.Mul64(s.count, t.size)
	if high != 0 {
		return 0, errors.Errorf("%d elements of %d bytes are too many: the file is damaged", s.count, t.size)
	}
	return n, nil
}
