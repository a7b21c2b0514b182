package dataset

import (
	"crypto/sha256"
	"os"

	"github.com/pkg/errors"
)

// source decodes the images of one array or folder, one after another.
type source struct {
	format
	// next writes the raw values of the next image to dst, [H, W, C].
	next func(dst []byte) error
	// end reports what only the end of the source can tell, such as a wrong checksum. It may be nil.
	end func() error
	// close releases what the source holds open. It may be nil.
	close func()
	// plain is the file that holds the values as a store keeps them, from offset on; nil when they need decoding.
	plain  *os.File
	offset int64
	// axes are the lengths of an array's axes; nil where the source is no array.
	axes []int
}

// decode hands each image of the source to keep and returns the digest of all.
func (s source) decode(keep func(image []byte) error) ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	digest := s.digest()
	image := make([]byte, s.imageBytes())
	for i := range s.n {
		if err := s.next(image); err != nil {
			return sum, errors.WithMessagef(err, "image %d of %d", i, s.n)
		}
		digest.Write(image)
		if err := keep(image); err != nil {
			return sum, err
		}
	}
	if s.end != nil {
		if err := s.end(); err != nil {
			return sum, err
		}
	}
	digest.Sum(sum[:0])
	return sum, nil
}

// believed is from how many decoded bytes on a header is believed how many there are.
const believed = 64 << 20

// load decodes the source into memory. What a header claims is made room for, in one step, once a part of it was really there; the length of a
// plain source is known to be true.
func (s source) load() (*store, error) {
	capacity := s.bytes()
	if s.plain == nil {
		capacity = min(capacity, believed)
	}
	memory := make([]byte, 0, capacity)
	sum, err := s.decode(func(image []byte) error {
		if len(memory)+len(image) > cap(memory) {
			memory = append(make([]byte, 0, s.bytes()), memory...)
		}
		memory = append(memory, image...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &store{format: s.format, sum: sum, memory: memory}, nil
}

// inPlace makes a store of a plain source's file as it is. The store keeps the file open.
func (s source) inPlace() (*store, error) {
	sum, err := s.decode(func([]byte) error { return nil })
	if err != nil {
		return nil, err
	}
	file, err := os.Open(s.plain.Name())
	if err != nil {
		return nil, errors.WithStack(err)
	}
	return &store{format: s.format, sum: sum, file: file, offset: s.offset}, nil
}

// source reads the images of a store again.
func (s *store) source() source {
	place := 0
	return source{format: s.format, next: func(dst []byte) error {
		raw := s.at(place, dst)
		if raw == nil {
			return s.err()
		}
		copy(dst, raw)
		place++
		return nil
	}}
}
