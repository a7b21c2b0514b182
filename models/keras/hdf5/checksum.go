package hdf5

import (
	"encoding/binary"
	"math/bits"

	"github.com/pkg/errors"
)

// checked returns what stands between signature, version and checksum of the n bytes at address, where the newer structures have these.
func (r *reader) checked(address, n uint64, signature string) ([]byte, error) {
	b, err := r.file.at(address, n)
	if err != nil {
		return nil, errors.WithMessage(err, signature)
	}
	head := len(signature) + 1
	if string(b[:len(signature)]) != signature || b[len(signature)] != 0 {
		return nil, errors.Errorf("no %s of version 0 at %#x: the file is damaged", signature, address)
	}
	if err := verify(b); err != nil {
		return nil, errors.WithMessagef(err, "%s at %#x", signature, address)
	}
	return b[head : len(b)-4], nil
}

// verify compares the checksum at the end of b with that of the rest.
func verify(b []byte) error {
	if len(b) < 4 || lookup3(b[:len(b)-4]) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return errors.New("the checksum does not fit: the file is damaged")
	}
	return nil
}

// lookup3 is the checksum of the newer structures: hashlittle of Bob Jenkins' lookup3.c (2006), starting from 0.
func lookup3(b []byte) uint32 {
	x := 0xdeadbeef + uint32(len(b))
	y, z := x, x
	if len(b) == 0 {
		return z
	}
	for ; len(b) > 12; b = b[12:] {
		x += binary.LittleEndian.Uint32(b)
		y += binary.LittleEndian.Uint32(b[4:])
		z += binary.LittleEndian.Uint32(b[8:])
		x = (x - z) ^ bits.RotateLeft32(z, 4)
		z += y
		y = (y - x) ^ bits.RotateLeft32(x, 6)
		x += z
		z = (z - y) ^ bits.RotateLeft32(y, 8)
		y += x
		x = (x - z) ^ bits.RotateLeft32(z, 16)
		z += y
		y = (y - x) ^ bits.RotateLeft32(x, 19)
		x += z
		z = (z - y) ^ bits.RotateLeft32(y, 4)
		y += x
	}
	var last [12]byte
	copy(last[:], b)
	x += binary.LittleEndian.Uint32(last[0:])
	y += binary.LittleEndian.Uint32(last[4:])
	z += binary.LittleEndian.Uint32(last[8:])
	z = (z ^ y) - bits.RotateLeft32(y, 14)
	x = (x ^ z) - bits.RotateLeft32(z, 11)
	y = (y ^ x) - bits.RotateLeft32(x, 25)
	z = (z ^ y) - bits.RotateLeft32(y, 16)
	x = (x ^ z) - bits.RotateLeft32(z, 4)
	y = (y ^ x) - bits.RotateLeft32(x, 14)
	z = (z ^ y) - bits.RotateLeft32(y, 24)
	return z
}
