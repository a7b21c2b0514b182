//go:build !windows

package files

import (
	"path/filepath"

	"github.com/google/renameio/v2"
)

func newPending(path string) (pending, error) {
	return renameio.NewPendingFile(path,
		renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
}
