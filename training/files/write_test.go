package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

func TestWriteReplacesAsAWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	put := func(text string, err error) error {
		return Write(path, func(file File) error {
			if _, err := file.Write([]byte(text)); err != nil {
				return err
			}
			return err
		})
	}
	check := func(want string) {
		t.Helper()
		if content, err := os.ReadFile(path); err != nil || string(content) != want {
			t.Errorf("%q, error %v, want %q", content, err, want)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("left behind: %v, error %v", entries, err)
		}
	}
	if err := put("first", nil); err != nil {
		t.Fatal(err)
	}
	check("first")
	fire := errors.New("disk on fire")
	if err := put("sec", fire); !errors.Is(err, fire) {
		t.Errorf("error %v instead of the writer's own", err)
	}
	check("first")
	if err := put("third", nil); err != nil {
		t.Fatal(err)
	}
	check("third")
}

func TestFilesThatBelongTogetherAreReplacedTogether(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	put := func(text string, last error) error {
		var both Together
		defer both.Discard()
		for path, err := range map[string]error{a: nil, b: last} {
			if err := both.Write(path, func(file File) error {
				if _, failed := file.Write([]byte(text)); failed != nil {
					return failed
				}
				return err
			}); err != nil {
				return err
			}
		}
		return both.Place()
	}
	check := func(want string) {
		t.Helper()
		for _, path := range []string{a, b} {
			if content, err := os.ReadFile(path); err != nil || string(content) != want {
				t.Errorf("%s holds %q, error %v, want %q", path, content, err, want)
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
			t.Errorf("left behind: %v, error %v", entries, err)
		}
	}
	if err := put("first", nil); err != nil {
		t.Fatal(err)
	}
	check("first")
	fire := errors.New("disk on fire")
	for range 4 { // in either order of the two
		if err := put("second", fire); !errors.Is(err, fire) {
			t.Errorf("error %v instead of the writer's own", err)
		}
		check("first")
	}
	if err := put("third", nil); err != nil {
		t.Fatal(err)
	}
	check("third")
}

func TestWriteSaysWhatItCannotWrite(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "none", "a"): "no such file",
		dir:                             "is no file",
		os.DevNull:                      "is no file", // it would be replaced by one
	} {
		err := WriteBytes(path, []byte("text"))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%s: error %v, which does not say %q and the path once", path, err, want)
		}
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatalf("%s is a file now, error %v", os.DevNull, err)
	}
}

func TestWriteKeepsPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(path, []byte("secret")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, error %v", info.Mode(), err)
	}
}

func TestRemoveAbandonedRemovesOnlyWhatWriteLeft(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "a.csv")
	_ = Write(left, func(f File) error { // a writer that is killed leaves what it had written
		name := f.(interface{ Name() string }).Name()
		return os.Link(name, name+"7")
	})
	foreign := []string{".a.csv", ".a.csv.swp", ".b.csv12", "a.csv12", ".a.csv-12"}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(left); err != nil {
		t.Fatal(err)
	}
	if err := RemoveAbandoned(dir, "a.csv", "c"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(foreign) {
		t.Errorf("left %v instead of %v", entries, foreign)
	}
}
