package hdf5

import "github.com/pkg/errors"

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
	attributes  []*Attribute
}

func (h *header) isDataset() bool { return h.space != nil || h.kind != nil || h.layout != nil }

// header reads the version 1 object header at address with all its continuation blocks (section IV.A.1.a).
func (r *reader) header(address uint64) (*header, error) {
	if err := r.once(address); err != nil {
		return nil, err
	}
	prefix, err := r.file.at(address, 16)
	if err != nil {
		return nil, errors.WithMessage(err, "object header")
	}
	c := cursor{rest: prefix}
	if string(prefix[:4]) == "OHDR" {
		return nil, errors.Errorf("object header at %#x has version 2, which is not supported: save the file with h5py's default libver and without track_order", address)
	}
	if version := c.u8(); version != 1 {
		return nil, errors.Errorf("object header at %#x has version %d, only 1 is supported: the file is damaged", address, version)
	}
	c.skip(1)
	left := int(c.u16()) // messages still to come
	c.skip(4)            // reference count
	size := c.u32()

	h := &header{}
	type block struct{ offset, length uint64 }
	for blocks := []block{{address + 16, uint64(size)}}; len(blocks) > 0 && left > 0; blocks = blocks[1:] {
		body, err := r.file.at(blocks[0].offset, blocks[0].length)
		if err != nil {
			return nil, errors.WithMessage(err, "object header")
		}
		for c := (cursor{rest: body}); len(c.rest) >= 8 && left > 0; left-- {
			kind, length, flags := c.u16(), c.u16(), c.u8()
			c.skip(3)
			m := c.take(int(length))
			if c.short {
				return nil, errors.Errorf("object header at %#x: a message of type %#x is longer than its block: the file is damaged", address, kind)
			}
			if kind == msgContinuation {
				next := cursor{rest: m}
				b := block{next.u64(), next.u64()}
				if next.short {
					return nil, errors.Errorf("object header at %#x: continuation message too short: the file is damaged", address)
				}
				if err := r.once(b.offset); err != nil {
					return nil, err
				}
				blocks = append(blocks, b)
				continue
			}
			if err := r.message(h, kind, flags, m); err != nil {
				return nil, err
			}
		}
	}
	if left > 0 {
		return nil, errors.Errorf("object header at %#x lacks %d messages: the file is damaged", address, left)
	}
	return h, uniqueAttributes(h.attributes)
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
	case msgNil, msgOldFillValue, msgFillValue, msgComment, msgOldModified, msgModified, msgRefCount:
	case msgGroupInfo:
		h.isGroup = true
	case msgLinkInfo:
		h.isGroup = true
		err = refuseDenseLinks(m)
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
	case msgAttribute:
		var a *Attribute
		a, err = r.attribute(m)
		h.attributes = append(h.attributes, a)
	case msgAttrInfo:
		err = refuseDenseAttributes(m)
	case msgFilters:
		err = errors.New("compressed or otherwise filtered data is not supported: save the dataset without compression")
	case msgExternal:
		err = errors.New("data in external files is not supported: store it in the file itself")
	case msgSharedTable:
		err = errors.New("shared message tables are not supported: save the file with h5py's defaults")
	default:
		err = errors.Errorf("header message of type %#x is not supported: the file is damaged or has a newer format; save it with h5py's defaults", kind)
	}
	return err
}
