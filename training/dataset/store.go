package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"os"
	"sync"
	"sync/atomic"

	"github.com/pkg/errors"
)

// kind is the type in which values are kept: as uint8 where they came so, or as float32, little-endian.
type kind uint8

const (
	kindUint8   kind = 1
	kindFloat32 kind = 2
)

// size is the size of a value in bytes.
func (k kind) size() int {
	if k == kindUint8 {
		return 1
	}
	return 4
}

// format is what is known about a row of images before any is read.
type format struct {
	n     int
	shape Shape
	kind  kind
	// limit is the largest value that the type of the origin can hold, such as 255, 65535 or 1; 0 when the type says
	// nothing about the range, as with float32.
	limit float64
}

func (f format) imageBytes() int { return f.shape.Size() * f.kind.size() }

func (f format) bytes() int { return f.n * f.imageBytes() }

// digest starts a digest with all that the bytes of the values alone do not say.
func (f format) digest() hash.Hash {
	digest := sha256.New()
	for _, v := range []int{f.n, f.shape.H, f.shape.W, f.shape.C, int(f.kind), int(f.limit)} {
		writeInt(digest, v)
	}
	return digest
}

func writeInt(digest hash.Hash, v int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(v))
	digest.Write(b[:])
}

// store holds decoded, unscaled images, [n, H, W, C]: in memory, or in a file when memory is nil.
//
// The file is read with one pread an image into a small buffer, not mapped into memory. Over 2 GB of 28x28 images in
// random order, all in the page cache, that measured 1.1 us an image against 0.4 us from memory. A map takes 0.9 us
// while its pages pile up in the process, but 3.7 us once they are given back often enough to keep it small. A read
// also returns an error where a map of a file that was cut short kills the process.
type store struct {
	format
	sum    [sha256.Size]byte // over format and values
	memory []byte
	file   *os.File
	offset int64 // of the first image in the file

	names []string // of the files that the images came from; nil when they came from one array
	array string   // the name of that array, where there are several in its file, and held-out images may be taken out of it

	buffers sync.Pool
	failed  atomic.Pointer[error] // first error of reading the file
}

// buffer returns space for one image that at needs when the store is a file; give it back with buffers.Put.
func (s *store) buffer() *[]byte {
	if buffer, ok := s.buffers.Get().(*[]byte); ok {
		return buffer
	}
	if s.memory != nil {
		return new([]byte)
	}
	return new(make([]byte, s.imageBytes()))
}

// at returns the raw values of the image at one place, [H, W, C], or nil when the file can't be read; err tells why.
func (s *store) at(place int, buffer []byte) []byte {
	size := s.imageBytes()
	if s.memory != nil {
		return s.memory[place*size : (place+1)*size]
	}
	if _, err := s.file.ReadAt(buffer, s.offset+int64(place)*int64(size)); err != nil {
		s.fail(errors.Wrapf(err, "%s can't be read any more", s.name(place)))
		return nil
	}
	return buffer
}

func (s *store) fail(err error) { s.failed.CompareAndSwap(nil, &err) }

// name tells a user which image is at one place.
func (s *store) name(place int) string {
	if s.names != nil {
		return s.names[place]
	}
	if s.array != "" {
		return fmt.Sprintf("%s[%d]", s.array, place)
	}
	return fmt.Sprintf("image %d", place)
}

// err is the first error of reading the file.
func (s *store) err() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}
