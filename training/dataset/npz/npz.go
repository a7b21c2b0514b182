// Package npz reads and writes numpy's .npz files: zip archives of one .npy file for each named array.
package npz

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"path"
	"strings"

	"github.com/pkg/errors"

	"dcae/training/files"
)

// Array is one named array in C order. One of Float32 and Float64 holds its elements, as many as the product of Shape;
// a scalar has an empty Shape.
type Array struct {
	Name    string
	Shape   []int
	Float32 []float32
	Float64 []float64
}

// Limit bounds what a file may inflate to: a small file that claims, or really holds, a huge array is refused before
// it fills the memory. Images and weights compress to a half or a tenth; blank arrays to a thousandth.
func Limit(fileSize int64) int64 { return max(128<<20, 100*fileSize) }

// Read reads all arrays of a .npz file, compressed or not, in the order of the file. Elements of type float32 and
// float16 come as Float32, all others (float64, integers, bool) as Float64. Fortran-ordered arrays are brought into C
// order. Names are without ".npy".
//
// It returns an error for a damaged file, for types other than numbers, and when the arrays need more memory than
// [Limit] of the file's size.
func Read(name string) ([]Array, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, errors.WithMessagef(err, "cannot read %s", name)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, errors.WithStack(err)
	}
	arrays, err := ReadFrom(file, info.Size())
	return arrays, errors.WithMessage(err, name)
}

// Names are those of the arrays of a .npz file, in the order of the file; nil if it cannot be read.
func Names(name string) []string {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return nil
	}
	defer func() { _ = archive.Close() }()
	var names []string
	for _, entry := range archive.File {
		names = append(names, strings.TrimSuffix(entry.Name, ".npy"))
	}
	return names
}

// ReadFrom is [Read] from size bytes of r. It fails as Read does.
func ReadFrom(r io.ReaderAt, size int64) ([]Array, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errors.Wrap(err, "no .npz file")
	}
	budget := Limit(size)
	var arrays []Array
	for _, entry := range archive.File {
		array, err := readEntry(entry, &budget)
		if err != nil {
			return nil, errors.WithMessagef(err, "array %.80q", entry.Name)
		}
		arrays = append(arrays, array)
	}
	return arrays, nil
}

func readEntry(entry *zip.File, budget *int64) (Array, error) {
	array := Array{Name: strings.TrimSuffix(entry.Name, ".npy")}
	if err := checkName(entry.Name); err != nil {
		return array, err
	}
	content, err := entry.Open()
	if err != nil {
		return array, errors.Wrap(err, "can't open")
	}
	defer func() { _ = content.Close() }()
	r := bufio.NewReaderSize(content, 1<<16)
	header, err := ReadHeader(r)
	if err != nil {
		return array, err
	}
	array.Shape = header.Shape
	elementSize := 8
	if header.DType.Kind == 'f' && header.DType.Size <= 4 {
		elementSize = 4
	}
	if need := int64(header.Count()); need > *budget/int64(elementSize) {
		return array, errors.Errorf("%d elements are over the limit for a file of this size: the file is damaged, or save it without compression (np.savez)", need)
	}
	*budget -= int64(header.Count() * elementSize)
	if elementSize == 4 {
		array.Float32, err = readElements[float32](r, header)
	} else {
		array.Float64, err = readElements[float64](r, header)
	}
	if err != nil {
		return array, err
	}
	return array, CheckEnd(r)
}

// checkName refuses names that would leave the directory if somebody unpacked the archive.
func checkName(name string) error {
	if !strings.HasSuffix(name, ".npy") {
		return errors.New("not a .npy array: a .npz file holds nothing else")
	}
	slashed := strings.ReplaceAll(name, "\\", "/")
	if path.IsAbs(slashed) || slashed != path.Clean(slashed) || strings.HasPrefix(slashed, "../") {
		return errors.New("the name leads out of the archive: the file is damaged or malicious")
	}
	return nil
}

// readElements reads the array that header describes, in C order. Memory grows with what is really there, not with
// what the header claims.
func readElements[F float32 | float64](r io.Reader, header Header) ([]F, error) {
	const chunk = 1 << 15
	count, size := header.Count(), header.DType.Size
	raw := make([]byte, chunk*size)
	values := make([]F, chunk)
	elements := make([]F, 0, min(count, 1<<20))
	for len(elements) < count {
		n := min(chunk, count-len(elements))
		if _, err := io.ReadFull(r, raw[:n*size]); err != nil {
			return nil, cutShort(err, len(elements), count)
		}
		Convert(values[:n], raw, header.DType)
		elements = append(elements, values[:n]...)
	}
	if header.Fortran {
		elements = fromFortran(elements, header.Shape)
	}
	return elements, nil
}

func cutShort(err error, have, want int) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.Errorf("cut short after about %d of %d elements: copy or save the file again", have, want)
	}
	return errors.Wrap(err, "damaged: copy or save the file again")
}

// CheckEnd reads r to its end and returns an error when anything is left, or when the archive's checksum of what was
// read does not match.
func CheckEnd(r io.Reader) error {
	var rest [1]byte
	switch n, err := io.ReadFull(r, rest[:]); {
	case n > 0:
		return errors.New("more data than the array's shape says: the file is damaged")
	case err != io.EOF:
		return errors.Wrap(err, "damaged: copy or save the file again")
	}
	return nil
}

// fromFortran reorders elements in which the first axis varies fastest.
func fromFortran[F float32 | float64](elements []F, shape []int) []F {
	ordered := make([]F, len(elements))
	position := make([]int, len(shape))
	stride := make([]int, len(shape)) // of each axis in elements
	step := 1
	for axis, n := range shape {
		stride[axis] = step
		step *= n
	}
	from := 0
	for to := range ordered {
		ordered[to] = elements[from]
		for axis := len(shape) - 1; axis >= 0; axis-- {
			position[axis]++
			from += stride[axis]
			if position[axis] < shape[axis] {
				break
			}
			from -= stride[axis] * shape[axis]
			position[axis] = 0
		}
	}
	return ordered
}

// Write writes the arrays to a .npz file that numpy.load reads, not compressed. The file appears whole or not at all. It fails if two
// arrays have one name, if elements do not fit a shape, or if the file cannot be written.
func Write(name string, arrays []Array) error {
	return files.Write(name, func(file files.File) error {
		buffered := bufio.NewWriterSize(file, 1<<16)
		archive := zip.NewWriter(buffered)
		for i, array := range arrays {
			for _, before := range arrays[:i] {
				if before.Name == array.Name {
					return errors.Errorf("%s: two arrays are named %q", name, array.Name)
				}
			}
			if err := writeEntry(archive, array); err != nil {
				return errors.WithMessagef(err, "%s: array %q", name, array.Name)
			}
		}
		if err := archive.Close(); err != nil {
			return errors.WithStack(err)
		}
		return errors.WithStack(buffered.Flush())
	})
}

func writeEntry(archive *zip.Writer, array Array) error {
	if err := checkName(array.Name + ".npy"); err != nil {
		return err
	}
	if array.Float32 != nil && array.Float64 != nil {
		return errors.New("has both float32 and float64 elements")
	}
	for _, length := range array.Shape {
		if length < 0 {
			return errors.Errorf("its shape %v has a negative length", array.Shape)
		}
	}
	count := Header{Shape: array.Shape}.Count()
	if have := len(array.Float32) + len(array.Float64); have != count {
		return errors.Errorf("has %d elements, but its shape %v asks for %d", have, array.Shape, count)
	}
	w, err := archive.CreateHeader(&zip.FileHeader{Name: array.Name + ".npy", Method: zip.Store})
	if err != nil {
		return errors.WithStack(err)
	}
	descr := "<f4"
	if array.Float64 != nil {
		descr = "<f8"
	}
	if err := writeHeader(w, descr, array.Shape); err != nil {
		return errors.WithStack(err)
	}
	if array.Float64 != nil {
		return writeElements(w, array.Float64, func(b []byte, v float64) []byte {
			return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		})
	}
	return writeElements(w, array.Float32, func(b []byte, v float32) []byte {
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	})
}

func writeElements[F float32 | float64](w io.Writer, elements []F, appendTo func([]byte, F) []byte) error {
	const chunk = 1 << 13
	raw := make([]byte, 0, chunk*8)
	for len(elements) > 0 {
		n := min(chunk, len(elements))
		raw = raw[:0]
		for _, v := range elements[:n] {
			raw = appendTo(raw, v)
		}
		if _, err := w.Write(raw); err != nil {
			return errors.WithStack(err)
		}
		elements = elements[n:]
	}
	return nil
}
