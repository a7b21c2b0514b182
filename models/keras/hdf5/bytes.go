package hdf5

import (
	"encoding/binary"

	"github.com/pkg/errors"
)

// undefined is the address that stands for "nothing is stored" (section I).
const undefined = ^uint64(0)

// fileBytes gives out checked pieces of a file and counts them. In a sound file no two structures overlap, so reading one
// takes no more than its size (strings in heaps count twice: the heap and the string). A damaged file in which a few
// bytes are referred to again and again runs out of budget instead of time or memory. Chunks have a budget of their own for what they are once
// decompressed: weights hardly can be, so that a file that promises many times its size is made to deceive.
type fileBytes struct {
	all      []byte
	budget   int
	unpacked int
}

func newFileBytes(b []byte) *fileBytes {
	return &fileBytes{all: b, budget: 2*len(b) + 4096, unpacked: 32*len(b) + 16<<20}
}

// at returns the n bytes at offset, without copying.
func (f *fileBytes) at(offset, n uint64) ([]byte, error) {
	size := uint64(len(f.all))
	if offset > size || n > size-offset {
		return nil, errors.Errorf("%d bytes at offset %#x lie outside the file of %d bytes: it is damaged or was cut off", n, offset, size)
	}
	if err := f.charge(n); err != nil {
		return nil, err
	}
	return f.all[offset : offset+n : offset+n], nil
}

// charge takes n bytes off the budget.
func (f *fileBytes) charge(n uint64) error {
	if n > uint64(f.budget) {
		return errors.New("structures of the file overlap or refer to the same bytes many times: it is damaged")
	}
	f.budget -= int(n)
	return nil
}

// unpack takes n bytes off the budget of decompressed data.
func (f *fileBytes) unpack(n uint64) error {
	if n > uint64(f.unpacked) {
		return errors.Errorf("its chunks would have over %d bytes once decompressed, in a file of %d: it is taken for a decompression bomb", 32*len(f.all)+16<<20, len(f.all))
	}
	f.unpacked -= int(n)
	return nil
}

// cursor reads little-endian fields one after the other. Past the end it gives zeros and sets short, so that a structure can
// be read in one go and checked once.
type cursor struct {
	rest  []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.rest) {
		c.rest, c.short = nil, true
		return nil
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) uint(size int) uint64 {
	var word [8]byte
	copy(word[:], c.take(size))
	return binary.LittleEndian.Uint64(word[:])
}

func (c *cursor) u8() uint8   { return uint8(c.uint(1)) }
func (c *cursor) u16() uint16 { return uint16(c.uint(2)) }
func (c *cursor) u32() uint32 { return uint32(c.uint(4)) }
func (c *cursor) u64() uint64 { return c.uint(8) }
func (c *cursor) skip(n int)  { c.take(n) }
