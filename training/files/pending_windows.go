package files

import (
	"os"
	"path/filepath"
)

// newPending makes the file without renameio, whose authors leave Windows out, since no call there is atomic by promise; os.Rename replaces a file
// in one call (MoveFileEx), which is the best that there is.
func newPending(path string) (pending, error) {
	return os.CreateTemp(filepath.Dir(path), pendingPrefix(path)+"*")
}

// mayWrite tells why newPending would fail. Windows tells that only of a file that is made; it goes at once.
func mayWrite(path string) error {
	probe, err := newPending(path)
	if err != nil {
		return err
	}
	_ = probe.Close()
	return os.Remove(probe.Name())
}
