package dataset

import (
	"runtime"
	"testing"
)

// Images that are decoded into memory take little more than themselves, also on the way there.
func TestLoadingTakesLittleMoreMemoryThanTheImages(t *testing.T) {
	s := source{format: format{n: 40, shape: Shape{2000, 2000, 1}, kind: kindUint8}, next: func([]byte) error { return nil }}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	loaded, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took, most := after.TotalAlloc-before.TotalAlloc, uint64(s.bytes()+believed+8<<20); took > most || len(loaded.memory) != s.bytes() {
		t.Errorf("%d MB were taken for %d, at most %d are needed", took>>20, len(loaded.memory)>>20, most>>20)
	}
}
