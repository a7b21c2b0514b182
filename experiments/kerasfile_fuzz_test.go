package experiments

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dcae/models/keras"
	"dcae/models/keras/hdf5"
)

// FuzzOpenModel opens models whose config and weights need not fit together: it must be an error of one line, or a model that can be
// written and opened again.
func FuzzOpenModel(f *testing.F) {
	for _, name := range append(saved, "continued") {
		a, err := keras.Open(filepath.Join("testdata", name+".keras"))
		if err != nil {
			f.Fatal(err)
		}
		weights, err := hdf5.Write(a.Weights)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(a.Config), weights)
	}
	f.Fuzz(func(t *testing.T, config, weights []byte) {
		group, err := hdf5.Read(weights)
		if err != nil {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := openModel(&keras.Archive{Config: config, Metadata: []byte("{}"), Weights: group})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; len(config)+len(weights) < 1<<20 && used > 1<<30 {
			t.Errorf("%d bytes of memory for %d", used, len(config)+len(weights))
		}
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			return
		}
		path := filepath.Join(t.TempDir(), "m.keras")
		check(t, SaveKeras(path, m))
		_, err = LoadKeras(path)
		check(t, err)
	})
}
