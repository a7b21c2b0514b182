package hdf5

import (
	"math/bits"

	"github.com/pkg/errors"
)

// chunks puts the chunks of one dataset together.
type chunks struct {
	reader  *reader
	shape   []uint64 // of the dataset
	chunk   []uint64 // lengths of a chunk's axes
	element uint64   // bytes of one
	full    uint64   // bytes of a whole chunk, which are stored even where it reaches over the edge
	filters []filter
	out     []byte
}

// chunked reads a dataset in chunks, whose layout message goes on at c (section IV.A.2.i). Where a chunk was never written it has the fill value.
func (r *reader) chunked(h *header, version uint8, c cursor, size uint64) ([]byte, error) {
	k := &chunks{reader: r, element: h.kind.size, filters: h.filters}
	for _, n := range h.space.shape {
		k.shape = append(k.shape, uint64(n))
	}
	var index chunkIndex
	var err error
	if version == 3 {
		index, err = k.layout3(&c)
	} else {
		index, err = k.layout4(&c)
	}
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, nil
	}
	if index.address == undefined {
		return nil, errNeverWritten
	}
	if err := r.file.unpack(size); err != nil {
		return nil, err
	}
	k.out = make([]byte, size)
	if n := uint64(len(h.fill)); n > 0 && n == k.element {
		for at := uint64(0); at < size; at += n {
			copy(k.out[at:], h.fill)
		}
	}
	return k.out, index.read(index.address)
}

// chunkIndex is where a dataset's chunks are listed, and the function that reads the list.
type chunkIndex struct {
	address uint64
	read    func(address uint64) error
}

func (k *chunks) layout3(c *cursor) (chunkIndex, error) {
	rank := int(c.u8()) - 1
	address := c.u64()
	for range rank {
		k.chunk = append(k.chunk, uint64(c.u32()))
	}
	c.skip(4) // an element's size, again
	return chunkIndex{address, func(address uint64) error { return k.tree(address, anyLevel) }}, k.check(c)
}

// check tells whether the chunks' shape is possible, and computes their size.
func (k *chunks) check(c *cursor) error {
	if c.short {
		return errors.New("data layout message too short: the file is damaged")
	}
	if len(k.chunk) != len(k.shape) {
		return errors.Errorf("chunks of %d axes in a dataset of %d: the file is damaged", len(k.chunk), len(k.shape))
	}
	k.full = k.element
	for _, n := range k.chunk {
		high, full := bits.Mul64(k.full, n)
		if n == 0 || high != 0 || full > 1<<32 {
			return errors.Errorf("chunks of shape %v are not possible: the file is damaged", k.chunk)
		}
		k.full = full
	}
	return nil
}

// tree reads the version 1 B-tree node at address (section III.A.1) and all chunks below it. Levels count down to 0, so there can be no
// cycle.
func (k *chunks) tree(address uint64, wantLevel int) error {
	head, err := k.reader.file.at(address, 24)
	if err != nil {
		return errors.WithMessage(err, "B-tree node")
	}
	c := cursor{rest: head}
	if string(c.take(4)) != "TREE" || c.u8() != 1 {
		return errors.Errorf("no B-tree node of chunks at %#x: the file is damaged", address)
	}
	level, used := int(c.u8()), uint64(c.u16())
	if wantLevel != anyLevel && level != wantLevel {
		return errors.Errorf("B-tree node at %#x has level %d instead of %d: the file is damaged", address, level, wantLevel)
	}
	key := 8 + 8*uint64(len(k.shape)+1) // stored size, filter mask, offsets of the first element
	entries, err := k.reader.file.at(address+24, used*(key+8))
	if err != nil {
		return errors.WithMessage(err, "B-tree node")
	}
	offset := make([]uint64, len(k.shape))
	for c = (cursor{rest: entries}); len(c.rest) > 0; {
		stored, mask := uint64(c.u32()), c.u32()
		for i := range offset {
			offset[i] = c.u64()
		}
		c.skip(8) // offset within an element
		if child := c.u64(); level > 0 {
			err = k.tree(child, level-1)
		} else {
			err = k.put(offset, child, stored, mask)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// put copies the chunk whose first element is at offset, and of which stored bytes are at address, into the dataset.
func (k *chunks) put(offset []uint64, address, stored uint64, mask uint32) error {
	for i, at := range offset {
		if at >= k.shape[i] || at%k.chunk[i] != 0 {
			return errors.Errorf("a chunk begins at %v in a dataset of shape %v: the file is damaged", offset, k.shape)
		}
	}
	raw, err := k.reader.file.at(address, stored)
	if err != nil {
		return errors.WithMessage(err, "chunk")
	}
	if len(k.filters) > 0 {
		if err := k.reader.file.unpack(k.full); err != nil {
			return err
		}
		if raw, err = unfilter(k.filters, mask, raw, k.full); err != nil {
			return errors.WithMessagef(err, "chunk at %v", offset)
		}
	}
	if uint64(len(raw)) != k.full {
		return errors.Errorf("the chunk at %v has %d bytes instead of %d: the file is damaged", offset, len(raw), k.full)
	}
	k.copy(offset, raw, 0, 0)
	return nil
}

// copy copies what of a chunk lies within the dataset, axis by axis: from is the place of the first element in elements, of the axes before
// this one.
func (k *chunks) copy(offset []uint64, raw []byte, axis int, from uint64) {
	if axis == len(k.shape) {
		copy(k.out[from*k.element:], raw)
		return
	}
	rows := min(k.chunk[axis], k.shape[axis]-offset[axis])
	if axis == len(k.shape)-1 { // in one piece
		copy(k.out[(from*k.shape[axis]+offset[axis])*k.element:], raw[:rows*k.element])
		return
	}
	row := uint64(len(raw)) / k.chunk[axis]
	for i := range rows {
		k.copy(offset, raw[i*row:(i+1)*row], axis+1, from*k.shape[axis]+offset[axis]+i)
	}
}
