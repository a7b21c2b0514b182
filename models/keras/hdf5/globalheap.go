package hdf5

import (
	"bytes"

	"github.com/pkg/errors"
)

// globalHeap is one global heap collection (section III.E): objects by their index.
type globalHeap map[uint16][]byte

// heapStrings reads n references to variable-length strings: length, address of the collection, index in it.
func (r *reader) heapStrings(refs []byte, n int) ([]string, error) {
	out := make([]string, n)
	c := cursor{rest: refs}
	for i := range out {
		length, address, index := uint64(c.u32()), c.u64(), c.u32()
		if length == 0 {
			continue
		}
		heap, err := r.globalHeap(address)
		if err != nil {
			return nil, err
		}
		object, found := []byte(nil), false
		if index <= 0xffff {
			object, found = heap[uint16(index)]
		}
		if !found || length > uint64(len(object)) {
			return nil, errors.Errorf("string %d of the global heap at %#x is missing or shorter than its %d bytes: the file is damaged", index, address, length)
		}
		if err := r.file.charge(length); err != nil {
			return nil, err
		}
		s, _, _ := bytes.Cut(object[:length], []byte{0})
		out[i] = string(s)
	}
	return out, nil
}

// globalHeap reads the collection at address, once.
func (r *reader) globalHeap(address uint64) (globalHeap, error) {
	if heap, ok := r.heaps[address]; ok {
		return heap, nil
	}
	head, err := r.file.at(address, 16)
	if err != nil {
		return nil, errors.WithMessage(err, "global heap")
	}
	c := cursor{rest: head}
	if string(c.take(4)) != "GCOL" || c.u8() != 1 {
		return nil, errors.Errorf("no global heap of version 1 at %#x: the file is damaged", address)
	}
	c.skip(3)
	size := c.u64()
	if size < 16 {
		return nil, errors.Errorf("global heap at %#x of %d bytes: the file is damaged", address, size)
	}
	body, err := r.file.at(address+16, size-16)
	if err != nil {
		return nil, errors.WithMessage(err, "global heap")
	}
	heap := globalHeap{}
	for c := (cursor{rest: body}); len(c.rest) >= 16; {
		index := c.u16()
		c.skip(2 + 4) // reference count, reserved
		length := c.u64()
		if index == 0 {
			break // free space up to the end
		}
		if length > uint64(len(c.rest)) {
			return nil, errors.Errorf("global heap at %#x: object %d is longer than the heap: the file is damaged", address, index)
		}
		heap[index] = c.take(int(length))
		c.skip(min(int(-length&7), len(c.rest))) // objects start at multiples of 8
	}
	r.heaps[address] = heap
	return heap, nil
}
