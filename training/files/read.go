package files

import (
	"os"

	"github.com/pkg/errors"
)

// Open opens a file to read. It fails if the file is none, but a folder, a device or a pipe, which could be waited for in vain or without an end, or if it
// cannot be read. The error is without the path.
func Open(path string) (*os.File, error) {
	if err := mustBeFile(path); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, Reason(err)
	}
	return file, nil
}

// ReadFile reads a whole file. It fails as [Open] does.
func ReadFile(path string) ([]byte, error) {
	if err := mustBeFile(path); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, Reason(err)
	}
	return b, nil
}

func mustBeFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Reason(err)
	case info.IsDir():
		return errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return errors.New("it is no file, but a pipe or a device")
	}
	return nil
}
