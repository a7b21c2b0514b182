package diagnosis

import (
	"os"
	"path/filepath"
	"testing"
)

// What an earlier answer had and a new one has not must not stand beside the new one.
func TestANewAnswerTakesTheOldOnesPlace(t *testing.T) {
	dir := t.TempDir()
	beside := filepath.Join(dir, ".new")
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
	for _, file := range allFiles {
		put("old", dir, file)
	}
	put("mine", dir, "mine.txt")
	put("new", beside, answerFile)
	put("new", beside, pageFile)
	for _, file := range allFiles {
		if err := putInPlace(beside, dir, file); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]string{answerFile: "new", pageFile: "new", fixedFile: "", pictureFile: "", "mine.txt": "mine"} {
		if b, err := os.ReadFile(filepath.Join(dir, file)); string(b) != want || (want == "") != os.IsNotExist(err) {
			t.Errorf("%s holds %q, want %q, error %v", file, b, want, err)
		}
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
		held, err := Claim(dir)
		if err == nil {
			defer held.Release()
			if again, err := Claim(dir); err == nil {
				again.Release()
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
