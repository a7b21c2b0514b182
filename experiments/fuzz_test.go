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

// recorded is a small study's folder, and that of its first run.
func recorded(f *testing.F) (dir, run string) {
	dir = f.TempDir()
	if _, err := Run(f.Context(), tiny(f), Options{Dir: dir, Threads: 1, Invocation: "test"}, watcher{}); err != nil {
		f.Fatal(err)
	}
	runs, err := filepath.Glob(filepath.Join(dir, runsFolder, "*", "*"))
	if err != nil || len(runs) == 0 {
		f.Fatal(runs, err)
	}
	return dir, runs[0]
}

func contentOf(f *testing.F, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	return b
}

// FuzzSeries reads a study's folder in which a run's steps.csv and epochs.csv are any text.
func FuzzSeries(f *testing.F) {
	dir, run := recorded(f)
	steps, epochs := filepath.Join(run, stepsFile), filepath.Join(run, epochsFile)
	f.Add(contentOf(f, steps), contentOf(f, epochs))
	f.Add([]byte("epoch,step,loss\n1,1,NaN\n"), []byte("\"a\nb\",heldout_mse\n1,Inf\n"))
	d, err := ReadDefinition(dir)
	if err != nil {
		f.Fatal(err)
	}
	results, err := readResults(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, step, epoch []byte) {
		if os.WriteFile(steps, step, 0o644) != nil || os.WriteFile(epochs, epoch, 0o644) != nil {
			t.Fatal("cannot write")
		}
		_, err := Symptoms(dir)
		oneLine(t, err)
		why, err := d.explain(dir, results)
		oneLine(t, err)
		if err != nil {
			return
		}
		base, gray, err := d.base(dir)
		oneLine(t, err)
		for _, g := range d.Groups {
			_, err := d.load(dir, base, gray, g, results, why)
			oneLine(t, err)
		}
	})
}

// FuzzRecords reads a study's folder in which study.json and a run's result are any text.
func FuzzRecords(f *testing.F) {
	dir, run := recorded(f)
	study, result := filepath.Join(dir, studyFile), filepath.Join(run, resultFile)
	f.Add(contentOf(f, study), contentOf(f, result))
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
