package hdf5

import (
	"bytes"

	"github.com/pkg/errors"
)

// symbolTable is where a group of the old style keeps its children (section IV.A.2.r).
type symbolTable struct{ btree, heap uint64 }

func parseSymbolTable(m []byte) (*symbolTable, error) {
	c := cursor{rest: m}
	t := &symbolTable{btree: c.u64(), heap: c.u64()}
	if c.short {
		return nil, errors.New("symbol table message too short: the file is damaged")
	}
	return t, nil
}

// symbolTable reads the children of a group from its B-tree; their names are in the local heap (section III.D).
func (r *reader) symbolTable(g *Group, t symbolTable) error {
	b, err := r.file.at(t.heap, 32)
	if err != nil {
		return errors.WithMessage(err, "local heap")
	}
	c := cursor{rest: b}
	if string(c.take(4)) != "HEAP" || c.u8() != 0 {
		return errors.Errorf("no local heap of version 0 at %#x: the file is damaged", t.heap)
	}
	c.skip(3)
	size := c.u64()
	c.skip(8) // free list
	names := heapNames{start: c.u64(), size: size}
	return r.tree(g, names, t.btree, anyLevel)
}

// heapNames is the data segment of a local heap.
type heapNames struct{ start, size uint64 }

// name returns the NUL-terminated string at offset within the heap.
func (r *reader) name(h heapNames, offset uint64) (string, error) {
	end := uint64(len(r.file.all))
	if h.start > end || h.size > end-h.start || offset >= h.size {
		return "", errors.Errorf("name at %#x of the local heap at %#x lies outside it: the file is damaged", offset, h.start)
	}
	b := r.file.all[h.start+offset : h.start+h.size]
	// A window of the budget's size keeps the search for the end of the name within the total work.
	n := bytes.IndexByte(b[:min(len(b), r.file.budget)], 0)
	if n < 0 {
		return "", errors.Errorf("name at %#x of the local heap at %#x has no end: the file is damaged", offset, h.start)
	}
	return string(b[:n]), r.file.charge(uint64(n) + 1)
}

// anyLevel stands for the level of a B-tree's root, which is not known beforehand.
const anyLevel = -1

// tree reads the version 1 B-tree node at address (section III.A.1) and all symbol table nodes below it. Levels count down
// to 0, so there can be no cycle.
func (r *reader) tree(g *Group, names heapNames, address uint64, wantLevel int) error {
	head, err := r.file.at(address, 24)
	if err != nil {
		return errors.WithMessage(err, "B-tree node")
	}
	c := cursor{rest: head}
	if string(c.take(4)) != "TREE" || c.u8() != 0 {
		return errors.Errorf("no B-tree node of a group at %#x: the file is damaged", address)
	}
	level, used := int(c.u8()), uint64(c.u16())
	if wantLevel != anyLevel && level != wantLevel {
		return errors.Errorf("B-tree node at %#x has level %d instead of %d: the file is damaged", address, level, wantLevel)
	}
	pairs, err := r.file.at(address+24, 16*used) // of key and child
	if err != nil {
		return errors.WithMessage(err, "B-tree node")
	}
	for c = (cursor{rest: pairs}); len(c.rest) > 0; {
		c.skip(8) // key
		if level == 0 {
			err = r.symbolNode(g, names, c.u64())
		} else {
			err = r.tree(g, names, c.u64(), level-1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// symbolNode reads the children listed in one symbol table node (section III.B).
func (r *reader) symbolNode(g *Group, names heapNames, address uint64) error {
	head, err := r.file.at(address, 8)
	if err != nil {
		return errors.WithMessage(err, "symbol table node")
	}
	c := cursor{rest: head}
	if string(c.take(4)) != "SNOD" || c.u8() != 1 {
		return errors.Errorf("no symbol table node of version 1 at %#x: the file is damaged", address)
	}
	c.skip(1)
	entries, err := r.file.at(address+8, 40*uint64(c.u16()))
	if err != nil {
		return errors.WithMessage(err, "symbol table node")
	}
	for c = (cursor{rest: entries}); len(c.rest) > 0; {
		offset, object, cache := c.u64(), c.u64(), c.u32()
		c.skip(4 + 16) // reserved, scratch pad
		name, err := r.name(names, offset)
		if err != nil {
			return err
		}
		const softLink = 2
		if cache == softLink {
			return errors.Errorf("soft link %.80q is not supported: store the array itself", name)
		}
		if err := r.child(g, name, object); err != nil {
			return err
		}
	}
	return nil
}

// link is a hard link of a group of the new style.
type link struct {
	name    string
	address uint64
}

// parseLink reads a link message (section IV.A.2.g).
func parseLink(m []byte) (link, error) {
	c := cursor{rest: m}
	version, flags := c.u8(), c.u8()
	if version != 1 {
		return link{}, errors.Errorf("link message of version %d, only 1 is supported: the file is damaged", version)
	}
	var linkType uint8
	if flags&0x08 != 0 {
		linkType = c.u8()
	}
	if flags&0x04 != 0 {
		c.skip(8) // creation order
	}
	if flags&0x10 != 0 {
		c.skip(1) // character set
	}
	length := c.uint(1 << (flags & 3))
	if length > uint64(len(c.rest)) {
		return link{}, errors.New("link message shorter than its name: the file is damaged")
	}
	l := link{name: string(c.take(int(length)))}
	if linkType != 0 {
		return link{}, errors.Errorf("%.80q is a soft or external link (type %d), which is not supported: store the array itself", l.name, linkType)
	}
	if l.address = c.u64(); c.short {
		return link{}, errors.Errorf("link message %.80q too short: the file is damaged", l.name)
	}
	return l, nil
}
