package hdf5

import (
	"bytes"

	"github.com/pkg/errors"
)

// attribute reads an attribute message (section IV.A.2.m) with its value.
func (r *reader) attribute(m []byte) (*Attribute, error) {
	c := cursor{rest: m}
	version, flags := c.u8(), c.u8()
	nameSize, kindSize, spaceSize := int(c.u16()), int(c.u16()), int(c.u16())
	padded := func(n int) int { return n }
	switch version {
	case 1:
		padded = func(n int) int { return (n + 7) &^ 7 }
	case 2:
	case 3:
		c.skip(1) // character set of the name
	default:
		return nil, errors.Errorf("attribute message of version %d, only 1 to 3 are supported: the file is damaged", version)
	}
	rawName, _, _ := bytes.Cut(c.take(padded(nameSize)), []byte{0})
	rawKind, rawSpace := c.take(padded(kindSize)), c.take(padded(spaceSize))
	if c.short {
		return nil, errors.New("attribute message too short: the file is damaged")
	}
	a := &Attribute{Name: string(rawName)}
	if err := r.attributeValue(a, version, flags, rawKind, rawSpace, c); err != nil {
		return nil, errors.WithMessagef(err, "attribute %.80q", a.Name)
	}
	return a, nil
}

func (r *reader) attributeValue(a *Attribute, version, flags uint8, rawKind, rawSpace []byte, value cursor) error {
	if version > 1 && flags != 0 {
		return errors.New("committed datatypes are not supported: store the attribute with a plain type")
	}
	kind, err := parseDatatype(rawKind)
	if err != nil {
		return err
	}
	space, err := parseDataspace(rawSpace)
	if err != nil {
		return err
	}
	size, err := space.size(kind)
	if err != nil {
		return err
	}
	if size > uint64(len(value.rest)) {
		return errors.Errorf("its value of %d bytes is not all there: the file is damaged", size)
	}
	a.Shape = space.shape
	a.Data, err = r.elements(space, kind, value.take(int(size)))
	return err
}
