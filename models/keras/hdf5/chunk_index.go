package hdf5

import (
	"github.com/pkg/errors"
)

// Indexes of chunks in layout messages of version 4 (section IV.A.2.i), which h5py writes with libver="latest".
const (
	indexSingle     = 1
	indexImplicit   = 2
	indexFixedArray = 3
)

// layout4 reads the rest of a layout message of version 4.
func (k *chunks) layout4(c *cursor) (chunkIndex, error) {
	const filteredSingle = 0x02
	flags, axes, width := c.u8(), int(c.u8()), int(c.u8())
	if width < 1 || width > 8 {
		return chunkIndex{}, errors.New("chunks' lengths of no width: the file is damaged")
	}
	for i := range axes {
		if n := c.uint(width); i < axes-1 { // the last is an element's size, again
			k.chunk = append(k.chunk, n)
		}
	}
	kind := c.u8()
	if err := k.check(c); err != nil {
		return chunkIndex{}, err
	}
	var index chunkIndex
	switch kind {
	case indexSingle:
		stored, mask := k.full, uint32(0)
		if flags&filteredSingle != 0 {
			stored, mask = c.u64(), c.u32()
		}
		index.read = func(address uint64) error {
			return k.put(make([]uint64, len(k.shape)), address, stored, mask)
		}
	case indexImplicit:
		index.read = k.implicit
	case indexFixedArray:
		c.skip(1) // elements in a page, also in the array's header
		index.read = k.fixedArray
	default:
		return index, errors.Errorf("chunks in an index of type %d are not supported: save the dataset without maxshape, or the file with h5py's default libver", kind)
	}
	index.address = c.u64()
	if c.short {
		return index, errors.New("data layout message too short: the file is damaged")
	}
	return index, nil
}

// each calls for every chunk of the dataset, in row-major order, with its number and the offset of its first element.
func (k *chunks) each(visit func(number uint64, offset []uint64) error) error {
	offset := make([]uint64, len(k.shape))
	for number := uint64(0); ; number++ {
		if err := visit(number, offset); err != nil {
			return err
		}
		axis := len(offset) - 1
		for ; axis >= 0; axis-- {
			if offset[axis] += k.chunk[axis]; offset[axis] < k.shape[axis] {
				break
			}
			offset[axis] = 0
		}
		if axis < 0 {
			return nil
		}
	}
}

// implicit reads chunks that lie one behind the other.
func (k *chunks) implicit(address uint64) error {
	return k.each(func(number uint64, offset []uint64) error {
		if number > uint64(len(k.reader.file.all))/k.full {
			return errors.New("the file is too short for its chunks: it is damaged or was cut off")
		}
		return k.put(offset, address+number*k.full, k.full, 0)
	})
}

// fixedArray reads chunks from a fixed array (section VII.C): a header, and a block of the chunks' addresses in their order.
func (k *chunks) fixedArray(address uint64) error {
	b, err := k.reader.checked(address, 28, "FAHD")
	if err != nil {
		return err
	}
	c := cursor{rest: b}
	filtered, entry, pageBits := c.u8() == 1, uint64(c.u8()), c.u8()
	count, block := c.u64(), c.u64()
	want := uint64(8)
	if filtered {
		want = entry
	}
	if entry != want || entry > 20 || entry < 8 || filtered && entry < 13 || filtered != (len(k.filters) > 0) {
		return errors.Errorf("fixed array at %#x with entries of %d bytes: the file is damaged", address, entry)
	}
	if count > uint64(len(k.reader.file.all)) {
		return errors.Errorf("fixed array at %#x of %d chunks: the file is damaged", address, count)
	}
	if pageBits < 64 && count > 1<<pageBits {
		return errors.Errorf("%d chunks are more than the %d that are supported in this kind of file: save the file with h5py's default libver", count, 1<<pageBits)
	}
	if b, err = k.reader.checked(block, 4+1+1+8+count*entry+4, "FADB"); err != nil {
		return err
	}
	c = cursor{rest: b}
	c.skip(1 + 8) // what is in it, the header's address
	return k.each(func(number uint64, offset []uint64) error {
		if number >= count {
			return errors.Errorf("fixed array at %#x lacks chunks: the file is damaged", address)
		}
		at, stored, mask := c.u64(), k.full, uint32(0)
		if filtered {
			stored, mask = c.uint(int(entry-12)), c.u32()
		}
		if at == undefined {
			return nil // never written
		}
		return k.put(offset, at, stored, mask)
	})
}
