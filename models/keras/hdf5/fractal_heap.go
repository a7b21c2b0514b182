package hdf5

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/pkg/errors"
)

// fractalHeap is a heap of objects in blocks of growing size (section III.G).
type fractalHeap struct {
	reader      *reader
	offsetWidth uint64      // bytes of an offset within the heap
	lengthWidth uint64      // bytes of an object's length
	width       uint64      // blocks in a row of an indirect block
	start, most uint64      // size of the first direct block, and of the largest
	blocks      []heapBlock // in the order of their offsets
}

// heapBlock is a direct block: its first byte is at offset within the heap, and at address in the file.
type heapBlock struct{ offset, size, address uint64 }

// fractalHeap reads the heap's header at address and lists its direct blocks.
func (r *reader) fractalHeap(address uint64) (*fractalHeap, error) {
	b, err := r.checked(address, 146, "FRHP")
	if err != nil {
		return nil, err
	}
	c := cursor{rest: b}
	c.skip(2) // length of an object's ID
	if filters := c.u16(); filters != 0 {
		return nil, errors.New("compressed links or attributes are not supported: save the file with h5py's defaults")
	}
	c.skip(1) // flags
	largestObject := uint64(c.u32())
	c.skip(12 * 8) // huge objects, free space, counts
	f := &fractalHeap{reader: r, width: uint64(c.u16()), start: c.u64(), most: c.u64()}
	heapBits := uint64(c.u16())
	c.skip(2) // rows that a root indirect block starts with
	root, rows := c.u64(), uint64(c.u16())
	powers := bits.OnesCount64(f.start) == 1 && bits.OnesCount64(f.most) == 1 && f.start <= f.most
	if !powers || f.width == 0 || f.width > 1<<10 || heapBits == 0 || heapBits > 64 || rows > 64 {
		return nil, errors.Errorf("fractal heap at %#x with impossible sizes: the file is damaged", address)
	}
	f.offsetWidth, f.lengthWidth = (heapBits+7)/8, bytesFor(min(f.most, largestObject))
	switch {
	case root == undefined:
		return f, nil
	case rows == 0:
		f.blocks = []heapBlock{{0, f.start, root}}
		return f, nil
	}
	return f, f.indirect(root, 0, rows)
}

// indirect lists the direct blocks below the indirect block at address, which begins at offset within the heap.
func (f *fractalHeap) indirect(address, offset, rows uint64) error {
	directRows := min(rows, uint64(bits.Len64(f.most/f.start))+1)
	b, err := f.reader.checked(address, 4+1+8+f.offsetWidth+rows*f.width*8+4, "FHIB")
	if err != nil {
		return err
	}
	c := cursor{rest: b}
	c.skip(int(8 + f.offsetWidth)) // the header's address, the block's offset
	for row := range rows {
		size := f.start << (max(row, 1) - 1) // the first two rows are alike
		for range f.width {
			child := c.u64()
			switch {
			case child == undefined:
			case row < directRows:
				f.blocks = append(f.blocks, heapBlock{offset, size, child})
			default: // as many rows as its size takes
				below := uint64(bits.Len64(size / (f.start * f.width)))
				if below == 0 || below >= rows {
					return errors.Errorf("fractal heap's block at %#x is too small: the file is damaged", child)
				}
				if err := f.indirect(child, offset, below); err != nil {
					return err
				}
			}
			offset += size
		}
	}
	return nil
}

// object returns an object by its ID.
func (f *fractalHeap) object(id *cursor) ([]byte, error) {
	const kindBits, managed = 0x30, 0
	kind := id.u8()
	if kind&kindBits != managed {
		return nil, errors.New("links or attributes of over 64 KB are not supported: store the array itself")
	}
	offset, length := id.uint(int(f.offsetWidth)), id.uint(int(f.lengthWidth))
	i, found := slices.BinarySearchFunc(f.blocks, offset, func(b heapBlock, offset uint64) int { return cmp.Compare(b.offset, offset) })
	if !found {
		i-- // the block that begins before it
	}
	if i >= 0 {
		if b := f.blocks[i]; offset-b.offset < b.size && length <= b.size-(offset-b.offset) {
			return f.reader.file.at(b.address+offset-b.offset, length)
		}
	}
	return nil, errors.Errorf("an object at %#x of a fractal heap lies in none of its blocks: the file is damaged", offset)
}
