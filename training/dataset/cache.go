package dataset

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pkg/errors"

	"dcae/training/files"
)

// A cache file holds a decoded source: 8 bytes of magic; then as uint64 little-endian n, H, W, C, kind and limit; then
// the SHA-256 that covers these and the values; then the values.
const (
	cacheMagic  = "dcaeimg1"
	cacheHeader = len(cacheMagic) + 6*8 + sha256.Size
	cacheSuffix = ".images"
)

// cacheFile is the place for one decoded source. The name has two parts: what the source is, and which version of it.
type cacheFile struct{ dir, source, version string }

// newCacheFile names the cache file for a source (its path, the array in it, how it is resized) at a version (size and
// time of change of every file).
func newCacheFile(dir, source, version string) cacheFile {
	short := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:12])
	}
	return cacheFile{dir, short(source), short(version)}
}

func (c cacheFile) path() string { return filepath.Join(c.dir, c.source+"-"+c.version+cacheSuffix) }

// write decodes a source into the cache file, and removes files of older versions of it and abandoned ones.
func (c cacheFile) write(s source) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return errors.WithStack(err)
	}
	err := files.Write(c.path(), func(file files.File) error {
		if _, err := file.Write(make([]byte, cacheHeader)); err != nil {
			return errors.WithStack(err)
		}
		w := bufio.NewWriterSize(file, 1<<20)
		sum, err := s.decode(func(image []byte) error {
			_, err := w.Write(image)
			return errors.WithStack(err)
		})
		if err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return errors.WithStack(err)
		}
		_, err = file.WriteAt(encodeCacheHeader(s.format, sum), 0)
		return errors.WithStack(err)
	})
	if err == nil {
		c.sweep()
	}
	return err
}

func encodeCacheHeader(f format, sum [sha256.Size]byte) []byte {
	header := []byte(cacheMagic)
	for _, v := range []int{f.n, f.shape.H, f.shape.W, f.shape.C, int(f.kind), int(f.limit)} {
		header = binary.LittleEndian.AppendUint64(header, uint64(v))
	}
	return append(header, sum[:]...)
}

// sweep removes cache files of other versions of the same source, and files of writers that were killed. What can't be
// removed does no harm.
func (c cacheFile) sweep() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		name := entry.Name()
		outdated := strings.HasPrefix(name, c.source+"-") && strings.HasSuffix(name, cacheSuffix)
		if outdated && name != filepath.Base(c.path()) || abandoned(entry) {
			_ = os.Remove(filepath.Join(c.dir, name))
		}
	}
}

func abandoned(entry os.DirEntry) bool {
	target := strings.TrimPrefix(strings.TrimRight(entry.Name(), "0123456789"), ".")
	if !strings.HasSuffix(target, cacheSuffix) || !files.IsAbandoned(entry.Name(), target) {
		return false
	}
	info, err := entry.Info()
	return err == nil && time.Since(info.ModTime()) > 24*time.Hour
}

// open opens the cache file, into memory when its values take at most that many bytes. All of it is read once: it
// returns an error when the file is not there, cut short or damaged in any bit.
func (c cacheFile) open(memory int64) (*store, error) {
	file, err := os.Open(c.path())
	if err != nil {
		return nil, errors.WithStack(err)
	}
	s, err := openCached(file, memory)
	if err != nil || s.memory != nil {
		_ = file.Close()
	}
	return s, errors.WithMessage(err, c.path())
}

func openCached(file *os.File, memory int64) (*store, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, errors.WithStack(err)
	}
	header := make([]byte, cacheHeader)
	if _, err := io.ReadFull(file, header); err != nil || !bytes.HasPrefix(header, []byte(cacheMagic)) {
		return nil, errors.New("no cache file")
	}
	var fields [6]int
	for i := range fields {
		v := binary.LittleEndian.Uint64(header[len(cacheMagic)+8*i:])
		if v > math.MaxUint32 {
			return nil, errors.New("damaged header")
		}
		fields[i] = int(v)
	}
	s := &store{
		format: format{
			n: fields[0], shape: Shape{fields[1], fields[2], fields[3]}, kind: kind(fields[4]), limit: float64(fields[5]),
		},
		file: file, offset: int64(cacheHeader),
	}
	copy(s.sum[:], header[cacheHeader-sha256.Size:])
	size, ok := product(s.n, s.shape.H, s.shape.W, s.shape.C, s.kind.size())
	if !ok || size == 0 || info.Size() != int64(cacheHeader)+int64(size) {
		return nil, errors.New("cut short or damaged")
	}
	digest := s.digest()
	if int64(size) <= memory {
		s.memory, s.file = make([]byte, size), nil
		if _, err := io.ReadFull(file, s.memory); err != nil {
			return nil, errors.WithStack(err)
		}
		digest.Write(s.memory)
	} else if _, err := io.CopyBuffer(digest, file, make([]byte, 1<<20)); err != nil {
		return nil, errors.WithStack(err)
	}
	if !bytes.Equal(digest.Sum(nil), s.sum[:]) {
		return nil, errors.New("damaged")
	}
	return s, nil
}

// product multiplies and tells whether the result fits in an int.
func product(factors ...int) (int, bool) {
	result := 1
	for _, f := range factors {
		if f > 0 && result > math.MaxInt/f {
			return 0, false
		}
		result *= f
	}
	return result, true
}
