package training

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestFreeMemory(t *testing.T) {
	root := t.TempDir()
	write := func(path, content string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is := func(what string, want float64) {
		t.Helper()
		if got := freeMemory(root); got != want {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	is("another system", math.Inf(1))
	write("proc/meminfo", "MemTotal:       2000 kB\nMemFree:         10 kB\nMemAvailable:   1000 kB\n")
	is("no groups", 1000*1024)
	write("proc/self/cgroup", "1:cpu:/x\n0::/jobs/7\n")
	write("sys/fs/cgroup/jobs/7/memory.max", "max\n")
	write("sys/fs/cgroup/jobs/7/memory.current", "5000\n")
	is("a group without a limit", 1000*1024)
	write("sys/fs/cgroup/jobs/memory.max", "700000\n")
	write("sys/fs/cgroup/jobs/memory.current", "300000\n")
	is("a limit of the group above", 400000)
	write("sys/fs/cgroup/jobs/memory.stat", "anon 1\ninactive_file 50000\n")
	is("files make way", 450000)
	write("sys/fs/cgroup/jobs/7/memory.max", "6000\n")
	is("a limit of its own", 1000)
	write("sys/fs/cgroup/jobs/7/memory.current", "9000\n")
	is("over the limit", 0)
	write("proc/self/cgroup", "4:memory:/jobs/8\n0::/\n")
	write("sys/fs/cgroup/memory/jobs/8/memory.limit_in_bytes", "9223372036854771712\n")
	write("sys/fs/cgroup/memory/jobs/8/memory.usage_in_bytes", "5000\n")
	is("a group of version 1 without a limit", 1000*1024)
	write("sys/fs/cgroup/memory/jobs/8/memory.limit_in_bytes", "8000\n")
	write("sys/fs/cgroup/memory/jobs/8/memory.stat", "inactive_file 1\ntotal_inactive_file 100\n")
	is("a limit of version 1", 3100)
	write("proc/self/status", "VmPeak:\t 9 kB\nVmSize:\t 2 kB\nVmData:\t       1 kB\n")
	write("proc/self/limits", "Limit                     Soft Limit           Hard Limit           Units     \nMax data size             unlimited            unlimited            bytes     \nMax address space         4096                 unlimited            bytes     \n")
	is("ulimit -v", 2048)
	write("proc/self/limits", "Max data size             1500                 unlimited            bytes     \nMax address space         unlimited            unlimited            bytes     \n")
	is("ulimit -d", 1500-1024)
}
