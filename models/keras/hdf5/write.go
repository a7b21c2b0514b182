package hdf5

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Write encodes root and everything below it as an HDF5 file that h5py 3 (HDF5 1.8 and later) and Keras 3 read: superblock version 0,
// version 1 object headers, groups as link messages, contiguous datasets, strings in global heaps. Equal trees give equal
// bytes, whatever the order of groups and datasets in them. It is an error if a name is empty, contains "/" or occurs twice
// in its group, if Data has an unknown type or not the length that Shape says, if a Group or Dataset occurs twice in
// the tree, or if an attribute or a name takes more than 64 KB.
func Write(root *Group) ([]byte, error) {
	if root == nil {
		return nil, errors.New("hdf5: no root group to write")
	}
	w := &writer{out: make([]byte, 96), written: map[any]bool{}}
	address, err := w.group(root, 0)
	if err != nil {
		return nil, errors.WithMessage(err, "hdf5")
	}
	w.closeHeap()
	w.align()
	w.superblock(address)
	return w.out, nil
}

var le = binary.LittleEndian

type writer struct {
	out     []byte
	written map[any]bool // groups and datasets already seen, to refuse cycles
	heap    openHeap
}

// superblock fills in the first 96 bytes (section II.A).
func (w *writer) superblock(root uint64) {
	b := append([]byte(signature), 0, 0, 0, 0, 0, 8, 8, 0) // versions, sizes of offsets and lengths
	b = le.AppendUint16(b, 4)                              // rank of symbol table nodes, unused here
	b = le.AppendUint16(b, 16)                             // rank of B-trees, unused here
	b = le.AppendUint32(b, 0)
	b = le.AppendUint64(b, 0) // base address
	b = le.AppendUint64(b, undefined)
	b = le.AppendUint64(b, uint64(len(w.out)))
	b = le.AppendUint64(b, undefined)
	b = le.AppendUint64(b, 0) // the root group's link: name, header, no cache
	b = le.AppendUint64(b, root)
	copy(w.out, b)
}

// align pads the file to a multiple of 8 and returns its length.
func (w *writer) align() uint64 {
	w.out = append(w.out, make([]byte, -len(w.out)&7)...)
	return uint64(len(w.out))
}

// once refuses an object that is already in the file.
func (w *writer) once(object any, name string) error {
	if w.written[object] {
		return errors.Errorf("%.80q occurs twice in the tree: give each place an object of its own", name)
	}
	w.written[object] = true
	return nil
}

// group writes the children, then the group itself, and returns the address of its header.
func (w *writer) group(g *Group, depth int) (uint64, error) {
	if depth > maxDepth {
		return 0, errors.Errorf("group %.80q is nested deeper than %d", g.Name, maxDepth)
	}
	if err := w.once(g, g.Name); err != nil {
		return 0, err
	}
	if slices.Contains(g.Groups, nil) || slices.Contains(g.Datasets, nil) {
		return 0, errors.Errorf("group %.80q holds a nil group or dataset", g.Name)
	}
	if err := uniqueNames(g); err != nil {
		return 0, errors.WithMessagef(err, "group %.80q", g.Name)
	}
	// Sorted here, not only among the links, so that the order in the tree does not decide where things stand in the file.
	groups, datasets := slices.Clone(g.Groups), slices.Clone(g.Datasets)
	sortByName(groups, datasets)
	var links []link
	for _, c := range groups {
		address, err := w.group(c, depth+1)
		if err != nil {
			return 0, errors.WithMessagef(err, "group %.80q", g.Name)
		}
		links = append(links, link{c.Name, address})
	}
	for _, d := range datasets {
		address, err := w.dataset(d)
		if err != nil {
			return 0, errors.WithMessagef(err, "group %.80q", g.Name)
		}
		links = append(links, link{d.Name, address})
	}
	slices.SortFunc(links, func(a, b link) int { return cmp.Compare(a.name, b.name) })

	var h messages
	h.add(msgLinkInfo, linkInfo())
	h.add(msgGroupInfo, []byte{0, 0})
	for _, l := range links {
		if err := checkName(l.name); err != nil {
			return 0, err
		}
		h.add(msgLink, encodeLink(l))
	}
	return w.header(&h, g.Attributes)
}

// dataset writes the elements, then the header, and returns its address.
func (w *writer) dataset(d *Dataset) (uint64, error) {
	if err := w.once(d, d.Name); err != nil {
		return 0, err
	}
	raw, kind, err := w.elements(d.Shape, d.Data)
	if err != nil {
		return 0, errors.WithMessagef(err, "dataset %.80q", d.Name)
	}
	address := undefined
	if len(raw) > 0 {
		address = w.align()
		if len(w.out)+len(raw) > cap(w.out) { // append alone would copy large files about four times
			w.out = slices.Grow(w.out, max(len(w.out), len(raw)))
		}
		w.out = append(w.out, raw...)
	}
	var h messages
	h.add(msgDataspace, encodeDataspace(d.Shape))
	h.add(msgDatatype, kind)
	h.add(msgFillValue, []byte{2, 2, 2, 0}) // version, allocate late, fill if set, not set
	layout := le.AppendUint64([]byte{3, layoutContiguous}, address)
	h.add(msgLayout, le.AppendUint64(layout, uint64(len(raw))))
	address, err = w.header(&h, d.Attributes)
	return address, errors.WithMessagef(err, "dataset %.80q", d.Name)
}

// header writes a version 1 object header (section IV.A.1.a) and returns its address.
func (w *writer) header(h *messages, attributes []*Attribute) (uint64, error) {
	for _, a := range attributes {
		if a == nil {
			return 0, errors.New("nil attribute")
		}
		m, err := w.attribute(a)
		if err != nil {
			return 0, errors.WithMessagef(err, "attribute %.80q", a.Name)
		}
		h.add(msgAttribute, m)
	}
	if err := uniqueAttributes(attributes); err != nil {
		return 0, err
	}
	switch {
	case h.tooLong:
		return 0, errors.New("a name or an attribute takes more than 64 KB")
	case h.count > math.MaxUint16:
		return 0, errors.Errorf("%d links and attributes in one object, the most are %d", h.count, math.MaxUint16)
	}
	address := w.align()
	w.out = append(w.out, 1, 0)
	w.out = le.AppendUint16(w.out, uint16(h.count))
	w.out = le.AppendUint32(w.out, 1) // reference count
	w.out = le.AppendUint32(w.out, uint32(len(h.body)))
	w.out = le.AppendUint32(w.out, 0)
	w.out = append(w.out, h.body...)
	return address, nil
}

// messages collects the messages of an object header.
type messages struct {
	body    []byte
	count   int
	tooLong bool
}

func (h *messages) add(kind uint16, m []byte) {
	m = append(m, make([]byte, -len(m)&7)...)
	if len(m) > math.MaxUint16 {
		h.tooLong = true
		return
	}
	h.body = le.AppendUint16(h.body, kind)
	h.body = le.AppendUint16(h.body, uint16(len(m)))
	h.body = append(h.body, 0, 0, 0, 0)
	h.body = append(h.body, m...)
	h.count++
}
