package tensorboard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"testing"
)

// unframe reads records by the format's description, and fails where anything does not fit.
func unframe(t *testing.T, file []byte) (records [][]byte) {
	t.Helper()
	for len(file) > 0 {
		record, rest, err := unframeOne(file)
		if err != nil {
			t.Fatalf("record %d: %v", len(records)+1, err)
		}
		records, file = append(records, record), rest
	}
	return records
}

func unframeOne(file []byte) (record, rest []byte, err error) {
	unmask := func(b []byte) uint32 {
		rotated := binary.LittleEndian.Uint32(b) - 0xa282ead8
		return rotated>>17 | rotated<<15
	}
	if len(file) < 16 {
		return nil, nil, errors.New("it is cut off")
	}
	if unmask(file[8:]) != crc32.Checksum(file[:8], crc32.MakeTable(crc32.Castagnoli)) {
		return nil, nil, errors.New("the length's checksum does not fit")
	}
	n := binary.LittleEndian.Uint64(file)
	if uint64(len(file)) < n+16 {
		return nil, nil, errors.New("it is cut off")
	}
	record = file[12 : 12+n]
	if unmask(file[12+n:]) != crc32.Checksum(record, crc32.MakeTable(crc32.Castagnoli)) {
		return nil, nil, errors.New("the checksum does not fit")
	}
	return record, file[16+n:], nil
}

// The polynomial must be that of RFC 3720, whose appendix B.4 gives these checksums.
func TestChecksumOfTheRFC(t *testing.T) {
	rising := make([]byte, 32)
	for i := range rising {
		rising[i] = byte(i)
	}
	for _, c := range []struct {
		data []byte
		want uint32
	}{{make([]byte, 32), 0x8a9136aa}, {bytes.Repeat([]byte{0xff}, 32), 0x62a8ab43}, {rising, 0x46dd794e}} {
		if got := crc32.Checksum(c.data, castagnoli); got != c.want {
			t.Errorf("checksum of % x is %08x, want %08x", c.data, got, c.want)
		}
	}
}

// Length, checksum and checksum are what tf.io.TFRecordWriter of TensorFlow 2.21 wrote.
func TestRecordIsTensorFlows(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, c := range []struct {
		data         []byte
		before, last string
	}{
		{nil, "000000000000000029039807", "d8ea82a2"},
		{[]byte("123456789"), "090000000000000037f97139", "e5b08ac7"},
		{all, "00010000000000002fb308df", "60231ad3"},
	} {
		before, _ := hex.DecodeString(c.before)
		last, _ := hex.DecodeString(c.last)
		want := append(append(before, c.data...), last...)
		if got := appendRecord([]byte("before"), c.data); !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Errorf("record of %d bytes is\n% x, want\n% x", len(c.data), got[len("before"):], want)
		}
		if got := unframe(t, append(want, want...)); len(got) != 2 || !bytes.Equal(got[1], c.data) {
			t.Errorf("read back: %q", got)
		}
	}
}
