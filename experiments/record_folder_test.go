package experiments

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dcae/training/dataset"
)

// putFile writes a file, and the folders that it is in.
func putFile(t *testing.T, content string, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// tree is every file in a folder, links as where they lead.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if e.Type()&os.ModeSymlink != 0 {
			to, err := os.Readlink(path)
			out[rel] = "-> " + to
			return err
		}
		b, err := os.ReadFile(path)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unchanged compares a folder with what it was.
func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	after := tree(t, dir)
	for path, content := range before {
		if now, ok := after[path]; !ok || now != content {
			t.Errorf("%s was changed or removed", path)
		}
	}
	for path := range after {
		if _, ok := before[path]; !ok {
			t.Errorf("%s is new", path)
		}
	}
}

func force(s Study, dir string) error {
	_, err := Run(context.Background(), s, Options{Dir: dir, Threads: 1, Force: true, Invocation: "test"}, watcher{})
	return err
}

// What is not a study of ours is nobody's to remove.
func TestForceRefusesWhatIsNoStudy(t *testing.T) {
	s := tiny(t)
	for name, study := range map[string]string{"no study.json": "", "damaged": `{"format": 1, "groups"`, "somebody else's": `{"title": "my study"}`} {
		dir := t.TempDir()
		for _, file := range []string{"runs/a.txt", "runs/relu/seed-1/steps.csv", "tensorboard/x", "results.csv", "report.html", "images.npz", "measure-1.png", "loss.png"} {
			putFile(t, "mine", dir, file)
		}
		if study != "" {
			putFile(t, study, dir, studyFile)
		}
		before := tree(t, dir)
		for _, err := range []error{force(s, dir), train(t, s, dir, TrainOptions{Options: Options{Force: true}})} {
			if err == nil || !strings.Contains(err.Error(), "name another") {
				t.Errorf("%s: error %v", name, err)
			}
		}
		unchanged(t, dir, before)
	}
}

func TestForceRemovesOnlyTheStudysFiles(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	options := Options{Dir: dir, Threads: 2, TensorBoard: true, Invocation: "test"}
	results, err := Run(context.Background(), s, options, watcher{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Draw(context.Background(), dir, results, nil); err != nil {
		t.Fatal(err)
	}
	mine := t.TempDir()
	for _, file := range []string{"mine.txt", "measure-1.png", "2-loss.png", "runs/notes.txt", "runs/other/seed-1/steps.csv", "runs/relu/seed-1/why.txt", "runs/relu/seed-9/result.json", "tensorboard/mine", "tensorboard/relu/seed-1/mine"} {
		putFile(t, "mine", mine, file)
		putFile(t, "mine", dir, file)
	}
	if err := os.Symlink(mine, filepath.Join(dir, "runs", "relu", "seed-2", "link")); err != nil {
		t.Skip("no links here:", err)
	}
	outside, want := tree(t, mine), tree(t, mine)
	want[filepath.Join("runs", "relu", "seed-2", "link")] = "-> " + mine

	d, err := ReadDefinition(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.remove(dir); err != nil {
		t.Fatal(err)
	}
	unchanged(t, dir, want)
	unchanged(t, mine, outside)
	if _, err := os.Stat(filepath.Join(dir, "runs", "normalized")); err == nil {
		t.Error("empty folders of the study are left")
	}
}

// A study that cannot run must not cost the one that lies there.
func TestForceKeepsTheOldStudyIfTheNewOneCannotRun(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	if _, err := Run(context.Background(), s, Options{Dir: dir, Threads: 2, Invocation: "test"}, watcher{}); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	wrong, err := dataset.Open("mnist", dataset.Options{Resize: dataset.Size{H: 8, W: 8}})
	if err != nil {
		t.Fatal(err)
	}
	s.Images = wrong
	if err := force(s, dir); err == nil {
		t.Error("a model was run on images of another size")
	}
	unchanged(t, dir, before)
}

func TestForceRefusesWhileAnotherWorksThere(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	var refused error
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, _ = Run(ctx, s, Options{Dir: dir, Threads: 1, Invocation: "test"}, watcher{epoch: func() {
		if refused == nil {
			refused = force(s, dir)
			cancel()
		}
	}})
	if refused == nil || !strings.Contains(refused.Error(), "another process works in the folder") {
		t.Errorf("error %v", refused)
	}
	if err := force(s, dir); err != nil { // as soon as the other has ended
		t.Error(err)
	}
}

// A study.json that comes from elsewhere may name anything.
func TestNoPathLeadsOutOfTheStudysFolder(t *testing.T) {
	s, root := tiny(t), t.TempDir()
	dir := filepath.Join(root, "results", "study")
	runTask(t, s, dir, Task{})
	for _, name := range []string{"../../../escaped", "/tmp/escaped", "..", ".", "", "a/b", `a\\b`, "CON", "Normalized"} {
		change(t, filepath.Join(dir, studyFile), func(b []byte) []byte {
			return []byte(strings.ReplaceAll(string(b), `"name": "relu"`, `"name": "`+name+`"`))
		})
		before := tree(t, root)
		_, merged, err := Merge(context.Background(), []string{dir}, MergeOptions{Out: filepath.Join(root, "out"), Partial: true})
		if err == nil {
			t.Errorf("%q: merged %v", name, merged)
		}
		if _, err := Verify(context.Background(), dir, VerifyOptions{Threads: 1}, watcher{}); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%q: verified, error %v", name, err)
		}
		if err := Redraw(context.Background(), dir, nil); err == nil {
			t.Errorf("%q: drawn", name)
		}
		if err := force(s, dir); err == nil {
			t.Errorf("%q: replaced", name)
		}
		unchanged(t, root, before)
		change(t, filepath.Join(dir, studyFile), func(b []byte) []byte {
			return []byte(strings.ReplaceAll(string(b), `"name": "`+name+`"`, `"name": "relu"`))
		})
	}
}

func TestLinksInAStudysFolderAreNotFollowed(t *testing.T) {
	s := tiny(t)
	for _, link := range []string{"runs", "runs/relu", "runs/relu/seed-1", "runs/relu/seed-1/steps.csv", "runs/relu/seed-1/epochs.csv", "runs/relu/seed-1/checkpoint", "runs/relu/seed-1/.lock", "timing.csv", ".lock", ".in-use"} {
		dir, outside := t.TempDir(), t.TempDir()
		precious := putFile(t, "precious", outside, "file")
		to := precious
		if !strings.Contains(filepath.Base(link), ".") && !strings.HasSuffix(link, "checkpoint") {
			to = outside
		}
		path := filepath.Join(dir, link)
		runUntil(t, s, dir, 1)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, path); err != nil {
			t.Skip("no links here:", err)
		}
		before := tree(t, outside)
		if _, err := Run(context.Background(), s, Options{Dir: dir, Threads: 1, Invocation: "test"}, watcher{}); err == nil {
			t.Errorf("%s: the run went on", link)
		}
		unchanged(t, outside, before)
	}
}

// Records count only if they are of their own run, and whole.
func TestRecordsOfOtherRunsDoNotCount(t *testing.T) {
	whole, err := uninterrupted()
	if err != nil {
		t.Fatal(err)
	}
	own, other := filepath.Join("runs", "relu", "seed-1"), filepath.Join("runs", "relu", "seed-2")
	for name, damage := range map[string]func(dir string){
		"{}": func(dir string) { putFile(t, "{}", dir, own, resultFile) },
		"of seed 2": func(dir string) {
			copyFile(t, filepath.Join(dir, other, resultFile), filepath.Join(dir, own, resultFile))
		},
		"value missing": func(dir string) {
			change(t, filepath.Join(dir, own, resultFile), func(b []byte) []byte {
				lines := strings.SplitAfter(string(b), "\n")
				return []byte(strings.Join(append(lines[:3:3], lines[4:]...), ""))
			})
		},
		"unknown outcome": func(dir string) {
			change(t, filepath.Join(dir, own, resultFile), func(b []byte) []byte { return []byte(strings.Replace(string(b), `"outcome": "`, `"outcome": "un`, 1)) })
		},
		"no steps": func(dir string) { check(t, os.Remove(filepath.Join(dir, own, stepsFile))) },
		"steps cut off": func(dir string) {
			change(t, filepath.Join(dir, own, stepsFile), func(b []byte) []byte { return b[:len(b)/2] })
		},
		"no epochs": func(dir string) { check(t, os.Remove(filepath.Join(dir, own, epochsFile))) },
		"no images": func(dir string) { check(t, os.Remove(filepath.Join(dir, own, reconstructionsFile))) },
	} {
		dir := filepath.Join(t.TempDir(), "study")
		check(t, os.CopyFS(dir, os.DirFS(whole)))
		damage(dir)
		if _, _, err := Merge(context.Background(), []string{dir}, MergeOptions{Out: filepath.Join(t.TempDir(), "out"), Partial: true}); err == nil || !strings.Contains(err.Error(), filepath.Join("relu", "seed-1")) && !strings.Contains(err.Error(), "relu seed 1") {
			t.Errorf("%s: merged, error %v", name, err)
		}
		if _, err := Compare([]string{dir, whole}); err == nil {
			t.Errorf("%s: compared", name)
		}
		f := runUntil(t, tiny(t), dir, 0)
		if len(*f.warnings) != 1 || !strings.HasPrefix((*f.warnings)[0], "relu seed 1: ") || !strings.Contains((*f.warnings)[0], "starts over") {
			t.Errorf("%s: warnings %q", name, *f.warnings)
		}
		sameAsUninterrupted(t, dir)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	check(t, err)
	check(t, os.WriteFile(to, b, 0o644))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Names of arms that some file system takes for one, or for no name, are refused: of several arms all that a study's YAML refuses.
func TestArmsAreFoldersOnEverySystem(t *testing.T) {
	base := func(arms ...string) *Definition {
		d := &Definition{Format: 1}
		d.Data.Shape, d.Data.Train, d.Budget.Batch = []int{1, 1, 1}, 1, 1
		g := recordedGroup{}
		for _, a := range arms {
			g.Arms = append(g.Arms, recordedArm{Name: a, Epochs: 1})
		}
		d.Groups = append(d.Groups, g)
		return d
	}
	for _, c := range []struct {
		arms []string
		want bool
	}{
		{[]string{"a", "b"}, true}, {[]string{"a", "A"}, false}, {[]string{"a", "a"}, false}, {[]string{"CON"}, false}, {[]string{"aux.txt"}, false}, {[]string{"a."}, false},
		{[]string{"a "}, false}, {[]string{"a:b"}, false}, {[]string{"Größe"}, true}, {[]string{"e\u0301"}, false}, {[]string{"\uac00", "\u1100\u1161"}, false},
		{[]string{"straße", "strasse"}, false}, {[]string{".."}, false}, {[]string{"a/b"}, false}, {[]string{"COM¹"}, false}, {[]string{"nul.keras"}, false},
	} {
		if err := base(c.arms...).check(); (err == nil) != c.want {
			t.Errorf("%q: error %v", c.arms, err)
		}
	}
}
