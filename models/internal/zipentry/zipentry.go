// Package zipentry reads single entries of the zip archives that model files are.
package zipentry

import (
	"archive/zip"
	"bytes"
	"io"

	"github.com/pkg/errors"
)

// An entry that is larger than BombFloor and than bombRatio times what is stored of it is taken for a decompression bomb. Neither Keras nor
// PyTorch compresses at all, and trained weights hardly can be.
const (
	BombFloor = 64 << 20
	bombRatio = 100
)

// Read decompresses an entry of at most limit bytes and checks its CRC. It takes no more memory than a fixed multiple of the bytes that
// are really there, and fails if the entry is encrypted, damaged or larger.
func Read(f *zip.File, limit uint64) ([]byte, error) {
	const encrypted = 1
	declared := f.UncompressedSize64
	switch {
	case f.Flags&encrypted != 0:
		return nil, errors.Errorf("%s is encrypted, which is not supported: save the model again", f.Name)
	case declared > limit:
		return nil, errors.Errorf("%s has %d bytes, the most are %d", f.Name, declared, limit)
	case declared > BombFloor && declared/bombRatio > f.CompressedSize64:
		return nil, errors.Errorf("%s has %d bytes, stored as %d: it is taken for a decompression bomb", f.Name, declared, f.CompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return nil, errors.Wrap(err, f.Name)
	}
	defer func() { _ = r.Close() }() // only read
	var b bytes.Buffer
	if f.Method == zip.Store {
		b.Grow(int(min(declared, f.CompressedSize64)) + bytes.MinRead) // those bytes are there: f.Open checked the offset
	}
	// One byte more than declared, so that the reader gets to the end of the data, where it compares the CRC.
	n, err := io.Copy(&b, io.LimitReader(r, int64(declared)+1))
	if err != nil {
		return nil, errors.Wrapf(err, "%s is damaged", f.Name)
	}
	if uint64(n) != declared {
		return nil, errors.Errorf("%s is damaged: it has %d bytes instead of %d", f.Name, n, declared)
	}
	return b.Bytes(), nil
}
