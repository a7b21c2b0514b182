package files

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestCheckOutputSparesWhatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	input, foreign, empty := put("input", "x"), put("foreign", "x"), put("empty", "")
	hard := filepath.Join(dir, "hard")
	if err := os.Link(input, hard); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	own, notOwn := func() bool { return true }, func() bool { return false }
	for _, c := range []struct {
		path  string
		isOwn func() bool
		want  string // "" if it may be written
	}{
		{filepath.Join(dir, "new"), notOwn, ""}, {empty, notOwn, ""}, {foreign, own, ""},
		{foreign, notOwn, "no earlier result"}, {input, own, "is read"}, {filepath.Join(dir, ".", "input"), own, "is read"}, {hard, own, "is read"},
		{dir, own, "is no file"}, {os.DevNull, own, "is no file"}, {filepath.Join(dir, "none", "new"), own, "no such file"}, {filepath.Join(input, "new"), own, "not a directory"},
		{filepath.Join(dir, strings.Repeat("n", 240)), own, "too long"}, // with what it is called while it is written
	} {
		err := CheckOutput(c.path, c.isOwn, input, filepath.Join(dir, "no input"))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.path, err, c.want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("left behind: %v, error %v", entries, err)
	}
	if after, err := os.Stat(dir); runtime.GOOS != "windows" && (err != nil || !after.ModTime().Equal(before.ModTime())) {
		t.Errorf("a file was made in the folder, which would stay if the program were killed; error %v", err)
	}
}
