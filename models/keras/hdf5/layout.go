package hdf5

import "github.com/pkg/errors"

// Classes of data layout (section IV.A.2.i).
const (
	layoutCompact    = 0
	layoutContiguous = 1
	layoutChunked    = 2
)

// dataset reads the elements of the dataset that a header describes.
func (r *reader) dataset(name string, h *header) (*Dataset, error) {
	if h.space == nil || h.kind == nil || h.layout == nil {
		return nil, errors.New("dataset without shape, type or layout: the file is damaged")
	}
	size, err := h.space.size(h.kind)
	if err != nil {
		return nil, err
	}
	raw, err := r.stored(h, size)
	if err != nil {
		return nil, err
	}
	data, err := r.elements(h.space, h.kind, raw)
	if err != nil {
		return nil, err
	}
	return &Dataset{Name: name, Shape: h.space.shape, Data: data, Attributes: h.attributes}, nil
}

// stored returns the bytes of a dataset's elements, which must all be present in the file, but for chunks that were never written.
func (r *reader) stored(h *header, size uint64) ([]byte, error) {
	c := cursor{rest: h.layout}
	version, class := c.u8(), c.u8()
	if version != 3 && version != 4 {
		return nil, errors.Errorf("data layout of version %d, only 3 and 4 are supported: save the file with h5py's default libver", version)
	}
	if class != layoutChunked && len(h.filters) > 0 {
		return nil, errors.New("filtered data that is not in chunks: the file is damaged")
	}
	switch class {
	case layoutCompact:
		raw := c.take(int(c.u16()))
		if c.short || uint64(len(raw)) < size {
			return nil, errors.Errorf("compact data shorter than the %d bytes of the dataset: the file is damaged", size)
		}
		return raw[:size], nil
	case layoutContiguous:
		address, length := c.u64(), c.u64()
		switch {
		case c.short:
			return nil, errors.New("data layout message too short: the file is damaged")
		case size == 0:
			return nil, nil
		case address == undefined:
			return nil, errNeverWritten
		case length < size:
			return nil, errors.Errorf("%d bytes are stored where the dataset needs %d: the file is damaged", length, size)
		}
		return r.file.at(address, size)
	case layoutChunked:
		return r.chunked(h, version, c, size)
	}
	return nil, errors.Errorf("data layout of class %d is not supported: save the dataset contiguous", class)
}

var errNeverWritten = errors.New("the dataset was created but never written, so there is nothing to read: write its elements")

// parseFillValue reads a fill value message (section IV.A.2.f); nil for a value that is not defined or 0.
func parseFillValue(m []byte) []byte {
	const defined = 0x20
	c := cursor{rest: m}
	switch version := c.u8(); version {
	case 1, 2:
		c.skip(2) // when space is taken, when the value is written
		if is := c.u8(); version == 2 && is == 0 {
			return nil
		}
	default:
		if c.u8()&defined == 0 {
			return nil
		}
	}
	return c.take(int(c.u32()))
}
