package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"

	"dcae/models/internal/zipentry"
)

func openArchive(t testing.TB, name string) *Archive {
	t.Helper()
	a, err := Open(filepath.Join("testdata", name+".pt2"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func decode(b []byte) (*Archive, error) { return Decode(bytes.NewReader(b), int64(len(b))) }

func tensorNamed(t testing.TB, tensors []*Tensor, name string) *Tensor {
	t.Helper()
	for _, x := range tensors {
		if x.Name == name {
			return x
		}
	}
	t.Fatalf("there is no tensor %s", name)
	return nil
}

func TestOpenReadsWeights(t *testing.T) {
	a := openArchive(t, "tied")
	if a.program.SchemaVersion.Major != 8 || a.program.TorchVersion == "" || len(a.program.GraphModule.Graph.Nodes) == 0 {
		t.Error("the program was not read")
	}
	if !json.Valid(a.Training) || !bytes.Contains(a.Training, []byte(`"Adam"`)) {
		t.Errorf("dcae.json: %s", a.Training)
	}
	one, two := tensorNamed(t, a.Weights, "one.weight"), tensorNamed(t, a.Weights, "two.weight")
	if one.SameAs != "" || two.SameAs != "one.weight" || &one.Float32s[0] != &two.Float32s[0] {
		t.Error("two.weight is one.weight, but was read as another")
	}
	w := tensorNamed(t, a.Weights, "w")
	if !w.Trained || w.Type != Float32 || !cmp.Equal(w.Shape, []int{10, 256}) || w.Float32s[3] == w.Float32s[4] {
		t.Errorf("w is %v of %v", w.Shape, w.Type)
	}
	counted := tensorNamed(t, openArchive(t, "batch_norms").Weights, "1.num_batches_tracked")
	if counted.IsParameter || counted.Type != Int64 || !cmp.Equal(counted.Ints, []int64{10}) || len(counted.Shape) != 0 {
		t.Errorf("num_batches_tracked is %v %v, not the 10 steps that were taken", counted.Type, counted.Ints)
	}
	k := tensorNamed(t, openArchive(t, "computed_weights").Constants, "k")
	for i, v := range k.Float32s { // torch.linspace(-1, 1, 8)
		if want := -1 + 2*float64(i)/7; math.Abs(float64(v)-want) > 1e-6 {
			t.Errorf("k[%d] is %g, not %g", i, v, want)
		}
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

// tensorConfig describes a tensor w as PyTorch does.
func tensorConfig(dtype int, sizes, strides []int, offset int) string {
	ints := func(v []int) string {
		var out []string
		for _, n := range v {
			out = append(out, fmt.Sprintf(`{"as_int": %d}`, n))
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	return fmt.Sprintf(`{"config": {"w": {"path_name": "weight_0", "is_param": true, "use_pickle": false, "tensor_meta": {"dtype": %d, "sizes": %s, "requires_grad": true,
		"device": {"type": "cpu", "index": null}, "strides": %s, "storage_offset": {"as_int": %d}, "layout": 7}}}}`, dtype, ints(sizes), ints(strides), offset)
}

const emptyProgram = `{"schema_version": {"major": 8, "minor": 20}}`

// sound are the entries of a file with one tensor of six values, 0 to 5, stored by columns.
func sound() []entry {
	var values []byte
	for _, v := range []float32{0, 3, 1, 4, 2, 5} {
		values = binary.LittleEndian.AppendUint32(values, math.Float32bits(v))
	}
	return []entry{
		{"a/archive_format", "pt2", zip.Store}, {"a/byteorder", "little", zip.Store}, {"a/models/model.json", emptyProgram, zip.Deflate},
		{"a/data/weights/model_weights_config.json", tensorConfig(7, []int{2, 3}, []int{1, 2}, 0), zip.Store},
		{"a/data/weights/weight_0", string(values), zip.Store}, {"a/data/constants/model_constants_config.json", `{"config": {}}`, zip.Store},
		{"a/data/sample_inputs/model.pt", "cos\nsystem\n", zip.Store},
	}
}

func TestDecodeReadsStrides(t *testing.T) {
	a, err := decode(zipOf(t, sound()))
	if err != nil {
		t.Fatal(err)
	}
	if w := a.Weights[0]; !cmp.Equal(w.Float32s, []float32{0, 1, 2, 3, 4, 5}) {
		t.Errorf("read %v", w.Float32s)
	}
	for name, tt := range map[string]struct {
		sizes, strides []int
		offset         int
		want           []float32
	}{
		"from an offset": {[]int{2}, []int{3}, 2, []float32{1, 5}}, "scalar": {nil, nil, 3, []float32{4}}, "repeated": {[]int{2, 2}, []int{0, 1}, 4, []float32{2, 5, 2, 5}},
		"empty": {[]int{0, 3}, []int{3, 1}, 0, []float32{}},
	} {
		e := sound()
		e[3].body = tensorConfig(7, tt.sizes, tt.strides, tt.offset)
		a, err := decode(zipOf(t, e))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !cmp.Equal(a.Weights[0].Float32s, tt.want) {
			t.Errorf("%s: read %v, not %v", name, a.Weights[0].Float32s, tt.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	changed := func(i int, body string) []entry {
		e := sound()
		e[i].body = body
		return e
	}
	with := func(name, body string) []entry { return append(sound(), entry{name: name, body: body}) }
	config := func(dtype int, sizes, strides []int, offset int) []entry {
		return changed(3, tensorConfig(dtype, sizes, strides, offset))
	}
	without := func(i int) []entry { return append(sound()[:i:i], sound()[i+1:]...) }
	tests := map[string]struct {
		entries []entry
		what    string
	}{
		"PyTorch 2.7":        {[]entry{{name: "serialized_exported_program.json"}, {name: "serialized_state_dict.pt"}, {name: "version"}}, "2.7 or earlier"},
		"PyTorch 2.8":        {with("a/data/weights/model.pt", "x"), "2.8, whose weights are a pickle"},
		"TorchScript":        {[]entry{{name: "m/code/__torch__.py"}, {name: "m/constants.pkl"}, {name: "m/data.pkl"}}, "TorchScript"},
		"torch.save":         {[]entry{{name: "m/data.pkl"}, {name: "m/data/0"}}, "torch.save"},
		"compiled":           {[]entry{{name: "m/archive_format", body: "pt2"}, {name: "m/data/aotinductor/model/x.so"}}, "compiled"},
		"another kind":       {changed(0, "pt3"), `"pt3"`},
		"big-endian":         {changed(1, "big"), "byte order"},
		"no program":         {without(2), "no program"},
		"two programs":       {with("a/models/other.json", "{}"), "model, other"},
		"another version":    {changed(2, `{"schema_version": {"major": 9, "minor": 1}}`), "version 9.1"},
		"no version":         {changed(2, `{}`), "version 0.0"},
		"no JSON":            {changed(2, `{`), "no valid JSON"},
		"other JSON":         {changed(2, `{"graph_module": 3}`), "as PyTorch writes it"},
		"deep JSON":          {changed(2, strings.Repeat("[", 101)+strings.Repeat("]", 101)), "nested"},
		"argument of kinds":  {changed(2, `{"graph_module": {"graph": {"inputs": [{"as_int": 1, "as_bool": true}]}}}`), "2 kinds"},
		"no config":          {without(3), "lacks data/weights/model_weights_config.json"},
		"no constants":       {without(5), "lacks data/constants"},
		"no weight":          {without(4), "lacks data/weights/weight_0"},
		"weights not real":   {changed(4, ""), "without real weights"},
		"too few values":     {config(7, []int{2, 4}, []int{4, 1}, 0), "does not fit"},
		"offset behind":      {config(7, []int{2}, []int{1}, 5), "does not fit"},
		"stride behind":      {config(7, []int{3}, []int{3}, 0), "does not fit"},
		"wrong dtype":        {config(8, []int{2, 3}, []int{3, 1}, 0), "does not fit"},
		"far offset":         {config(7, []int{2}, []int{1}, 1<<40), "begins at value"},
		"negative offset":    {config(7, []int{2}, []int{1}, -1), "begins at value"},
		"negative stride":    {config(7, []int{2}, []int{-1}, 1), "stride of -1"},
		"negative size":      {config(7, []int{-2}, []int{1}, 0), "axis of -2"},
		"strides missing":    {config(7, []int{2, 3}, []int{3}, 0), "2 sizes and 1 strides"},
		"huge":               {config(7, []int{1 << 30, 1 << 30}, []int{0, 0}, 0), "more than"},
		"repeated too often": {config(7, []int{1 << 30}, []int{0}, 0), "far more values"},
		"half precision":     {config(6, []int{6}, []int{1}, 0), "float16"},
		"unknown dtype":      {config(99, []int{6}, []int{1}, 0), "dtype 99"},
		"pickled":            {changed(3, strings.Replace(tensorConfig(7, nil, nil, 0), `"use_pickle": false`, `"use_pickle": true`, 1)), "pickled"},
		"sparse":             {changed(3, strings.Replace(tensorConfig(7, nil, nil, 0), `"layout": 7`, `"layout": 1`, 1)), "sparse"},
		"no description":     {changed(3, `{"config": {"w": {"path_name": "weight_0"}}}`), "no description"},
		"name twice":         {changed(3, strings.Replace(tensorConfig(7, nil, nil, 0), `}}}}`, `}}, "w": {}}}`, 1)), "twice"},
		"training no JSON":   {with("a/extra/dcae.json", "{"), "no valid JSON"},
		"twice":              {with("a/data/weights/weight_0", "x"), "twice"},
		"parent folder":      {with("a/../../x", ""), "leave its folder"},
		"absolute":           {with("/etc/passwd", ""), "leave its folder"},
		"line break":         {with("a/x\ny", ""), "leave its folder"},
		"bomb":               {append(sound()[:2:2], entry{"a/models/model.json", strings.Repeat(" ", maxProgram) + "{}", zip.Deflate}), "the most are"},
		"weights' bomb":      {append(without(4), entry{"a/data/weights/weight_0", strings.Repeat("\x00", zipentry.BombFloor+1), zip.Deflate}), "bomb"},
	}
	for name, tt := range tests {
		_, err := decode(zipOf(t, tt.entries))
		if err == nil || !strings.Contains(err.Error(), tt.what) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q does not say %q in one line", name, err, tt.what)
		}
	}
}

func TestOpenRefusesOtherFiles(t *testing.T) {
	folder := t.TempDir()
	for what, body := range map[string]string{"HDF5": "\x89HDF\r\n", "pickle": "\x80\x02}q", "no readable zip": "PK", "no .pt2 file": string(zipOf(t, []entry{{name: "config.json"}}))} {
		path := filepath.Join(folder, "x.pt2")
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v does not say %q", err, what)
		}
	}
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(filepath.Join(folder, "no.pt2")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestDecodeDamaged(t *testing.T) {
	b := zipOf(t, sound())
	for n := range b {
		if _, err := decode(b[:n]); err == nil {
			t.Errorf("%d of %d bytes decoded without an error", n, len(b))
		}
	}
	for i := range b {
		b[i] ^= 0x55
		_, _ = decode(b) // must end; some bytes, as of the date, mean nothing
		b[i] ^= 0x55
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

// FuzzDecode checks that Decode gives an error of one line, or tensors that are as large as they say.
func FuzzDecode(f *testing.F) {
	f.Add(zipOf(f, sound()))
	for _, name := range []string{"tied", "computed_weights"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".pt2"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer limitMemory(t, b)()
		a, err := decode(b)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			return
		}
		for _, x := range append(a.Weights, a.Constants...) {
			if len(x.Float32s)+len(x.Float64s)+len(x.Ints) != x.Size() {
				t.Errorf("%s has %v values", x.Name, x.Shape)
			}
		}
	})
}

// FuzzModule checks that what Decode takes is refused in one line, or is a model whose layers fit together.
func FuzzModule(f *testing.F) {
	for _, name := range []string{"tied", "computed_weights", "batch_norms"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".pt2"))
		if err != nil {
			f.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range z.File {
			if !strings.HasSuffix(e.Name, "models/model.json") {
				continue
			}
			r, err := e.Open()
			if err != nil {
				f.Fatal(err)
			}
			program, err := io.ReadAll(r)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(name, string(program))
		}
	}
	f.Fuzz(func(t *testing.T, name, program string) {
		if strings.ContainsAny(name, "./\\") {
			return
		}
		a, err := Open(filepath.Join("testdata", name+".pt2"))
		if err != nil {
			return
		}
		a.program = exportedProgram{}
		if nesting([]byte(program)) > maxNesting || json.Unmarshal([]byte(program), &a.program) != nil {
			return
		}
		defer limitMemory(t, []byte(program))()
		m, err := a.Module()
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			return
		}
		if _, err := m.Model.Shapes(); err != nil {
			t.Error(err)
		}
	})
}
