// Package atomicfile writes files that appear whole or not at all.
//
// github.com/google/renameio does the same on Unix, but leaves Windows out on purpose; os.Rename replaces a file there
// too, though without a promise across a power cut.
package atomicfile

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// TempSuffix ends the names of files that are being written; one that is left over was abandoned.
const TempSuffix = ".partial"

// Write calls write with a new file in the same folder and, when that succeeds, gives it the name. On an error the
// file under that name stays as it was.
func Write(name string, write func(*os.File) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*"+TempSuffix)
	if err != nil {
		return errors.WithStack(err)
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name()) // fails, as it should, once the file is renamed
	}()
	if err := write(file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return errors.WithStack(err)
	}
	if err := file.Chmod(0o644); err != nil {
		return errors.WithStack(err)
	}
	if err := file.Close(); err != nil {
		return errors.WithStack(err)
	}
	return errors.WithStack(os.Rename(file.Name(), name))
}
