//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package experiments

import (
	"os"
	"syscall"

	"github.com/pkg/errors"
)

// lock is a file that one process at a time holds. The system releases it when the process ends, in whatever way. Between
// machines it works where the file system hands flock on to its server: NFS from version 4 on (not mounted with
// local_lock), Lustre mounted with -o flock, and others. Where there are no locks at all, nobody is kept away.
type lock struct {
	path string
	file *os.File
}

// tryLock takes the lock; nil if another holds it.
func tryLock(path string) (*lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, errors.Errorf("cannot write %s: %v", path, reason(err))
		}
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
		case nil, syscall.ENOLCK, syscall.ENOSYS, syscall.EOPNOTSUPP:
		case syscall.EWOULDBLOCK:
			_ = f.Close()
			return nil, nil
		default:
			_ = f.Close()
			return nil, errors.Errorf("cannot lock %s: %v", path, err)
		}
		if l := (&lock{path, f}); l.inPlace() {
			return l, nil
		}
		_ = f.Close() // its holder has removed it since it was opened
	}
}

// inPlace tells whether the locked file is the one that others find under its name.
func (l *lock) inPlace() bool {
	held, err := l.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(l.path)
	return err == nil && os.SameFile(held, named)
}

// release removes the file, and lets others lock.
func (l *lock) release() {
	_ = os.Remove(l.path) // it disturbs nothing if it stays
	_ = l.file.Close()
}
