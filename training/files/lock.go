package files

import (
	"context"
	stderrors "errors"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/pkg/errors"
)

// lockWait is how long to wait before trying again to take a lock.
const lockWait = 50 * time.Millisecond

// Lock is a file that one process at a time holds, or several share. The system releases it when the process ends, in whatever way. Between
// machines it works where the file system hands flock on to its server: NFS from version 4 on (not mounted with
// local_lock), Lustre mounted with -o flock, and others. Where there are no locks at all, nobody is kept away.
type Lock struct {
	path string
	file *flock.Flock
}

// TryLock takes the lock; nil if another holds it, or shares it. It fails if the file cannot be made or opened, or is a link.
func TryLock(path string) (*Lock, error) {
	l, err := try(path, (*flock.Flock).TryLock)
	if l != nil {
		opened.add(path) // a shared one is for the last of those who share it to remove
	}
	return l, err
}

// TryShare takes a lock that any number of processes may share; nil if one has it for itself. It fails as TryLock does.
func TryShare(path string) (*Lock, error) { return try(path, (*flock.Flock).TryRLock) }

func try(path string, take func(*flock.Flock) (bool, error)) (*Lock, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, errors.Errorf("cannot lock %s: it is no file", path)
	}
	for {
		file := flock.New(path, flock.SetFlag(os.O_RDWR|os.O_CREATE), flock.SetPermissions(0o644))
		held, err := take(file)
		switch {
		case isWithoutLocks(err):
			return &Lock{path: path}, nil
		case err != nil:
			return nil, errors.Errorf("cannot lock %s: %v", path, Reason(err))
		case !held:
			return nil, nil
		}
		if l := (&Lock{path, file}); l.inPlace() {
			return l, nil
		}
		_ = file.Unlock() // its holder has removed it since it was opened
	}
}

// isWithoutLocks tells whether err says that the file system or the operating system has no locks.
func isWithoutLocks(err error) bool {
	return errors.Is(err, stderrors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK)
}

// WaitForLock takes a lock as soon as nobody else holds it. If it has to wait, it calls waiting once. It fails as TryLock does, and
// with ctx's error when ctx ends.
func WaitForLock(ctx context.Context, path string, waiting func()) (*Lock, error) {
	for first := true; ; first = false {
		if l, err := TryLock(path); l != nil || err != nil {
			return l, err
		}
		if first {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockWait):
		}
	}
}

// inPlace tells whether the locked file is the one that others find under its name.
func (l *Lock) inPlace() bool {
	held, err := l.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(l.path)
	return err == nil && os.SameFile(held, named)
}

// Release removes the file, unless others share the lock, and lets others lock. It does nothing with nil.
func (l *Lock) Release() {
	if l == nil {
		return
	}
	opened.remove(l.path)
	if l.file == nil {
		_ = os.Remove(l.path)
		return
	}
	if alone, err := l.file.TryLock(); !alone || err != nil {
		_ = l.file.Unlock() // the last of those who share it removes it
		return
	}
	_ = os.Remove(l.path) // before others may lock it, or they would lock a file without a name; it disturbs nothing if it stays
	_ = l.file.Unlock()
	if runtime.GOOS == "windows" { // where nobody can remove a file that anybody has open
		_ = os.Remove(l.path)
	}
}
