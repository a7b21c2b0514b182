package files

import (
	"os"

	"github.com/pkg/errors"
)

// Open opens a file to read. It fails if the file is none, but a folder, a device or a pipe, which could be waited for in vain or without an end, or if it
// cannot be read. The error is without the path.
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, Reason(err)
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file, but a pipe or a device")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, Reason(err)
	}
	return file, nil
}

// ReadFile reads a whole file. It fails as [Open] does.
func ReadFile(path string) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	_ = file.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, Reason(err)
	}
	return b, nil
}
