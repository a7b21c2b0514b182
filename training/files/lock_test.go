package files

import (
	"context"
	stderrors "errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pkg/errors"
)

func TestLockKeepsOthersAway(t *testing.T) {
	path, waited := filepath.Join(t.TempDir(), ".lock"), 0
	first, err := TryLock(path)
	if first == nil || err != nil {
		t.Fatalf("%v, error %v", first, err)
	}
	if second, err := TryLock(path); second != nil || err != nil {
		t.Fatalf("held twice: %v, error %v", second, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*lockWait)
	defer cancel()
	if second, err := WaitForLock(ctx, path, func() { waited++ }); second != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v, error %v", second, err)
	}
	go func() {
		time.Sleep(2 * lockWait)
		first.Release()
	}()
	second, err := WaitForLock(context.Background(), path, func() { waited++ })
	if second == nil || err != nil {
		t.Fatalf("%v, error %v", second, err)
	}
	if waited != 2 {
		t.Errorf("told %d times that it waits, want once for each of two", waited)
	}
	second.Release()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the released lock is still there, error %v", err)
	}
}

// A file system or an operating system without locks keeps nobody away.
func TestWithoutLocksNobodyIsKeptAway(t *testing.T) {
	for _, err := range []error{syscall.ENOLCK, syscall.ENOSYS, syscall.EOPNOTSUPP, stderrors.ErrUnsupported} {
		if !isWithoutLocks(&os.PathError{Op: "Lock", Path: "a", Err: err}) {
			t.Errorf("%v counts as another's lock or as an error", err)
		}
	}
	for _, err := range []error{nil, os.ErrPermission, os.ErrNotExist} {
		if isWithoutLocks(err) {
			t.Errorf("%v counts as a system without locks", err)
		}
	}
	l := &Lock{path: filepath.Join(t.TempDir(), ".lock")}
	l.Release()
}

func TestTryLockSaysWhatItCannotMake(t *testing.T) {
	if l, err := TryLock(filepath.Join(t.TempDir(), "none", ".lock")); l != nil || err == nil {
		t.Errorf("%v, error %v", l, err)
	}
}

func TestLockIsHeldByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	var held, count atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				l, err := TryLock(path)
				if err != nil {
					t.Error(err)
				}
				if l == nil {
					continue
				}
				if held.Add(1) > 1 {
					t.Error("two hold the lock")
				}
				count.Add(1)
				time.Sleep(time.Microsecond)
				held.Add(-1)
				l.Release()
			}
		})
	}
	all.Wait()
	if _, err := os.Stat(path); count.Load() == 0 || !os.IsNotExist(err) {
		t.Errorf("%d took the lock; its file is left: %v", count.Load(), err)
	}
}

func TestSharedLockKeepsOutWhoWantsItAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".in-use")
	take := func(how func(string) (*Lock, error), want bool) *Lock {
		t.Helper()
		l, err := how(path)
		if err != nil || (l != nil) != want {
			t.Fatalf("taken: %t, want %t, error %v", l != nil, want, err)
		}
		return l
	}
	first, second := take(TryShare, true), take(TryShare, true)
	take(TryLock, false)
	first.Release()
	take(TryLock, false)
	third := take(TryShare, true)
	second.Release()
	third.Release()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the last one left the file, error %v", err)
	}
	alone := take(TryLock, true)
	take(TryShare, false)
	alone.Release()
	take(TryShare, true).Release()
}
