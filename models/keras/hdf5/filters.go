package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"

	"github.com/pkg/errors"
)

// filter is one step of what was done to a chunk before it was stored (section IV.A.2.l).
type filter struct {
	id     uint16
	values []uint32
}

// Filters that are understood.
const (
	filterDeflate    = 1
	filterShuffle    = 2
	filterFletcher32 = 3
)

var filterNames = map[uint16]string{4: "szip", 5: "nbit", 6: "scale-offset", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32015: "zstd"}

// parseFilters reads a filter pipeline message.
func parseFilters(m []byte) ([]filter, error) {
	c := cursor{rest: m}
	version, count := c.u8(), int(c.u8())
	switch version {
	case 1:
		c.skip(6)
	case 2:
	default:
		return nil, errors.Errorf("filter pipeline of version %d, only 1 and 2 are supported: save the dataset without compression", version)
	}
	var out []filter
	for range count {
		f := filter{id: c.u16()}
		nameLength := 0
		if version == 1 || f.id >= 256 {
			nameLength = int(c.u16())
		}
		c.skip(2) // flags: whether the filter may be left out, which the chunk's mask tells
		values := int(c.u16())
		if version == 1 {
			nameLength = (nameLength + 7) &^ 7
		}
		c.skip(nameLength)
		for range values {
			f.values = append(f.values, c.u32())
			if c.short {
				return nil, errors.New("filter pipeline message too short: the file is damaged")
			}
		}
		if version == 1 && values%2 == 1 {
			c.skip(4)
		}
		if f.id < filterDeflate || f.id > filterFletcher32 {
			return nil, errors.Errorf("filter %d (%s) is not supported, only gzip, shuffle and fletcher32: save the dataset without compression, or with gzip", f.id, filterNames[f.id])
		}
		out = append(out, f)
	}
	if c.short {
		return nil, errors.New("filter pipeline message too short: the file is damaged")
	}
	return out, nil
}

// unfilter undoes filters, the last first; bit i of mask tells that filter i was left out. The result has at most size bytes.
func unfilter(filters []filter, mask uint32, raw []byte, size uint64) ([]byte, error) {
	var err error
	for i := len(filters) - 1; i >= 0; i-- {
		if mask>>i&1 != 0 {
			continue
		}
		switch f := filters[i]; f.id {
		case filterDeflate:
			raw, err = inflate(raw, size+4*uint64(i)) // checksums of filters before it may lie within
		case filterShuffle:
			raw, err = unshuffle(raw, f.values)
		case filterFletcher32:
			raw, err = checkFletcher32(raw)
		}
		if err != nil {
			return nil, err
		}
	}
	return raw, nil
}

// inflate decompresses at most so many bytes.
func inflate(raw []byte, most uint64) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, errors.Wrap(err, "gzip: the file is damaged")
	}
	out := bytes.NewBuffer(make([]byte, 0, min(most, uint64(len(raw))*8)+bytes.MinRead))
	n, err := io.Copy(out, io.LimitReader(z, int64(most)+1))
	if err != nil {
		return nil, errors.Wrap(err, "gzip: the file is damaged")
	}
	if uint64(n) > most {
		return nil, errors.Errorf("gzip: over %d bytes come out, which is more than a chunk has: the file is damaged", most)
	}
	return out.Bytes(), nil
}

// unshuffle brings the bytes of each element together again: the file has the first bytes of all elements, then the second ones, and so
// on; what is less than an element stays at the end.
func unshuffle(raw []byte, values []uint32) ([]byte, error) {
	if len(values) < 1 || values[0] == 0 {
		return nil, errors.New("shuffle without an element's size: the file is damaged")
	}
	size := uint64(values[0])
	n := uint64(len(raw)) / size
	out := make([]byte, len(raw))
	copy(out[n*size:], raw[n*size:])
	for byteOf := range min(size, uint64(len(raw))) {
		for i := range n {
			out[i*size+byteOf] = raw[byteOf*n+i]
		}
	}
	return out, nil
}

// checkFletcher32 takes the checksum off (Fletcher 1982, over big-endian words of 16 bits, as HDF5 computes it).
func checkFletcher32(raw []byte) ([]byte, error) {
	if len(raw) < 4 {
		return nil, errors.New("fletcher32: no checksum: the file is damaged")
	}
	data, want := raw[:len(raw)-4], binary.LittleEndian.Uint32(raw[len(raw)-4:])
	var sum1, sum2 uint64
	for i := 0; i < len(data); i += 2 {
		word := uint64(data[i]) << 8
		if i+1 < len(data) {
			word |= uint64(data[i+1])
		}
		sum1 = (sum1 + word) % 65535
		sum2 = (sum2 + sum1) % 65535
	}
	if alike := func(a uint64, b uint32) bool { return a == uint64(b)%65535 }; !alike(sum1, want&0xffff) || !alike(sum2, want>>16) {
		return nil, errors.New("fletcher32: the checksum does not fit: the file is damaged")
	}
	return data, nil
}
