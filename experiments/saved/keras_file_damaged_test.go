package saved

import (
	"archive/zip"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dcae/models/keras"
	"dcae/models/keras/hdf5"
)

// TestDamagedFilesGetOneClearLine opens files that were cut off, changed or made to deceive.
func TestDamagedFilesGetOneClearLine(t *testing.T) {
	sound := filepath.Join("testdata", "unet_add.keras")
	whole, err := os.ReadFile(sound)
	check(t, err)
	a, err := keras.Open(sound)
	check(t, err)
	weights, err := hdf5.Write(a.Weights)
	check(t, err)
	flipped := bytes.Clone(whole)
	flipped[len(whole)/2] ^= 1
	wide := bytes.Replace(a.Config, []byte(`"kernel_size": [3, 3]`), []byte(`"kernel_size": [5, 5]`), 1)
	pack := func(config, weights []byte, others ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		add := func(name string, body []byte) {
			w, err := z.Create(name)
			check(t, err)
			_, err = w.Write(body)
			check(t, err)
		}
		add("metadata.json", []byte("{}"))
		add("config.json", config)
		add("model.weights.h5", weights)
		for _, name := range others {
			add(name, nil)
		}
		check(t, z.Close())
		return b.Bytes()
	}
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "no readable zip archive"},
		{"cut off", whole[:len(whole)/2], "no readable zip archive"},
		{"flipped bit", flipped, "is damaged"},
		{"bomb", pack(a.Config, make([]byte, 65<<20)), "decompression bomb"},
		{"path", pack(a.Config, weights, "../../.profile"), "would leave its folder"},
		{"wrong shape", pack(wide, weights), "conv2d/kernel must have shape [5 5 3 8], the file's has [3 3 3 8]"},
		{"weights cut off", pack(a.Config, weights[:len(weights)/2]), "model.weights.h5: hdf5: "},
		{"config cut off", pack(a.Config[:len(a.Config)/2], weights), "config.json is no valid JSON"},
		{"no layers", pack([]byte(`{"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": []}}`), weights), "it has no input shape"},
	} {
		path := filepath.Join(t.TempDir(), "m.keras")
		check(t, os.WriteFile(path, c.content, 0o600))
		_, err := LoadKeras(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v does not say %q in one line", c.name, err, c.want)
		}
	}

	m, err := LoadKeras(sound)
	check(t, err)
	m.Params.All[0].Float32s()[3] = float32(math.NaN())
	path := filepath.Join(t.TempDir(), "nan.keras")
	check(t, SaveKeras(path, m))
	if m, err = LoadKeras(path); err != nil || len(m.Warnings) != 1 || m.Warnings[0] != "conv2d/kernel has 1 of 216 values that are not finite" {
		t.Errorf("a weight that is no number: %v, warnings %q", err, m.Warnings)
	}
}
