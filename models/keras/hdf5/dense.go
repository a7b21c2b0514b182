package hdf5

import (
	"math/bits"

	"github.com/pkg/errors"
)

// Groups and objects with many links or attributes keep them, in the newer files, in a fractal heap, and a version 2 B-tree lists where.

// Types of B-tree records (section III.A.2).
const (
	recordsOfLinks      = 5
	recordsOfAttributes = 8
)

// denseLinks reads the links of a group whose link info message (section IV.A.2.c) says that there are some in a heap.
func (r *reader) denseLinks(h *header, m []byte) error {
	c := cursor{rest: m}
	version, flags := c.u8(), c.u8()
	if flags&1 != 0 {
		c.skip(8) // largest creation index
	}
	heap, names := c.u64(), c.u64()
	if c.short || version != 0 {
		return errors.New("link info message not understood: the file is damaged")
	}
	if heap == undefined {
		return nil
	}
	return r.dense(heap, names, recordsOfLinks, func(id cursor) cursor {
		id.skip(4) // hash of the name
		return id
	}, func(m []byte) error {
		l, err := parseLink(m)
		h.links = append(h.links, l)
		return err
	})
}

// denseAttributes reads the attributes of an object whose attribute info message (section IV.A.2.v) says that there are some in a heap.
func (r *reader) denseAttributes(h *header, m []byte) error {
	c := cursor{rest: m}
	version, flags := c.u8(), c.u8()
	if flags&1 != 0 {
		c.skip(2) // largest creation index
	}
	heap, names := c.u64(), c.u64()
	if c.short || version != 0 {
		return errors.New("attribute info message not understood: the file is damaged")
	}
	if heap == undefined {
		return nil
	}
	return r.dense(heap, names, recordsOfAttributes, func(id cursor) cursor { return id }, func(m []byte) error {
		a, err := r.attribute(m)
		h.attributes = append(h.attributes, a)
		return err
	})
}

// dense hands over the objects in a heap that a B-tree lists; heapID goes to where a record has the object's place.
func (r *reader) dense(heapAddress, treeAddress uint64, kind uint8, heapID func(cursor) cursor, object func(m []byte) error) error {
	heap, err := r.fractalHeap(heapAddress)
	if err != nil {
		return err
	}
	return r.tree2(treeAddress, kind, func(record []byte) error {
		id := heapID(cursor{rest: record})
		m, err := heap.object(&id)
		if err != nil {
			return err
		}
		return object(m)
	})
}

// tree2 reads all records of the version 2 B-tree at address (section III.A.2).
func (r *reader) tree2(address uint64, kind uint8, record func([]byte) error) error {
	b, err := r.checked(address, 38, "BTHD")
	if err != nil {
		return err
	}
	c := cursor{rest: b}
	if c.u8() != kind {
		return errors.Errorf("B-tree at %#x has other records than those of type %d: the file is damaged", address, kind)
	}
	t := &tree2{reader: r, kind: kind, record: record, nodeSize: uint64(c.u32()), recordSize: uint64(c.u16())}
	depth := int(c.u16())
	c.skip(2) // when nodes are split and merged
	root, count := c.u64(), uint64(c.u16())
	if t.recordSize == 0 || t.nodeSize < 32+t.recordSize || depth > 16 {
		return errors.Errorf("B-tree at %#x with nodes of %d bytes, records of %d and depth %d: the file is damaged", address, t.nodeSize, t.recordSize, depth)
	}
	if root == undefined {
		return nil
	}
	return t.node(root, count, depth)
}

type tree2 struct {
	reader               *reader
	kind                 uint8
	record               func([]byte) error
	nodeSize, recordSize uint64
}

// node reads the records of a node and of those below it. Depths count down to 0, so there can be no cycle.
func (t *tree2) node(address, count uint64, depth int) error {
	signature, size := "BTLF", uint64(6)+count*t.recordSize+4
	countWidth, totalWidth := t.widths(depth)
	if depth > 0 {
		signature = "BTIN"
		size += (count + 1) * (8 + countWidth + totalWidth)
	}
	if size > t.nodeSize {
		return errors.Errorf("B-tree node at %#x of %d records is larger than a node: the file is damaged", address, count)
	}
	b, err := t.reader.checked(address, size, signature)
	if err != nil {
		return err
	}
	c := cursor{rest: b}
	if c.u8() != t.kind {
		return errors.Errorf("B-tree node at %#x has other records: the file is damaged", address)
	}
	for range count {
		if err := t.record(c.take(int(t.recordSize))); err != nil {
			return err
		}
	}
	if depth == 0 {
		return nil
	}
	for range count + 1 {
		child, records := c.u64(), c.uint(int(countWidth))
		c.skip(int(totalWidth))
		if err := t.node(child, records, depth-1); err != nil {
			return err
		}
	}
	return nil
}

// widths are the bytes that a node of a depth takes for the number of records of a child, and of all below that child.
func (t *tree2) widths(depth int) (count, total uint64) {
	most := (t.nodeSize - 10) / t.recordSize // records of a leaf
	all := most
	count = bytesFor(most)
	for d := 1; d < depth; d++ {
		pointer := 8 + count + total
		most = (t.nodeSize - min(t.nodeSize, 10+pointer)) / (t.recordSize + pointer)
		if high, product := bits.Mul64(most+1, all); high == 0 {
			all = product + most
		}
		total = bytesFor(all)
	}
	return count, total
}

// bytesFor is how many bytes the numbers up to n take.
func bytesFor(n uint64) uint64 { return uint64(max(bits.Len64(n)+7, 8) / 8) }
