//go:build linux

package experiments

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk is a disk of 1 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("only root can mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestFullDiskLosesNothing(t *testing.T) {
	s, disk := tiny(t), smallDisk(t)
	dir, ballast := filepath.Join(disk, "study"), filepath.Join(disk, "ballast")
	runUntil(t, s, dir, 4) // in the second run
	before := records(t, dir)
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o644); err == nil {
		t.Fatal("the disk is not full")
	}
	results, err := Run(context.Background(), s, Options{Dir: dir, Threads: 1, Invocation: "test"}, watcher{})
	if err == nil || !strings.Contains(err.Error(), "no space left on device") || !strings.Contains(err.Error(), dir) {
		t.Errorf("%d results, error %v", len(results), err)
	}
	after := records(t, dir)
	for path, content := range before {
		if !strings.HasPrefix(after[path], content) && filepath.Base(path) != checkpointFile {
			t.Errorf("%s has changed", path)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	f := runUntil(t, s, dir, 0)
	if n := f.epochs.Load(); n > 8 || len(*f.warnings) > 0 {
		t.Errorf("%d epochs were trained, want the 8 that were left; warnings %q", n, *f.warnings)
	}
	sameAsUninterrupted(t, dir)
}

func TestReadOnlyFolder(t *testing.T) {
	disk := smallDisk(t)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=1m"); err != nil {
		t.Skip("this file system cannot be made read-only here: ", err)
	}
	for _, dir := range []string{disk, filepath.Join(disk, "below")} {
		_, err := Run(context.Background(), tiny(t), Options{Dir: dir}, watcher{})
		if err == nil || !strings.Contains(err.Error(), "read-only file system") || !strings.Contains(err.Error(), dir) {
			t.Errorf("error %v", err)
		}
	}
}
