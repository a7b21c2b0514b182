package hdf5

import (
	"encoding/binary"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// damaged reads b and checks only that it ends without a panic, and that what was read can be used.
func damaged(b []byte) {
	if root, err := Read(b); err == nil {
		_, _ = Write(root)
	}
}

// small are files of different make: symbol tables, chunks and the newest version by h5py, link messages by Write.
func small(t *testing.T) map[string][]byte {
	return map[string][]byte{"h5py": load(t, "tiny"), "chunks": load(t, "small_chunks"), "latest": load(t, "small_latest"), "Write": write(t, &Group{Groups: []*Group{{Name: "vars",
		Attributes: []*Attribute{{Name: "name", Data: []string{"dense"}}},
		Datasets:   []*Dataset{{Name: "0", Shape: []int{3}, Data: []float32{0, 1, 2}}}}}})}
}

func TestTruncatedAnywhere(t *testing.T) {
	for name, whole := range small(t) {
		for n := range whole {
			cut := whole[:n]
			if _, err := Read(cut); err == nil {
				t.Errorf("%s: %d of %d bytes read without an error", name, n, len(whole))
			}
			if n >= 96 { // the same with an end of file that fits, so that more than the superblock is read
				cut = append([]byte(nil), cut...)
				binary.LittleEndian.PutUint64(cut[40:], uint64(n))
				damaged(cut)
			}
		}
	}
}

func TestEveryBitFlipped(t *testing.T) {
	for _, b := range small(t) {
		for i := range b {
			for bit := range 8 {
				b[i] ^= 1 << bit
				damaged(b)
				b[i] ^= 1 << bit
			}
		}
	}
}

// TestEveryFieldExtreme overwrites each aligned 8, 4 and 2 bytes by values that break careless arithmetic.
func TestEveryFieldExtreme(t *testing.T) {
	for _, b := range small(t) {
		for _, size := range []int{2, 4, 8} {
			for i := 0; i+size <= len(b); i += size {
				old := [8]byte(append(append([]byte(nil), b[i:i+size]...), make([]byte, 8)...))
				for _, v := range []uint64{0, 1, 1<<15 - 1, 1 << 15, 1<<16 - 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1<<63 - 1, 1 << 63, ^uint64(0), uint64(i), uint64(len(b))} {
					var word [8]byte
					binary.LittleEndian.PutUint64(word[:], v)
					copy(b[i:i+size], word[:])
					damaged(b)
				}
				copy(b[i:i+size], old[:])
			}
		}
	}
}

// crafted makes a file whose root header has the given messages; body may write to the file before.
func crafted(body func(w *writer, root *messages)) []byte {
	w := &writer{out: make([]byte, 96), written: map[any]bool{}}
	var h messages
	h.add(msgGroupInfo, []byte{0, 0})
	body(w, &h)
	root, err := w.header(&h, nil)
	if err != nil {
		panic(err)
	}
	w.closeHeap()
	w.align()
	w.superblock(root)
	return w.out
}

// datasetMessages describe a contiguous dataset of n elements at address.
func datasetMessages(kind []byte, n int, address, size uint64) *messages {
	var h messages
	h.add(msgDataspace, encodeDataspace([]int{n}))
	h.add(msgDatatype, kind)
	h.add(msgLayout, le.AppendUint64(le.AppendUint64([]byte{3, layoutContiguous}, address), size))
	return &h
}

func fixedStringKind(size int) []byte {
	return le.AppendUint32([]byte{1<<4 | classString, 1, 0, 0}, uint32(size))
}

// craftedFiles are files of less than 1 MB that ask for as much memory or time as they can. wantError is empty where the
// file is sound, if strange.
var craftedFiles = map[string]struct {
	wantError string
	file      func() []byte
}{
	"thousands of datasets share the same bytes": {"refer to the same bytes many times", func() []byte {
		return crafted(func(w *writer, root *messages) {
			const size = 400_000
			data := w.align()
			w.out = append(w.out, make([]byte, size)...)
			for i := range 3000 {
				a, _ := w.header(datasetMessages(encodeFloat(4), size/4, data, size), nil)
				root.add(msgLink, encodeLink(link{strconv.Itoa(i), a}))
			}
		})
	}},
	"a shape of terabytes": {"outside the file", func() []byte {
		return crafted(func(w *writer, root *messages) {
			a, _ := w.header(datasetMessages(encodeFloat(4), 1<<40, 96, 1<<42), nil)
			root.add(msgLink, encodeLink(link{"d", a}))
		})
	}},
	"an attribute of terabytes": {"not all there", func() []byte {
		return crafted(func(_ *writer, root *messages) {
			space, kind := encodeDataspace([]int{1 << 40}), encodeFloat(8)
			root.add(msgAttribute, append(append([]byte{3, 0, 2, 0, byte(len(kind)), 0, byte(len(space)), 0, 0, 'a', 0}, kind...), space...))
		})
	}},
	"strings of one byte": {"", func() []byte {
		return crafted(func(w *writer, root *messages) {
			const size = 990_000
			data := w.align()
			w.out = append(w.out, []byte(strings.Repeat("x", size))...)
			a, _ := w.header(datasetMessages(fixedStringKind(1), size, data, size), nil)
			root.add(msgLink, encodeLink(link{"d", a}))
		})
	}},
	"one long string a thousand times": {"refer to the same bytes many times", func() []byte {
		return crafted(func(w *writer, root *messages) {
			const n = 20_000
			ref, _ := w.strings([]string{strings.Repeat("y", 600_000)})
			data := w.align()
			for range n {
				w.out = append(w.out, ref...)
			}
			a, _ := w.header(datasetMessages(encodeVariableString(), n, data, 16*n), nil)
			root.add(msgLink, encodeLink(link{"d", a}))
		})
	}},
	"empty strings": {"", func() []byte {
		return crafted(func(w *writer, root *messages) {
			const n = 60_000
			data := w.align()
			w.out = append(w.out, make([]byte, 16*n)...)
			a, _ := w.header(datasetMessages(encodeVariableString(), n, data, 16*n), nil)
			root.add(msgLink, encodeLink(link{"d", a}))
		})
	}},
	"a heap of empty objects": {"missing or shorter than its 1 bytes", func() []byte {
		return crafted(func(w *writer, root *messages) {
			const n = 60_000
			heap := w.align()
			w.out = append(append(w.out, "GCOL\x01\x00\x00\x00"...), le.AppendUint64(nil, 16+16*n)...)
			for i := range n {
				w.out = append(le.AppendUint16(w.out, uint16(i+1)), make([]byte, 14)...)
			}
			data := w.align()
			w.out = append(w.out, 1, 0, 0, 0)
			w.out = le.AppendUint32(le.AppendUint64(w.out, heap), 1)
			a, _ := w.header(datasetMessages(encodeVariableString(), 1, data, 16), nil)
			root.add(msgLink, encodeLink(link{"d", a}))
		})
	}},
	"as many groups as fit": {"", func() []byte {
		return crafted(func(w *writer, root *messages) {
			for i := range 16_000 {
				var h messages
				h.add(msgGroupInfo, nil)
				a, _ := w.header(&h, nil)
				root.add(msgLink, encodeLink(link{strconv.Itoa(i), a}))
			}
		})
	}},
	"as many attributes as fit": {"", func() []byte {
		return crafted(func(w *writer, root *messages) {
			for i := range 16_000 {
				m, _ := w.attribute(&Attribute{Name: strconv.Itoa(i), Data: []int8{1}})
				root.add(msgAttribute, m)
			}
		})
	}},
	"a header full of empty messages": {"", func() []byte {
		return crafted(func(_ *writer, root *messages) {
			for range 65_000 {
				root.add(msgNil, nil)
			}
		})
	}},
	"a continuation that continues in itself": {"more than once", func() []byte {
		return crafted(func(w *writer, root *messages) {
			block := w.align()
			w.out = append(w.out, msgContinuation, 0, 16, 0, 0, 0, 0, 0)
			w.out = le.AppendUint64(le.AppendUint64(w.out, block), 24)
			root.add(msgContinuation, le.AppendUint64(le.AppendUint64(nil, block), 24))
			root.count += 60_000
		})
	}},
	"continuations that all span the whole file": {"refer to the same bytes many times", func() []byte {
		return crafted(func(w *writer, root *messages) {
			w.out = append(w.out, strings.Repeat("\x00\x00\xf8\xff\x00\x00\x00\x00", 900_000/8)...) // at each place an empty message of 65,528 bytes
			for i := range 1000 {
				root.add(msgContinuation, le.AppendUint64(le.AppendUint64(nil, uint64(96+8*i)), 13<<16))
			}
			root.count = 65_535
		})
	}},
	"headers that overlap": {"refer to the same bytes many times", func() []byte {
		return crafted(func(w *writer, root *messages) {
			const size, n = 24, 10_000
			start := w.align()
			for range n { // each of them is a group whose header claims to be half a megabyte long
				w.out = append(w.out, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, msgGroupInfo, 0, 0, 0, 0, 0, 0, 0)
			}
			for i := range n {
				root.add(msgLink, encodeLink(link{strconv.Itoa(i), start + size*uint64(i)}))
			}
		})
	}},
	"a tree whose nodes all point to one below": {"refer to the same bytes many times", func() []byte {
		return crafted(func(w *writer, root *messages) {
			heap := w.align()
			w.out = append(append(w.out, "HEAP\x00\x00\x00\x00"...), le.AppendUint64(nil, 8)...)
			w.out = le.AppendUint64(le.AppendUint64(w.out, undefined), heap)
			child := w.align()
			w.out = append(w.out, "SNOD\x01\x00\x00\x00"...)
			for level := range 12 {
				node := w.align()
				w.out = append(w.out, "TREE\x00"...)
				w.out = append(w.out, byte(level), 16, 0)
				w.out = le.AppendUint64(le.AppendUint64(w.out, undefined), undefined)
				for range 16 {
					w.out = le.AppendUint64(le.AppendUint64(w.out, 0), child)
				}
				child = node
			}
			root.add(msgSymbolTable, le.AppendUint64(le.AppendUint64(nil, child), heap))
		})
	}},
	"a tree node below itself": {"has level 255 instead of 254", func() []byte {
		return crafted(func(w *writer, root *messages) {
			heap := w.align()
			w.out = append(append(w.out, "HEAP\x00\x00\x00\x00"...), le.AppendUint64(nil, 8)...)
			w.out = le.AppendUint64(le.AppendUint64(w.out, undefined), heap)
			node := w.align()
			w.out = append(w.out, "TREE\x00\xff\x01\x00"...)
			w.out = le.AppendUint64(le.AppendUint64(w.out, undefined), undefined)
			w.out = le.AppendUint64(le.AppendUint64(w.out, 0), node)
			root.add(msgSymbolTable, le.AppendUint64(le.AppendUint64(nil, node), heap))
		})
	}},
	"a long name above many": {"", func() []byte {
		return crafted(func(w *writer, root *messages) {
			var above messages
			for i := range 10_000 {
				var h messages
				h.add(msgGroupInfo, nil)
				a, _ := w.header(&h, nil)
				above.add(msgLink, encodeLink(link{strconv.Itoa(i), a}))
			}
			a, _ := w.header(&above, nil)
			root.add(msgLink, encodeLink(link{strings.Repeat("n", 60_000), a}))
		})
	}},
}

func TestCraftedFilesStayWithinBounds(t *testing.T) {
	const most, limit = 64 << 20, 10 * time.Second
	for name, c := range craftedFiles {
		t.Run(name, func(t *testing.T) {
			b := c.file()
			if len(b) >= 1<<20 {
				t.Fatalf("file of %d bytes, the test is about those under 1 MB", len(b))
			}
			var before, after runtime.MemStats
			start := time.Now()
			runtime.ReadMemStats(&before)
			_, err := Read(b)
			runtime.ReadMemStats(&after)
			took, allocated := time.Since(start), after.TotalAlloc-before.TotalAlloc
			t.Logf("%d bytes: %.1f MiB allocated in %v: %v", len(b), float64(allocated)/(1<<20), took, err)
			if allocated > most && !raceDetector || took > limit {
				t.Errorf("a file of %d bytes took %d bytes of memory and %v", len(b), allocated, took)
			}
			if (err == nil) != (c.wantError == "") || err != nil && !strings.Contains(err.Error(), c.wantError) {
				t.Errorf("error %v, wanted %q", err, c.wantError)
			}
		})
	}
}
