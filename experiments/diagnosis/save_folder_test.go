package diagnosis

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What an earlier answer had and a new one has not must not stand beside the new one, wherever the program is killed; and the next diagnosis goes
// on from there.
func TestAKilledAnswerIsTheFormerOrTheNewOne(t *testing.T) {
	former := map[string]string{}
	for _, file := range allFiles {
		former[file] = "former"
	}
	former[answerFile] = `{"verdict": "former", "causes": []}`
	whole := map[string]string{answerFile: `{"verdict": "new", "causes": []}`, pageFile: "new", fixedTorch: "new"}
	begin := func(before map[string]string, folder string) string {
		dir := t.TempDir()
		put := func(content string, path ...string) {
			t.Helper()
			file := filepath.Join(path...)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for file, content := range before {
			put(content, dir, file)
		}
		put("mine", dir, "mine.txt")
		for file, content := range whole {
			put(content, dir, folder, file)
		}
		return dir
	}
	there := func(dir string) map[string]string {
		out := map[string]string{}
		for _, file := range allFiles {
			if b, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
				out[file] = string(b)
			}
		}
		return out
	}
	killedIn := map[string]int{}
	for _, before := range []map[string]string{nil, former} {
		for kill := 0; ; kill++ {
			dir := begin(before, wholeFolder)
			steps := placing(dir)
			for _, step := range steps[:min(kill, len(steps))] {
				if err := step.do(); err != nil {
					t.Fatal(err)
				}
			}
			switch now := there(dir); {
			case maps.Equal(now, whole):
				killedIn["new"]++
			case slices.Contains(slices.Collect(maps.Values(now)), "former") && (now[answerFile] == whole[answerFile] || slices.Contains(slices.Collect(maps.Values(now)), "new")):
				t.Errorf("after %d steps files of two answers stand side by side: %v", kill, now)
			}
			for file, content := range whole { // wherever it is now
				moved, _ := os.ReadFile(filepath.Join(dir, file))
				waiting, _ := os.ReadFile(filepath.Join(dir, wholeFolder, file))
				if string(moved) != content && string(waiting) != content {
					t.Errorf("after %d steps the new %s is lost", kill, file)
				}
			}
			leave, err := Claim(dir)
			if err != nil {
				t.Fatal(err)
			}
			leave()
			if now := there(dir); !maps.Equal(now, whole) {
				t.Errorf("after %d steps, and the next call, there is %v", kill, now)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(whole)+1 {
				t.Errorf("after %d steps, and the next call, there are %v, error %v", kill, entries, err)
			}
			if kill >= len(steps) {
				break
			}
		}
	}
	if killedIn["new"] < 4 {
		t.Errorf("the new answer was whole %d times, want at both ends twice", killedIn["new"])
	}
	dir := begin(former, newFolder) // which is not whole yet
	if leave, err := Claim(dir); err != nil {
		t.Error(err)
	} else {
		leave()
	}
	if now := there(dir); !maps.Equal(now, former) {
		t.Errorf("before the new answer is whole there is %v instead of the former one", now)
	}
	if _, err := commit(dir); err != nil || !maps.Equal(there(dir), whole) {
		t.Errorf("there is %v, error %v", there(dir), err)
	}
}

// A folder of somebody else's that is called as ours is left alone.
func TestPlacingLeavesOthersAlone(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	for _, path := range []string{filepath.Join(elsewhere, answerFile), filepath.Join(elsewhere, "mine.txt")} {
		if err := os.WriteFile(path, []byte(`{"verdict": "new", "causes": []}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, wholeFolder)); err != nil {
		t.Skip("no links here:", err)
	}
	if steps := placing(dir); steps != nil {
		t.Error("files are moved from behind a link")
	}
}

func TestClaimRemovesPartsOfFiles(t *testing.T) {
	dir := t.TempDir()
	part, foreign := filepath.Join(dir, "."+pageFile+"123"), filepath.Join(dir, ".mine123")
	for _, path := range []string{part, foreign} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	leave, err := Claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() != filepath.Base(foreign) {
		t.Errorf("left: %v, error %v", left, err)
	}
}

func TestClaimRefusesWhatIsNoAnswer(t *testing.T) {
	claimable := func(content map[string]string) bool {
		dir := t.TempDir()
		for file, text := range content {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		leave, err := Claim(dir)
		if err == nil {
			defer leave()
			if again, err := Claim(dir); err == nil {
				again()
				t.Error("two diagnoses are to go into one folder")
			}
		}
		for file, text := range content {
			if b, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(b) != text {
				t.Errorf("%s was changed", file)
			}
		}
		return err == nil
	}
	own := `{"verdict": "HEALTHY", "causes": []}`
	for _, c := range []struct {
		content map[string]string
		want    bool
	}{
		{nil, true}, {map[string]string{"mine.txt": "mine"}, true}, {map[string]string{answerFile: own, fixedFile: "model", pageFile: "page"}, true},
		{map[string]string{pageFile: "mine"}, false}, {map[string]string{fixedFile: "mine"}, false}, {map[string]string{answerFile: "{}"}, false},
		{map[string]string{answerFile: "[]", pageFile: "mine"}, false}, {map[string]string{"study.json": "{}"}, false},
	} {
		if got := claimable(c.content); got != c.want {
			t.Errorf("%v can be claimed: %t, want %t", c.content, got, c.want)
		}
	}
}
