package keras

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"

	"dcae/models/internal/zipentry"
	"dcae/models/keras/hdf5"
)

// models are the .keras files in testdata, made by Keras.
var models = []string{"sequential", "nested", "many", "odd_names", "calls"}

func open(t testing.TB, name string) *Archive {
	t.Helper()
	a, err := Open(filepath.Join("testdata", name+".keras"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func encode(t testing.TB, a *Archive) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := a.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(b []byte) (*Archive, error) { return Decode(bytes.NewReader(b), int64(len(b))) }

func TestSaveThenOpen(t *testing.T) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			a := open(t, name)
			path := filepath.Join(t.TempDir(), "model.keras")
			if err := a.Save(path); err != nil {
				t.Fatal(err)
			}
			b, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a, b); diff != "" {
				t.Errorf("saved (-) is not what is opened (+):\n%s", diff)
			}
			onDisk, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(onDisk, encode(t, b)) {
				t.Error("equal archives give different bytes")
			}
		})
	}
}

func TestSaveReplacesAtomically(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "model.keras")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := &Archive{Config: []byte("{}"), Metadata: []byte("{}"), Weights: &hdf5.Group{Datasets: []*hdf5.Dataset{{Name: "x"}}}}
	if err := bad.Save(path); err == nil {
		t.Fatal("saved a dataset without elements")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("a failed Save left %q, %v", b, err)
	}
	if err := open(t, "calls").Save(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("left in the folder: %v, %v", files, err)
	}
	if err := open(t, "calls").Save(filepath.Join(folder, "no", "model.keras")); err == nil {
		t.Error("saved into a folder that isn't there")
	}
}

// entry is one file of a zip archive.
type entry struct {
	name, body string
	method     uint16
}

func zipOf(t testing.TB, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: e.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// good are the entries of a sound file.
func good(t testing.TB) []entry {
	t.Helper()
	weights, err := hdf5.Write(&hdf5.Group{})
	if err != nil {
		t.Fatal(err)
	}
	return []entry{{metadataName, "{}", zip.Store}, {configName, "{}", zip.Deflate}, {weightsName, string(weights), zip.Deflate}}
}

func TestDecodeRefuses(t *testing.T) {
	with := func(e entry) []entry { return append(good(t), e) }
	replaced := func(i int, body string) []entry {
		all := good(t)
		all[i].body = body
		return all
	}
	tests := map[string]struct {
		entries []entry
		what    string
	}{
		"no metadata":     {good(t)[1:], "lacks metadata.json"},
		"no config":       {[]entry{good(t)[0], good(t)[2]}, "lacks config.json"},
		"no weights":      {good(t)[:2], "lacks model.weights.h5"},
		"npz":             {with(entry{name: "model.weights.npz"}), "weights_format"},
		"assets":          {with(entry{name: "assets/layers/vocabulary.txt"}), "assets"},
		"parent folder":   {with(entry{name: "../config.json"}), "leave its folder"},
		"absolute":        {with(entry{name: "/etc/passwd"}), "leave its folder"},
		"backslash":       {with(entry{name: `..\config.json`}), "leave its folder"},
		"hidden parent":   {with(entry{name: "assets/../../config.json"}), "leave its folder"},
		"unknown":         {with(entry{name: "virus.py"}), "unknown entry"},
		"twice":           {with(entry{name: configName, body: "{}"}), "twice"},
		"infinite":        {replaced(1, `{"max_value": Infinity}`), "infinite or no number"},
		"config no JSON":  {replaced(1, "{"), "config.json is no valid JSON"},
		"large metadata":  {replaced(0, strings.Repeat(" ", maxMetadata)+"{}"), "the most are"},
		"large config":    {replaced(1, strings.Repeat(" ", maxConfig)+"{}"), "the most are"},
		"weights no HDF5": {replaced(2, "PK"), "no HDF5 signature"},
		"bomb":            {replaced(2, strings.Repeat("\x00", zipentry.BombFloor+1)), "bomb"},
	}
	for name, tt := range tests {
		if _, err := decode(zipOf(t, tt.entries)); err == nil || !strings.Contains(err.Error(), tt.what) {
			t.Errorf("%s: error %v does not say %q", name, err, tt.what)
		}
	}
	if _, err := decode(zipOf(t, good(t))); err != nil {
		t.Error("the entries that the others are made from: ", err)
	}
}

func TestDecodeRefusesWhatIsNoZip(t *testing.T) {
	weights, err := hdf5.Write(&hdf5.Group{})
	if err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{"holds no Keras model": weights, "no readable zip": []byte("{}"), "damaged": nil} {
		if _, err := decode(b); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v does not say %q", err, what)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open("testdata/no.keras"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestDecodeChecksSizes gives the archive's directory sizes that are not those of the data.
func TestDecodeChecksSizes(t *testing.T) {
	sound := zipOf(t, good(t))
	directory := bytes.Index(sound, []byte("PK\x01\x02"))
	for name, change := range map[string]func(b []byte){
		"CRC":              func(b []byte) { b[directory+16]++ },
		"smaller":          func(b []byte) { b[directory+24]-- },
		"larger":           func(b []byte) { b[directory+24] += 100 },
		"stored larger":    func(b []byte) { b[directory+20] += 100; b[directory+24] += 100 },
		"far larger":       func(b []byte) { b[directory+26] = 0x0f },
		"encrypted":        func(b []byte) { b[directory+8] |= 1 },
		"unknown method":   func(b []byte) { b[directory+10] = 97 },
		"header elsewhere": func(b []byte) { b[directory+44] = 0x7f },
	} {
		b := bytes.Clone(sound)
		change(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(b)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: decoded without an error", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: %d bytes of memory for a file of %d", name, used, len(b))
		}
	}
}

func TestDecodeDamaged(t *testing.T) {
	b := encode(t, &Archive{Config: []byte("{}"), Metadata: []byte("{}"), Weights: &hdf5.Group{}})
	for n := range b {
		if _, err := decode(b[:n]); err == nil {
			t.Errorf("%d of %d bytes decoded without an error", n, len(b))
		}
	}
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			_, _ = decode(b) // must end; some bits, as of the date, mean nothing
			b[i] ^= 1 << bit
		}
	}
}

// limitMemory fails a test that, until the returned function is called, takes more memory than a small file may cost.
func limitMemory(t *testing.T, b []byte) func() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	return func() {
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; len(b) < 1<<20 && used > 1<<30 {
			t.Errorf("%d bytes of memory for a file of %d", used, len(b))
		}
	}
}

// FuzzDecode checks that Decode gives an error of one line or an archive that survives being written and read again.
func FuzzDecode(f *testing.F) {
	f.Add(zipOf(f, good(f)))
	f.Add(encode(f, open(f, "calls")))
	f.Add(encode(f, open(f, "odd_names")))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer limitMemory(t, b)()
		a, err := decode(b)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			return
		}
		again, err := decode(encode(t, a))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Error(diff)
		}
	})
}
