package atomicfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
)

func TestWriteKeepsTheOldFileOnError(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	put := func(text string, err error) error {
		return Write(name, func(file *os.File) error {
			if _, err := file.WriteString(text); err != nil {
				return err
			}
			return err
		})
	}
	if err := put("first", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("sec", errors.New("disk on fire")); err == nil {
		t.Error("no error")
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "first" {
		t.Errorf("%q, error %v", content, err)
	}
	if err := put("third", nil); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "third" {
		t.Errorf("%q, error %v", content, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, error %v", entries, err)
	}
	if err := Write(filepath.Join(dir, "none", "a"), func(*os.File) error { return nil }); err == nil {
		t.Error("a folder that is not there is accepted")
	}
}
