package saved

import (
	"archive/zip"
	"bytes"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dcae/models/torch"
)

// FuzzOpenProgram opens programs of PyTorch of which no part need fit the others, with checksums that are right, which keep changed bytes of an
// archive from being read at all. It must be an error of one line, or a model whose weights can be written and read again.
func FuzzOpenProgram(f *testing.F) {
	const program, config, training = "models/model.json", "data/weights/model_weights_config.json", "extra/dcae.json"
	files := []string{"computed_weights", "tied", "drawn_in_training"}
	var archives []map[string]string
	for i, name := range files {
		parts := entriesOf(f, "../../models/torch/testdata/"+name+".pt2")
		archives = append(archives, parts)
		f.Add(byte(i), parts[program], parts[config], parts[training])
	}
	f.Fuzz(func(t *testing.T, file byte, newProgram, newConfig, newTraining string) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		parts := archives[int(file)%len(archives)]
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			body := parts[name]
			switch name {
			case program:
				body = newProgram
			case config:
				body = newConfig
			case training:
				body = newTraining
			}
			w, err := z.CreateHeader(&zip.FileHeader{Name: "x/" + name, Method: zip.Store})
			check(t, err)
			_, err = io.WriteString(w, body)
			check(t, err)
		}
		check(t, z.Close())
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := openProgram(b.Bytes())
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; b.Len() < 1<<20 && used > 1<<30 {
			t.Errorf("%d bytes of memory for %d", used, b.Len())
		}
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			return
		}
		_, err = m.Model.Shapes()
		check(t, err)
		path := filepath.Join(t.TempDir(), "m.safetensors")
		check(t, Save(path, m, 0))
		tensors, err := torch.OpenSafetensors(path)
		check(t, err)
		check(t, m.Torch.LoadStateDict(tensors))
	})
}

func openProgram(b []byte) (*Model, error) {
	a, err := torch.Decode(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	return torchModel(a)
}

// entriesOf are an archive's entries by their names within its folder, without its pickle.
func entriesOf(f *testing.F, path string) map[string]string {
	z, err := zip.OpenReader(path)
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	entries := map[string]string{}
	for _, e := range z.File {
		_, name, _ := strings.Cut(e.Name, "/")
		r, err := e.Open()
		if err != nil {
			f.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			f.Fatal(err)
		}
		if !strings.HasSuffix(name, ".pt") {
			entries[name] = string(body)
		}
	}
	return entries
}
