package hdf5

import (
	"bytes"
	"compress/zlib"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// chunkedMessages describe n float32 in chunks of so many, gzipped, whose B-tree is at address.
func chunkedMessages(n, chunk int, address uint64) *messages {
	var h messages
	h.add(msgDataspace, encodeDataspace([]int{n}))
	h.add(msgDatatype, encodeFloat(4))
	layout := le.AppendUint64([]byte{3, layoutChunked, 2}, address)
	h.add(msgLayout, le.AppendUint32(le.AppendUint32(layout, uint32(chunk)), 4))
	h.add(msgFilters, []byte{2, 1, filterDeflate, 0, 0, 0, 0, 0})
	return &h
}

// chunkTree writes a B-tree node of chunks of one dataset, each of n elements and stored bytes at address.
func (w *writer) chunkTree(count, n int, address, stored uint64) uint64 {
	at := w.align()
	w.out = append(w.out, "TREE\x01\x00"...)
	w.out = le.AppendUint16(w.out, uint16(count))
	w.out = le.AppendUint64(le.AppendUint64(w.out, undefined), undefined)
	for i := range count {
		w.out = le.AppendUint64(w.out, stored) // and a mask of 0
		w.out = le.AppendUint64(le.AppendUint64(w.out, uint64(i*n)), 0)
		w.out = le.AppendUint64(w.out, address)
	}
	return at
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write(b) // into memory
	_ = z.Close()
	return out.Bytes()
}

func init() {
	zeros := zipped(make([]byte, 40<<20))
	for name, c := range map[string]struct {
		wantError string
		file      func() []byte
	}{
		"chunks of a shape of terabytes": {"decompression bomb", func() []byte {
			return crafted(func(w *writer, root *messages) {
				a, _ := w.header(chunkedMessages(1<<40, 1<<20, w.chunkTree(0, 0, 0, 0)), nil)
				root.add(msgLink, encodeLink(link{"d", a}))
			})
		}},
		"a chunk of 40 MB in 40 KB": {"decompression bomb", func() []byte {
			return crafted(func(w *writer, root *messages) {
				data := w.align()
				w.out = append(w.out, zeros...)
				a, _ := w.header(chunkedMessages(10<<20, 10<<20, w.chunkTree(1, 10<<20, data, uint64(len(zeros)))), nil)
				root.add(msgLink, encodeLink(link{"d", a}))
			})
		}},
		"more comes out than a chunk has": {"more than a chunk has", func() []byte {
			return crafted(func(w *writer, root *messages) {
				data := w.align()
				w.out = append(w.out, zeros...)
				a, _ := w.header(chunkedMessages(1000, 1000, w.chunkTree(1, 1000, data, uint64(len(zeros)))), nil)
				root.add(msgLink, encodeLink(link{"d", a}))
			})
		}},
		"datasets that share a chunk": {"decompression bomb", func() []byte {
			return crafted(func(w *writer, root *messages) {
				chunk := zipped(make([]byte, 1<<20))
				data := w.align()
				w.out = append(w.out, chunk...)
				tree := w.chunkTree(1, 1<<18, data, uint64(len(chunk)))
				for i := range 1000 {
					a, _ := w.header(chunkedMessages(1<<18, 1<<18, tree), nil)
					root.add(msgLink, encodeLink(link{strconv.Itoa(i), a}))
				}
			})
		}},
		"a small part of large chunks": {"decompression bomb", func() []byte {
			return crafted(func(w *writer, root *messages) {
				chunk := zipped(make([]byte, 4))
				data := w.align()
				w.out = append(w.out, chunk...)
				a, _ := w.header(chunkedMessages(1, 1<<28, w.chunkTree(1, 1<<28, data, uint64(len(chunk)))), nil)
				root.add(msgLink, encodeLink(link{"d", a}))
			})
		}},
	} {
		craftedFiles[name] = c
	}
}

// TestOldestSuperblocks reads a file with a superblock of version 1, which has four bytes more than that of version 0.
func TestOldestSuperblocks(t *testing.T) {
	w := &writer{out: make([]byte, 104), written: map[any]bool{}}
	want := &Group{Datasets: []*Dataset{{Name: "a", Shape: []int{2}, Data: []float32{1, 2}}}}
	root, err := w.group(want, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.align()
	head := append([]byte(signature), 1, 0, 0, 0, 0, 8, 8, 0)
	head = le.AppendUint32(head, 16<<16|4) // ranks of groups' trees
	head = le.AppendUint64(head, 32<<32)   // flags, and the rank of chunks' trees, which version 0 lacks
	for _, field := range []uint64{0, undefined, uint64(len(w.out)), undefined, 0, root} {
		head = le.AppendUint64(head, field)
	}
	copy(w.out, head)
	got, err := Read(w.out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Datasets, got.Datasets); diff != "" {
		t.Error(diff)
	}
}

// TestChecksumsFindFlippedBits: in structures that have a checksum, and in chunks under fletcher32, no flipped bit stays without notice.
func TestChecksumsFindFlippedBits(t *testing.T) {
	b := load(t, "small_chunks")
	whole, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	zip := bytes.Index(b, []byte{0x78, 0x5e}) // the head of zlib's stream
	if zip < 0 {
		zip = bytes.Index(b, []byte{0x78, 0x9c})
	}
	for i := zip; i < zip+12; i++ {
		b[i] ^= 4
		if got, err := Read(b); err == nil && !cmp.Equal(whole, got) {
			t.Errorf("a flipped bit at %d of a chunk changes the data without an error", i)
		}
		b[i] ^= 4
	}
	b = load(t, "small_latest")
	for _, signature := range []string{"OHDR", "FADB", "FAHD"} {
		at := bytes.Index(b, []byte(signature))
		if at < 0 {
			t.Errorf("the file has no %s", signature)
			continue
		}
		b[at+10] ^= 1
		if _, err := Read(b); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("a flipped bit in %s: error %v", signature, err)
		}
		b[at+10] ^= 1
	}
}
