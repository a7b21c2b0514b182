package hdf5

import (
	"bytes"

	"github.com/pkg/errors"
)

// Types of object header messages (section IV.A.2).
const (
	msgNil          = 0x00
	msgDataspace    = 0x01
	msgLinkInfo     = 0x02
	msgDatatype     = 0x03
	msgOldFillValue = 0x04
	msgFillValue    = 0x05
	msgLink         = 0x06
	msgExternal     = 0x07
	msgLayout       = 0x08
	msgGroupInfo    = 0x0a
	msgFilters      = 0x0b
	msgAttribute    = 0x0c
	msgComment      = 0x0d
	msgOldModified  = 0x0e
	msgSharedTable  = 0x0f
	msgContinuation = 0x10
	msgSymbolTable  = 0x11
	msgModified     = 0x12
	msgAttrInfo     = 0x15
	msgRefCount     = 0x16
)

// header is what the messages of one object say.
type header struct {
	isGroup     bool
	symbolTable *symbolTable
	links       []link
	space       *dataspace
	kind        *datatype
	layout      []byte // the message, nil if there was none
	fill        []byte // an element of chunks that were never written; nil for 0
	filters     []filter
	attributes  []*Attribute
}

func (h *header) isDataset() bool { return h.space != nil || h.kind != nil || h.layout != nil }

// header reads the object header at address with all its continuation blocks.
func (r *reader) header(address uint64) (*header, error) {
	if err := r.once(address); err != nil {
		return nil, err
	}
	first, err := r.file.at(address, 4)
	if err != nil {
		return nil, errors.WithMessage(err, "object header")
	}
	h := &header{}
	if string(first) == "OHDR" {
		err = r.header2(h, address)
	} else {
		err = r.header1(h, address)
	}
	if err != nil {
		return nil, err
	}
	return h, uniqueAttributes(h.attributes)
}

// headerBlock is a piece of an object header.
type headerBlock struct{ offset, length uint64 }

// header1 reads a version 1 object header (section IV.A.1.a).
func (r *reader) header1(h *header, address uint64) error {
	prefix, err := r.file.at(address, 16)
	if err != nil {
		return errors.WithMessage(err, "object header")
	}
	c := cursor{rest: prefix}
	if version := c.u8(); version != 1 {
		return errors.Errorf("object header at %#x has version %d, only 1 and 2 are supported: the file is damaged", address, version)
	}
	c.skip(1)
	left := int(c.u16()) // messages still to come
	c.skip(4)            // reference count
	size := c.u32()
	for blocks := []headerBlock{{address + 16, uint64(size)}}; len(blocks) > 0 && left > 0; blocks = blocks[1:] {
		body, err := r.file.at(blocks[0].offset, blocks[0].length)
		if err != nil {
			return errors.WithMessage(err, "object header")
		}
		for c := (cursor{rest: body}); len(c.rest) >= 8 && left > 0; left-- {
			kind, length, flags := c.u16(), c.u16(), c.u8()
			c.skip(3)
			if err := r.next(h, address, kind, flags, &c, length, &blocks); err != nil {
				return err
			}
		}
	}
	if left > 0 {
		return errors.Errorf("object header at %#x lacks %d messages: the file is damaged", address, left)
	}
	return nil
}

// header2 reads a version 2 object header (section IV.A.1.b).
func (r *reader) header2(h *header, address uint64) error {
	const prefix, hasOrder, hasSizes, hasTimes = 6, 0x04, 0x10, 0x20
	b, err := r.file.at(address, prefix)
	if err != nil {
		return errors.WithMessage(err, "object header")
	}
	if version := b[4]; version != 2 {
		return errors.Errorf("object header at %#x has version %d, only 1 and 2 are supported: the file is damaged", address, version)
	}
	flags := b[5]
	head := uint64(prefix)
	if flags&hasTimes != 0 {
		head += 16
	}
	if flags&hasSizes != 0 {
		head += 4
	}
	width := uint64(1) << (flags & 3)
	if b, err = r.file.at(address+head, width); err != nil {
		return errors.WithMessage(err, "object header")
	}
	size := (&cursor{rest: b}).uint(int(width))
	head += width
	if size > uint64(len(r.file.all)) {
		return errors.Errorf("object header at %#x of %d bytes: the file is damaged", address, size)
	}
	blocks := []headerBlock{{address, head + size + 4}}
	for ; len(blocks) > 0; blocks = blocks[1:] {
		b, err := r.file.at(blocks[0].offset, blocks[0].length)
		if err != nil {
			return errors.WithMessage(err, "object header")
		}
		if err := verify(b); err != nil {
			return errors.WithMessagef(err, "object header at %#x", address)
		}
		if blocks[0].offset != address {
			if head = 4; !bytes.HasPrefix(b, []byte("OCHK")) {
				return errors.Errorf("no continuation of an object header at %#x: the file is damaged", blocks[0].offset)
			}
		}
		for c := (cursor{rest: b[min(head, uint64(len(b)-4)) : len(b)-4]}); len(c.rest) >= 4; { // less than that is a gap
			kind, length, messageFlags := uint16(c.u8()), c.u16(), c.u8()
			if flags&hasOrder != 0 {
				c.skip(2) // order of creation
			}
			if err := r.next(h, address, kind, messageFlags, &c, length, &blocks); err != nil {
				return err
			}
		}
	}
	return nil
}

// next reads the message of so many bytes that follows at c, and adds a block where it says that the header goes on there.
func (r *reader) next(h *header, address uint64, kind uint16, flags uint8, c *cursor, length uint16, blocks *[]headerBlock) error {
	m := c.take(int(length))
	if c.short {
		return errors.Errorf("object header at %#x: a message of type %#x is longer than its block: the file is damaged", address, kind)
	}
	if kind != msgContinuation {
		return r.message(h, kind, flags, m)
	}
	next := cursor{rest: m}
	b := headerBlock{next.u64(), next.u64()}
	if next.short {
		return errors.Errorf("object header at %#x: continuation message too short: the file is damaged", address)
	}
	*blocks = append(*blocks, b)
	return r.once(b.offset)
}

// once refuses an address that was read before, so that neither cycles nor shared subtrees are followed.
func (r *reader) once(address uint64) error {
	if r.seen[address] {
		return errors.Errorf("the object or block at %#x is referred to more than once: second hard links and cycles are not supported; store each array once", address)
	}
	r.seen[address] = true
	return nil
}

// message stores what one header message says, and refuses those that would change the meaning of the others.
func (r *reader) message(h *header, kind uint16, flags uint8, m []byte) (err error) {
	const shared = 0x02
	if flags&shared != 0 {
		return errors.Errorf("shared header message (type %#x, a committed datatype) is not supported: store the array with a plain type", kind)
	}
	switch kind {
	case msgNil, msgOldFillValue, msgComment, msgOldModified, msgModified, msgRefCount:
	case msgGroupInfo:
		h.isGroup = true
	case msgLinkInfo:
		h.isGroup = true
		err = r.denseLinks(h, m)
	case msgLink:
		h.isGroup = true
		var l link
		l, err = parseLink(m)
		h.links = append(h.links, l)
	case msgSymbolTable:
		h.isGroup = true
		if h.symbolTable != nil {
			return errors.New("group with two symbol tables: the file is damaged")
		}
		h.symbolTable, err = parseSymbolTable(m)
	case msgDataspace:
		h.space, err = parseDataspace(m)
	case msgDatatype:
		h.kind, err = parseDatatype(m)
	case msgLayout:
		h.layout = m
	case msgFillValue:
		h.fill = parseFillValue(m)
	case msgAttribute:
		var a *Attribute
		a, err = r.attribute(m)
		h.attributes = append(h.attributes, a)
	case msgAttrInfo:
		err = r.denseAttributes(h, m)
	case msgFilters:
		h.filters, err = parseFilters(m)
	case msgExternal:
		err = errors.New("data in external files is not supported: store it in the file itself")
	case msgSharedTable:
		err = errors.New("shared message tables are not supported: save the file with h5py's defaults")
	default:
		err = errors.Errorf("header message of type %#x is not supported: the file is damaged or has a newer format; save it with h5py's defaults", kind)
	}
	return err
}
