package dataset

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"dcae/training/dataset/npz"

	"github.com/pkg/errors"
)

// fileVersion is a text that changes when a file does.
func fileVersion(info os.FileInfo) string {
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
}

// fileFormat is the kind of a file, told by its first bytes.
type fileFormat int

const (
	unknownFile fileFormat = iota
	npyFile
	npzFile
	idxFile
	gzipFile
)

func sniff(head []byte) fileFormat {
	text := string(head)
	switch {
	case strings.HasPrefix(text, "\x93NUMPY"):
		return npyFile
	case strings.HasPrefix(text, "PK\x03\x04"), strings.HasPrefix(text, "PK\x05\x06"):
		return npzFile
	case strings.HasPrefix(text, "\x1f\x8b"):
		return gzipFile
	case strings.HasPrefix(text, "\x00\x00") && len(text) > 2 && text[2] >= 0x08 && text[2] <= 0x0E:
		return idxFile
	}
	return unknownFile
}

func errUnknownFile() error {
	return errors.New("not a file of images: .npz, .npy and IDX files (also with .gz), .csv and .tsv tables, and folders of PNG or JPEG files can be read")
}

// openArray opens a .npy or IDX file, compressed by gzip or not. The source must be closed.
func openArray(name string) (source, error) {
	file, err := os.Open(name)
	if err != nil {
		return source{}, errors.WithStack(err)
	}
	s, err := fileSource(file)
	if err != nil {
		_ = file.Close()
		return source{}, err
	}
	s.close = func() { _ = file.Close() }
	return s, nil
}

func fileSource(file *os.File) (source, error) {
	info, err := file.Stat()
	if err != nil {
		return source{}, errors.WithStack(err)
	}
	r := bufio.NewReaderSize(file, 1<<18)
	if head, _ := r.Peek(8); sniff(head) == gzipFile {
		return gzipSource(r, npz.Limit(info.Size()))
	}
	header, err := readArrayHeader(r)
	if err != nil {
		return source{}, err
	}
	position, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return source{}, errors.WithStack(err)
	}
	offset := position - int64(r.Buffered())
	if err := checkLength(header, info.Size()-offset); err != nil {
		return source{}, err
	}
	s, err := arraySource(r, header, math.MaxInt64)
	if err == nil && storedAsKept(header) {
		s.plain, s.offset = file, offset
	}
	return s, err
}

func gzipSource(r io.Reader, limit int64) (source, error) {
	inflated, err := gzip.NewReader(r)
	if err != nil {
		return source{}, errors.Wrap(err, "damaged gzip file")
	}
	buffered := bufio.NewReaderSize(inflated, 1<<18)
	header, err := readArrayHeader(buffered)
	if err != nil {
		return source{}, err
	}
	return arraySource(buffered, header, limit)
}

// readArrayHeader reads the header of a .npy or IDX array.
func readArrayHeader(r *bufio.Reader) (npz.Header, error) {
	head, err := r.Peek(8)
	if err != nil && err != io.EOF {
		return npz.Header{}, errors.Wrap(err, "the file is damaged: copy or download it again")
	}
	switch sniff(head) {
	case npyFile:
		return npz.ReadHeader(r)
	case idxFile:
		return readIDXHeader(r)
	}
	return npz.Header{}, errUnknownFile()
}

// checkLength compares what a header says with the bytes that follow it in a file that is not compressed.
func checkLength(header npz.Header, have int64) error {
	switch want := int64(header.Bytes()); {
	case have < want:
		return errors.Errorf("the file is cut short: %d of %d bytes are missing; copy or download it again", want-have, want)
	case have > want:
		return errors.Errorf("the file has %d bytes more than the array's shape %v says: it is damaged", have-want, header.Shape)
	}
	return nil
}

// storedAsKept tells whether elements are stored in the way that a store keeps them.
func storedAsKept(header npz.Header) bool {
	element := header.DType
	uint8s := element.Kind == 'u' && element.Size == 1
	float32s := element.Kind == 'f' && element.Size == 4 && !element.BigEndian
	return (uint8s || float32s) && !header.Fortran
}

// The names under which a .npz file holds its parts.
var (
	trainNames      = []string{"x", "x_train", "train_images"}
	validationNames = []string{"x_val", "val_images"}
	testNames       = []string{"xt", "x_test", "test_images"}
)

// findEntry finds the one array of an archive that has one of these names; nil when there is none.
func findEntry(archive *zip.Reader, names []string) (*zip.File, error) {
	var found *zip.File
	for _, entry := range archive.File {
		for _, name := range names {
			if entry.Name != name+".npy" {
				continue
			}
			if found != nil {
				return nil, errors.Errorf("it holds both %s and %s: keep one of them", found.Name, entry.Name)
			}
			found = entry
		}
	}
	return found, nil
}

// trainEntry is the array of training images: by name, or the only one that the archive has.
func trainEntry(archive *zip.Reader) (*zip.File, error) {
	found, err := findEntry(archive, trainNames)
	if found != nil || err != nil {
		return found, err
	}
	if len(archive.File) == 1 && strings.HasSuffix(archive.File[0].Name, ".npy") {
		return archive.File[0], nil
	}
	if len(archive.File) == 0 {
		return nil, errors.New("it holds no arrays")
	}
	var names []string
	for _, entry := range archive.File[:min(len(archive.File), 10)] {
		names = append(names, fmt.Sprintf("%.40q", entry.Name))
	}
	return nil, errors.Errorf("no training images among its arrays %s: name them %s", strings.Join(names, ", "), strings.Join(trainNames, ", "))
}

// entryHeader reads what an array of an archive says of itself.
func entryHeader(entry *zip.File) (npz.Header, error) {
	content, err := entry.Open()
	if err != nil {
		return npz.Header{}, errors.Wrap(err, "can't open the array")
	}
	defer func() { _ = content.Close() }()
	return npz.ReadHeader(bufio.NewReader(content))
}

// openEntry opens an array of an archive whose file has fileSize bytes. The source must be closed.
func openEntry(entry *zip.File, fileSize int64) (source, error) {
	content, err := entry.Open()
	if err != nil {
		return source{}, errors.Wrap(err, "can't open the array")
	}
	r := bufio.NewReaderSize(content, 1<<18)
	header, err := npz.ReadHeader(r)
	if err != nil {
		_ = content.Close()
		return source{}, err
	}
	s, err := arraySource(r, header, npz.Limit(fileSize))
	if err != nil {
		_ = content.Close()
		return source{}, err
	}
	s.close = func() { _ = content.Close() }
	return s, nil
}
