package files

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMakeFolderUndoesWhatItMade(t *testing.T) {
	dir := t.TempDir()
	there, fresh := filepath.Join(dir, "there"), filepath.Join(dir, "there", "a", "b")
	if err := os.Mkdir(there, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, kept := range []bool{false, true} {
		undo, err := MakeFolder(fresh)
		if err != nil {
			t.Fatal(err)
		}
		if kept {
			if err := os.WriteFile(filepath.Join(there, "a", "mine"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		undo()
		if _, err := os.Stat(fresh); !os.IsNotExist(err) {
			t.Errorf("the folder is still there, error %v", err)
		}
		if _, err := os.Stat(filepath.Dir(fresh)); os.IsNotExist(err) == kept {
			t.Errorf("a folder that holds a file: %t; error %v", kept, err)
		}
	}
	if undo, err := MakeFolder(there); err != nil {
		t.Error(err)
	} else if undo(); !isThere(there) {
		t.Error("a folder was removed that had been there before")
	}
	if _, err := MakeFolder(filepath.Join(there, "a", "mine", "x")); err == nil {
		t.Error("a folder was made in a file")
	}
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
