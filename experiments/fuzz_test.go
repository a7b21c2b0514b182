package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oneLine looks at an error as whoever uses the program sees it.
func oneLine(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, inside := range []string{"\n", "unmarshal", "json: ", "yaml: ", "strconv.", "struct field", "%!", "<nil>", "runtime error"} {
		if strings.Contains(err.Error(), inside) {
			t.Errorf("%q is in the error %.300q", inside, err)
		}
	}
}

// FuzzPlan reads any text as a study: an error of one line, or a plan whose arms can be made.
func FuzzPlan(f *testing.F) {
	for _, name := range BuiltinStudies() {
		text, err := BuiltinYAML(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("name: s\ndata: x.npy\ngroups:\n- {name: g, control: a, settings: {model: improved}, vary: [{setting: noise, values: [0, 0.5]}], arms: [{name: a}]}\n"))
	f.Add([]byte("[[[[{a: &a [*a]}]]]]"))
	f.Add([]byte("name: !!binary 1\n--- \n? {x: 1e999}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsePlan(text, "the text")
		oneLine(t, err)
		if err == nil && p.Runs() < 1 {
			t.Errorf("a plan of %d runs", p.Runs())
		}
	})
}

// FuzzRecords reads a study's folder in which study.json and a run's result are any text.
func FuzzRecords(f *testing.F) {
	dir := f.TempDir()
	if _, err := Run(f.Context(), tiny(f), Options{Dir: dir, Threads: 1, Invocation: "test"}, watcher{}); err != nil {
		f.Fatal(err)
	}
	results, err := filepath.Glob(filepath.Join(dir, runsFolder, "*", "*", resultFile))
	if err != nil || len(results) == 0 {
		f.Fatal(results, err)
	}
	study, result := filepath.Join(dir, studyFile), results[0]
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	f.Add(read(study), read(result))
	f.Add([]byte("{}"), []byte("{}"))
	f.Fuzz(func(t *testing.T, definition, record []byte) {
		if os.WriteFile(study, definition, 0o644) != nil || os.WriteFile(result, record, 0o644) != nil {
			t.Fatal("cannot write")
		}
		_, err := RecordedKernels(dir)
		oneLine(t, err)
		_, err = readResults(dir)
		oneLine(t, err)
		d, err := ReadDefinition(dir)
		oneLine(t, err)
		if err != nil {
			return
		}
		for _, a := range d.arms() {
			a.kernelLayers()
			a.trained()
		}
	})
}
