package saved

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models/keras"
	"dcae/models/keras/hdf5"
	"dcae/training"
)

// FuzzOpenModel opens models whose config and weights need not fit together: it must be an error of one line, or a model that can be
// written and opened again.
func FuzzOpenModel(f *testing.F) {
	one := graph.Square(1)
	for _, layers := range [][]graph.Layer{
		{graph.Conv2D{Filters: 1, Kernel: one, KernelInit: graph.HeNormal()}, graph.BatchNormalization{}, graph.ParametricRectifier{SharedAxes: []int{1, 2}}},
		{graph.Flatten{}, graph.Dense{Units: 4, Activation: graph.GELU}, graph.Reshape{Target: graph.Shape{2, 2, 1}}, graph.Conv2DTranspose{Filters: 1, Kernel: one}, graph.SoftmaxLayer{}},
		{graph.ZeroPadding2D{}, graph.MaxPooling2D{}, graph.UpSampling2D{}, graph.Dropout{Rate: 0.5}, graph.Dense{Units: 1, NoBias: true}},
	} {
		m := &Model{Model: graph.Sequential("m", graph.Shape{2, 2, 1}, layers...), Optimizer: training.SGD{Momentum: 0.5}}
		var err error
		if m.Params, err = m.Model.Init(1, graph.Float32); err != nil {
			f.Fatal(err)
		}
		a, err := m.archive() // smaller than files of Keras, which the search would take too long for
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
