package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
)

// castagnoli is the polynomial of CRC-32C (RFC 3720, appendix B.4).
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecord appends data framed as one record of a TFRecord file (tensorflow/core/lib/io/record_writer.h), little endian:
//
//	length   uint64  of data
//	checksum uint32  masked CRC-32C of the 8 bytes of length
//	data
//	checksum uint32  masked CRC-32C of data
func appendRecord(dst, data []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(data)))
	dst = binary.LittleEndian.AppendUint32(dst, maskedChecksum(dst[start:]))
	dst = append(dst, data...)
	return binary.LittleEndian.AppendUint32(dst, maskedChecksum(data))
}

// maskedChecksum rotates a CRC-32C right by 15 bits and adds a constant, so that a checksum of data which holds checksums
// itself stays a good one (tensorflow/core/lib/hash/crc32c.h).
func maskedChecksum(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}
