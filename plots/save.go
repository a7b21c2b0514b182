package plots

import (
	"io"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/pkg/errors"
)

// saveAtomically writes a file so that one of that name is replaced as a whole or not at all.
func saveAtomically(path string, write func(io.Writer) error) error {
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return errors.Wrapf(err, "creating %s", path)
	}
	defer func() { _ = file.Cleanup() }()
	if err := write(file); err != nil {
		return errors.WithMessage(err, path)
	}
	return errors.Wrapf(file.CloseAtomicallyReplace(), "replacing %s", path)
}
