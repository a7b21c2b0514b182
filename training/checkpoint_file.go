package training

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"io/fs"
	"math"
	"strconv"

	"github.com/pkg/errors"

	"dcae/training/files"
	"dcae/training/plainjson"
)

// A checkpoint file is, in this order:
//
//	magic    8 bytes  "dcaeckpt"
//	version  uint32   1
//	length   uint32   of the header
//	header            JSON: what is no array, and each array's name and number of values
//	arrays            float32, one array after the other
//	checksum 32 bytes SHA-256 of all before it
//
// Numbers are little endian. It is a format of its own rather than a .npz, whose checksums leave out what lies between the
// arrays, and since nobody but this package has use for it.
const (
	checkpointMagic   = "dcaeckpt"
	checkpointVersion = 1
	checkpointPrefix  = len(checkpointMagic) + 8
)

// array is a named array in a checkpoint; its memory is the run's own.
type array struct {
	Name   string
	Count  int
	values []float32
}

// writeCheckpoint writes the file whole or, on any error and in any accident, leaves the former one.
func writeCheckpoint(path string, header any, arrays []array) error {
	text, err := json.Marshal(header)
	if err != nil {
		return errors.Wrap(err, "checkpoint")
	}
	return files.Write(path, func(out files.File) error { return encodeCheckpoint(out, text, arrays) })
}

func encodeCheckpoint(out io.Writer, header []byte, arrays []array) error {
	buffered, sum := bufio.NewWriterSize(out, 1<<16), sha256.New()
	w := io.MultiWriter(buffered, sum)
	prefix := binary.LittleEndian.AppendUint32([]byte(checkpointMagic), checkpointVersion)
	prefix = binary.LittleEndian.AppendUint32(prefix, uint32(len(header)))
	for _, b := range [][]byte{prefix, header} {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	for _, a := range arrays {
		if err := writeFloats(w, a.values); err != nil {
			return err
		}
	}
	if _, err := buffered.Write(sum.Sum(nil)); err != nil {
		return err
	}
	return buffered.Flush()
}

// writeFloats writes float32 values, little endian.
func writeFloats(w io.Writer, values []float32) error {
	const chunk = 1 << 12
	raw := make([]byte, 0, 4*chunk)
	for len(values) > 0 {
		n := min(chunk, len(values))
		if _, err := w.Write(appendFloats(raw[:0], values[:n])); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

func appendFloats(b []byte, values []float32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// readCheckpoint reads a file into header and returns the bytes of its arrays. There being no file is no error: found is
// false.
func readCheckpoint(path string, header any) (values []byte, found bool, err error) {
	content, err := files.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, errors.Errorf("cannot read the checkpoint %s: %v", path, err)
	}
	values, err = decodeCheckpoint(content, header)
	return values, true, errors.WithMessage(err, path)
}

func decodeCheckpoint(content []byte, header any) (values []byte, err error) {
	damaged := errors.New("the checkpoint is damaged: its checksum does not fit; start the run anew")
	if !bytes.HasPrefix(content, []byte(checkpointMagic)) {
		return nil, errors.New("this is no checkpoint of this program")
	}
	if len(content) < checkpointPrefix+sha256.Size {
		return nil, damaged
	}
	body, sum := content[:len(content)-sha256.Size], content[len(content)-sha256.Size:]
	numbers := body[len(checkpointMagic):]
	if version := binary.LittleEndian.Uint32(numbers); version != checkpointVersion {
		return nil, errors.Errorf("the checkpoint has version %d, this program reads version %d: continue with the program that wrote it", version, checkpointVersion)
	}
	if own := sha256.Sum256(body); !bytes.Equal(own[:], sum) {
		return nil, damaged
	}
	length, rest := uint64(binary.LittleEndian.Uint32(numbers[4:])), body[checkpointPrefix:]
	if length > uint64(len(rest)) {
		return nil, damaged
	}
	if err := plainjson.Decode(rest[:length], header); err != nil {
		return nil, errors.Wrap(err, "the checkpoint's header")
	}
	return rest[length:], nil
}

// exact is a number that goes through JSON without losing a bit, also if it is not finite.
type exact float64

// MarshalText writes the shortest text that reads back to the same number.
func (e exact) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e), 'g', -1, 64), nil
}

// UnmarshalText reads a number.
func (e *exact) UnmarshalText(text []byte) error {
	x, err := strconv.ParseFloat(string(text), 64)
	*e = exact(x)
	return errors.Wrap(err, "number")
}
