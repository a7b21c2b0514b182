package files

import (
	"os"
	"path/filepath"
)

// replacement does what renameio does elsewhere. Its authors leave Windows out, since no call there is atomic by promise; os.Rename
// replaces a file in one call (MoveFileEx), which is the best that there is.
type replacement struct {
	*os.File
	path string
}

func newPending(path string) (pending, error) {
	file, err := os.CreateTemp(filepath.Dir(path), pendingPrefix(path)+"*")
	if err != nil {
		return nil, err
	}
	return &replacement{file, path}, nil
}

func (r *replacement) CloseAtomicallyReplace() error {
	if err := r.Sync(); err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	return os.Rename(r.Name(), r.path)
}

func (r *replacement) Cleanup() error {
	_ = r.Close()
	return os.Remove(r.Name()) // it fails, as it should, once the file has its name
}
