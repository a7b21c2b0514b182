package files

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// MakeFolder makes a folder, and those that it is to be in, if they are not there. undo removes what it made again, as far as it is empty. It fails if
// a folder cannot be made.
func MakeFolder(dir string) (undo func(), err error) {
	var made []string // the innermost first
	for path := filepath.Clean(dir); ; path = filepath.Dir(path) {
		if _, err := os.Lstat(path); err == nil || path == filepath.Dir(path) {
			break
		}
		made = append(made, path)
	}
	undo = func() {
		for _, path := range made {
			if os.Remove(path) != nil {
				return // others are in there by now
			}
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		undo()
		return nil, errors.Errorf("cannot make the folder %s: %v", dir, Reason(err))
	}
	return undo, nil
}
