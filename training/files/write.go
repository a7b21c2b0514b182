// Package files writes files that appear whole or not at all, and locks them between processes.
package files

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// File is what a file is written to before it gets its name.
type File interface {
	io.WriteSeeker
	io.WriterAt
}

// pending is a new file in the folder of the one that it is to replace.
type pending interface {
	File
	Name() string // the path that it has before it gets its own
	Sync() error
	Close() error
}

// Write calls write with a new file in path's folder and, when that succeeds, gives it the name path. It replaces a regular
// file of that name, whose permissions it takes over; a new file may be read by all and written by its owner, less the umask.
// On any error, and whenever the program is killed, the former file stays as it was.
//
// It fails if path is a folder, a device or a pipe, if the folder is missing or must not be written to, if the disk is full,
// and with write's error when that fails.
func Write(path string, write func(File) error) error {
	var alone Together
	defer alone.Discard()
	if err := alone.Write(path, write); err != nil {
		return err
	}
	return alone.Place()
}

// Together is files that belong together: they get their names when all of them have been written. Where one cannot be, since the disk is
// full, say, the former files stay, all of them. The zero value holds no files.
type Together struct{ written []written }

type written struct{ temporary, path string }

// Write is as the function [Write], but that the file gets its name later.
func (t *Together) Write(path string, write func(File) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return cannotWrite(path, errors.New("it is there and is no file"))
	}
	file, err := newPending(path)
	if err != nil {
		return cannotWrite(path, Reason(err))
	}
	opened.add(file.Name())
	t.written = append(t.written, written{file.Name(), path})
	if err := write(file); err != nil {
		_ = file.Close()
		if p := (*os.PathError)(nil); errors.As(err, &p) && p.Path == file.Name() { // a full disk, say
			return cannotWrite(path, p.Err)
		}
		return err
	}
	err = file.Sync() // before it gets its name, or a power failure would leave an empty file of that name
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return cannotWrite(path, Reason(err))
	}
	return nil
}

// Place gives the files their names, in the order in which they were written. It fails if a folder must not be written to any more.
func (t *Together) Place() error {
	for ; len(t.written) > 0; t.written = t.written[1:] {
		w := t.written[0]
		if err := os.Rename(w.temporary, w.path); err != nil {
			return cannotWrite(w.path, Reason(err))
		}
		opened.remove(w.temporary)
	}
	return nil
}

// Discard removes the files that have no names yet. What cannot be removed disturbs nothing.
func (t *Together) Discard() {
	for _, w := range t.written {
		_ = os.Remove(w.temporary)
		opened.remove(w.temporary)
	}
	t.written = nil
}

// unwritten is an error of the file system's, not of what was to be written.
type unwritten struct{ error }

func cannotWrite(path string, reason error) error {
	return unwritten{errors.Errorf("cannot write %s: %v", path, reason)}
}

// IsUnwritten tells whether [Write] failed since the disk is full, say, or the folder must not be written to, and not since what was to be
// written cannot be made.
func IsUnwritten(err error) bool { return errors.As(err, &unwritten{}) }

// WriteBytes is Write with all of the file's content. It fails as Write does.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(file File) error {
		_, err := file.Write(content)
		return err
	})
}

// IsAbandoned tells whether name, without its folder, is that of a file that Write had not finished for path. While nobody writes path, its writer
// was killed, and the file is of no use.
func IsAbandoned(name, path string) bool {
	random, ok := strings.CutPrefix(name, pendingPrefix(path))
	return ok && random != "" && strings.Trim(random, "0123456789") == ""
}

// RemoveAbandoned removes files that Write had not finished for some files of a folder. Nobody else may be writing them. It
// fails if the folder cannot be read, or such a file cannot be removed.
func RemoveAbandoned(dir string, names ...string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return errors.Errorf("cannot read the folder %s: %v", dir, Reason(err))
	}
	for _, e := range entries {
		for _, name := range names {
			path := filepath.Join(dir, e.Name())
			if !IsAbandoned(e.Name(), name) || !e.Type().IsRegular() {
				continue
			}
			if err := os.Remove(path); err != nil {
				return errors.Errorf("cannot remove %s: %v", path, Reason(err))
			}
		}
	}
	return nil
}

// pendingPrefix begins the name of a file that is being written for path; digits follow.
func pendingPrefix(path string) string { return "." + filepath.Base(path) }

// Reason is what the operating system says of a file, without the path, which the caller's message has.
func Reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}
