package files

import (
	"os"
	"path/filepath"
	"testing"
)

func TestInsideRefusesWhatLeadsOut(t *testing.T) {
	root := t.TempDir()
	dir, outside := filepath.Join(root, "dir"), filepath.Join(root, "outside")
	for _, d := range []string{filepath.Join(dir, "runs", "a"), outside} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"link": outside, filepath.Join("runs", "b"): filepath.Join(dir, "runs", "a"), filepath.Join("runs", "steps.csv"): filepath.Join(outside, "steps.csv")} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	for _, parts := range [][]string{{".."}, {"runs", "..", ".."}, {"runs", "../../outside"}, {"/etc"}, {""}, {"link"}, {"link", "new"}, {"runs", "b", "new"}, {"runs", "steps.csv"}} {
		if path, err := Inside(dir, parts...); err == nil && path != filepath.Join(dir, filepath.Join(parts...)) || err == nil && len(parts[0]) > 0 {
			t.Errorf("%q is let through as %s", parts, path)
		}
	}
	linked := filepath.Join(root, "linked") // the folder itself may be reached by a link
	if err := os.Symlink(dir, linked); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, linked} {
		if path, err := Inside(d, "runs", "a", "new", "steps.csv"); err != nil || path != filepath.Join(d, "runs", "a", "new", "steps.csv") {
			t.Errorf("%s, error %v", path, err)
		}
	}
}
