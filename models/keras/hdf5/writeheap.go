package hdf5

import (
	"bytes"

	"github.com/pkg/errors"
)

// heapSize is the size of a global heap collection, the smallest that HDF5 allows; one long string gets a larger one of its own.
const heapSize = 4096

// openHeap is the global heap collection that strings are being added to (section III.E); its bytes are already reserved in
// the file.
type openHeap struct {
	start, used, size int
	count             uint32
}

// strings stores each string in the global heap and returns the references to them: length, collection, index.
func (w *writer) strings(all []string) ([]byte, error) {
	refs := make([]byte, 0, 16*len(all))
	for _, s := range all {
		if bytes.IndexByte([]byte(s), 0) >= 0 {
			return nil, errors.Errorf("string %.80q contains a NUL, which would end it", s)
		}
		if uint64(len(s)) > 1<<31 {
			return nil, errors.Errorf("a string of %d bytes is too long", len(s))
		}
		var address uint64
		var index uint32
		if s != "" {
			address, index = w.heapString(s)
		}
		refs = le.AppendUint32(refs, uint32(len(s)))
		refs = le.AppendUint64(refs, address)
		refs = le.AppendUint32(refs, index)
	}
	return refs, nil
}

// heapString stores one string and returns its collection's address and its index there.
func (w *writer) heapString(s string) (uint64, uint32) {
	need := 16 + (len(s)+7)&^7
	if w.heap.used+need > w.heap.size {
		w.closeHeap()
		start := int(w.align())
		w.heap = openHeap{start: start, used: 16, size: max(heapSize, 16+need)}
		w.out = append(w.out, make([]byte, w.heap.size)...)
		copy(w.out[start:], "GCOL\x01")
		le.PutUint64(w.out[start+8:], uint64(w.heap.size))
	}
	h := &w.heap
	h.count++
	object := w.out[h.start+h.used:]
	le.PutUint16(object, uint16(h.count))
	le.PutUint16(object[2:], 0) // reference count, as the library writes it
	le.PutUint64(object[8:], uint64(len(s)))
	copy(object[16:], s)
	h.used += need
	return uint64(h.start), h.count
}

// closeHeap marks the rest of the open collection as free.
func (w *writer) closeHeap() {
	if free := w.heap.size - w.heap.used; free >= 16 {
		le.PutUint64(w.out[w.heap.start+w.heap.used+8:], uint64(free))
	}
	w.heap = openHeap{}
}
