package hdf5

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// maxDepth is how deep groups may be nested; a model nested in a model takes two levels.
const maxDepth = 64

const signature = "\x89HDF\r\n\x1a\n"

// Begins tells at which byte of a file of size bytes an HDF5 file begins: at 0, or behind a user block of 512 bytes or a power of two times that, which
// belongs to others; -1 if it is none.
func Begins(r io.ReaderAt, size int64) int64 {
	head := make([]byte, len(signature))
	for at := int64(0); at+int64(len(head)) <= size; at = max(512, 2*at) {
		if _, err := r.ReadAt(head, at); err != nil {
			return -1
		}
		if string(head) == signature {
			return at
		}
	}
	return -1
}

// Read parses a whole HDF5 file. The result shares no memory with b. The error names the object at fault and what to do.
func Read(b []byte) (*Group, error) {
	userBlock := max(0, Begins(bytes.NewReader(b), int64(len(b))))
	b = b[userBlock:] // addresses count from there
	r := &reader{userBlock: uint64(userBlock), file: newFileBytes(b), seen: map[uint64]bool{}, heaps: map[uint64]globalHeap{}}
	address, err := r.superblock()
	if err != nil {
		return nil, errors.WithMessage(err, "hdf5")
	}
	root, err := r.object("", address)
	if err != nil {
		return nil, errors.WithMessagef(err, "hdf5: /%.300s", strings.Join(r.path, "/"))
	}
	if root.group == nil {
		return nil, errors.New("hdf5: the root object is no group: the file is damaged")
	}
	return root.group, nil
}

type reader struct {
	file *fileBytes

	userBlock uint64 // bytes before the file

	path  []string              // names from the root to the object being read, for errors
	seen  map[uint64]bool       // addresses of object headers and continuation blocks already read
	heaps map[uint64]globalHeap // by address
}

// superblock checks the head of the file (section II) and returns the address of the root group's object header.
func (r *reader) superblock() (uint64, error) {
	if !strings.HasPrefix(string(r.file.all[:min(len(r.file.all), len(signature))]), signature) {
		return 0, errors.New("no HDF5 signature: this is not an HDF5 file")
	}
	version := uint8(0)
	if len(r.file.all) > 8 {
		version = r.file.all[8]
	}
	var base, end, root uint64
	var widths [2]uint8 // of offsets and of lengths
	switch version {
	case 0, 1:
		head, err := r.file.at(0, 96+4*uint64(version))
		if err != nil {
			return 0, errors.WithMessage(err, "superblock")
		}
		c := cursor{rest: head[13:]}
		widths = [2]uint8{c.u8(), c.u8()}
		c.skip(1 + 2 + 2 + 4) // reserved, B-tree ranks, consistency flags
		c.skip(4 * int(version))
		base = c.u64()
		c.skip(8) // free-space info
		end = c.u64()
		c.skip(8 + 8) // driver info, root name offset
		root = c.u64()
	case 2, 3:
		head, err := r.file.at(0, 48)
		if err != nil {
			return 0, errors.WithMessage(err, "superblock")
		}
		if err := verify(head); err != nil {
			return 0, errors.WithMessage(err, "superblock")
		}
		c := cursor{rest: head[9:]}
		widths = [2]uint8{c.u8(), c.u8()}
		c.skip(1) // consistency flags
		base = c.u64()
		c.skip(8) // extension
		end, root = c.u64(), c.u64()
	default:
		return 0, errors.Errorf("superblock version %d is not supported, only 0 to 3: save the file with h5py's default libver, as Keras does", version)
	}
	switch {
	case widths != [2]uint8{8, 8}:
		return 0, errors.Errorf("superblock: offsets of %d and lengths of %d bytes are not supported, only 8 and 8", widths[0], widths[1])
	case base != r.userBlock && base != 0:
		return 0, errors.Errorf("superblock: the base address is %#x, but the file begins at %#x: it is damaged", base, r.userBlock)
	case end > uint64(len(r.file.all))+base:
		return 0, errors.Errorf("superblock: the file should have %d bytes and has %d: it was cut off; copy or save it again", end, len(r.file.all))
	}
	return root, nil
}

// object is a group or a dataset; exactly one is set.
type object struct {
	group   *Group
	dataset *Dataset
}

// child reads the object behind a link and appends it to the parent's groups or datasets.
func (r *reader) child(parent *Group, name string, address uint64) error {
	if err := checkName(name); err != nil {
		return err
	}
	r.path = append(r.path, name) // stays on an error, to say where
	if len(r.path) > maxDepth {
		return errors.Errorf("groups are nested deeper than %d: not supported", maxDepth)
	}
	o, err := r.object(name, address)
	if err != nil {
		return err
	}
	r.path = r.path[:len(r.path)-1]
	if o.group != nil {
		parent.Groups = append(parent.Groups, o.group)
	} else {
		parent.Datasets = append(parent.Datasets, o.dataset)
	}
	return nil
}

// object reads the group or dataset whose header is at address.
func (r *reader) object(name string, address uint64) (object, error) {
	h, err := r.header(address)
	if err != nil {
		return object{}, err
	}
	switch {
	case h.isGroup && h.isDataset():
		return object{}, errors.Errorf("object at %#x is both group and dataset: the file is damaged", address)
	case h.isGroup:
		g := &Group{Name: name, Attributes: h.attributes}
		if err := r.children(g, h); err != nil {
			return object{}, err
		}
		return object{group: g}, nil
	case h.isDataset():
		d, err := r.dataset(name, h)
		return object{dataset: d}, err
	}
	return object{}, errors.Errorf("object at %#x is neither group nor dataset: committed datatypes are not supported", address)
}

// children reads what the group's symbol table and links refer to.
func (r *reader) children(g *Group, h *header) error {
	if h.symbolTable != nil {
		if err := r.symbolTable(g, *h.symbolTable); err != nil {
			return err
		}
	}
	for _, l := range h.links {
		if err := r.child(g, l.name, l.address); err != nil {
			return err
		}
	}
	sortByName(g.Groups, g.Datasets)
	return uniqueNames(g)
}

func sortByName(groups []*Group, datasets []*Dataset) {
	slices.SortFunc(groups, func(a, b *Group) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(datasets, func(a, b *Dataset) int { return cmp.Compare(a.Name, b.Name) })
}

// checkName refuses names that could not be told apart from paths.
func checkName(name string) error {
	if name == "" || name == "." || strings.ContainsAny(name, "/\x00") {
		return errors.Errorf("%.80q is no name for a group or dataset: it may not be empty, \".\" or contain \"/\" or NUL", name)
	}
	return nil
}

// uniqueNames refuses a group that holds two objects of one name.
func uniqueNames(g *Group) error {
	names := make([]string, 0, len(g.Groups)+len(g.Datasets))
	for _, c := range g.Groups {
		names = append(names, c.Name)
	}
	for _, d := range g.Datasets {
		names = append(names, d.Name)
	}
	return refuseRepeated(names)
}

// uniqueAttributes refuses two attributes of one name.
func uniqueAttributes(attributes []*Attribute) error {
	names := make([]string, 0, len(attributes))
	for _, a := range attributes {
		names = append(names, a.Name)
	}
	return refuseRepeated(names)
}

// refuseRepeated sorts names and refuses a repeated one.
func refuseRepeated(names []string) error {
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			return errors.Errorf("the name %.80q occurs twice", names[i])
		}
	}
	return nil
}
