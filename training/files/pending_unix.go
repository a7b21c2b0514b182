//go:build !windows

package files

import (
	stderrors "errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

func newPending(path string) (pending, error) {
	return renameio.NewPendingFile(path,
		renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
}

// mayWrite tells why newPending would fail, as far as that is known without making a file, which would stay if the program were killed then.
func mayWrite(path string) error {
	folder := filepath.Dir(path)
	longest := pendingPrefix(path) + strings.Repeat("0", 19)                                                  // renameio takes a random number of 63 bits
	if _, err := os.Lstat(filepath.Join(folder, longest)); err != nil && !stderrors.Is(err, fs.ErrNotExist) { // the name is too long, say
		return err
	}
	return unix.Access(folder, unix.W_OK|unix.X_OK)
}
