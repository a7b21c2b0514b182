package hdf5

import (
	"bytes"
	"path/filepath"
	"runtime"
	"testing"
)

// FuzzRead checks that Read gives an error or a tree that survives being written and read again.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.h5")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		b := load(f, filepath.Base(path[:len(path)-len(".h5")]))
		if len(b) < 12_000 { // large inputs slow the search down and hold nothing that the small ones lack
			f.Add(b)
		}
	}
	f.Add(write(f, &Group{Groups: []*Group{{Name: "g", Datasets: []*Dataset{
		{Name: "0", Shape: []int{1, 2}, Data: []float32{1, 2}, Attributes: []*Attribute{{Name: "a", Data: []int64{1}}}},
		{Name: "1", Shape: []int{2}, Data: []float64{1, 2}},
	}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		root, err := Read(b)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; len(b) < 1<<20 && used > 1<<30 {
			t.Errorf("%d bytes of memory for a file of %d", used, len(b))
		}
		if err != nil {
			return
		}
		written, err := Write(root)
		if err != nil {
			return // for example an attribute of small strings that take more than 64 KB with their references
		}
		again, err := Read(written)
		if err != nil {
			t.Fatalf("can't read what was written: %v", err)
		}
		if rewritten, err := Write(again); err != nil || !bytes.Equal(written, rewritten) {
			t.Fatalf("a second round trip changes the file: %v", err)
		}
	})
}
