package training

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FreeMemory is how many bytes this process can still use: the smallest of MemAvailable in /proc/meminfo and of what its own limits (ulimit -v, -d) and
// those of its control groups leave free. It is infinite on systems other than Linux. Files in the cache count as a group's
// memory, but Linux drops them when memory is needed, so they are taken off.
func FreeMemory() float64 { return freeMemory("/") }

// freeMemory is FreeMemory of a system whose files are under root.
func freeMemory(root string) float64 {
	available := math.Inf(1)
	if kB, ok := memoryField(filepath.Join(root, "proc/meminfo"), "MemAvailable:"); ok {
		available = 1024 * kB
	}
	for _, l := range ownLimits {
		limit, ok := memoryField(filepath.Join(root, "proc/self/limits"), l.limit)
		used, known := memoryField(filepath.Join(root, "proc/self/status"), l.used)
		if ok && known {
			available = min(available, max(0, limit-float64(1024*used)))
		}
	}
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return available
	}
	for line := range strings.Lines(string(groups)) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, _ := strings.Cut(line, ":")
		files, ok := groupFilesOf[controllers]
		if !ok {
			continue
		}
		for group = filepath.Clean("/" + group); ; group = filepath.Dir(group) { // the group, and those that it is in
			folder := filepath.Join(root, "sys/fs/cgroup", files.folder, group)
			limit, ok := memoryField(filepath.Join(folder, files.limit), "")
			used, known := memoryField(filepath.Join(folder, files.used), "")
			if files, ok := memoryField(filepath.Join(folder, "memory.stat"), files.cached); ok {
				used -= files
			}
			if ok && known {
				available = min(available, max(0, limit-used))
			}
			if group == "/" {
				break
			}
		}
	}
	return available
}

// ownLimits are where a process' limits stand in /proc/self/limits, in bytes, and its use in /proc/self/status, in kB.
var ownLimits = []struct{ limit, used string }{{"Max address space", "VmSize:"}, {"Max data size", "VmData:"}}

// groupFilesOf says where a control group's limit and use of memory stand, by its controllers in /proc/self/cgroup: none in version 2, memory in
// version 1.
var groupFilesOf = map[string]struct{ folder, limit, used, cached string }{
	"":       {"", "memory.max", "memory.current", "inactive_file"},
	"memory": {"memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
}

// memoryField reads the number after words at the beginning of a line; with no words, the first of the file.
func memoryField(path, words string) (float64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		rest, found := strings.CutPrefix(line, words)
		if !found {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return 0, false
		}
		x, err := strconv.ParseFloat(fields[0], 64) // "max" and "unlimited" are no numbers: no limit
		return x, err == nil
	}
	return 0, false
}
