package experiments

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"dcae/graph"
	"dcae/training"
)

// runMemory estimates the bytes that one run needs beside the images, which all runs share. All numbers are float32.
//   - Training needs every layer's output for a batch, and twice as much for gradients and the kernels' scratch space.
//   - Evaluation keeps two neighbouring layers' outputs: those of the largest two count.
//   - Each value of a variable needs five numbers: itself, its gradient, two moments of the optimizer, and a copy.
//
// The garbage collector may let this grow by half. 32 MiB are for everything else.
func runMemory(m *graph.Model, batch int) (bytes float64, err error) {
	shapes, err := m.Shapes()
	if err != nil {
		return 0, err
	}
	params, err := m.Init(0, graph.Float32)
	if err != nil {
		return 0, err
	}
	values, _ := params.Count()
	all, before, largest := m.Input.Size(), m.Input.Size(), 0
	for _, s := range shapes {
		n := s.Size()
		all += n
		largest = max(largest, before+n)
		before = n
	}
	return 32<<20 + 1.5*4*(3*float64(batch)*float64(all)+float64(training.EvaluationBatch*largest+5*values)), nil
}

// workersFor is how many runs that need so many bytes fit into the memory at the same time, at least one. A fifth stays free.
func workersFor(bytes, memory float64) int {
	return int(max(1, min(0.8*memory/bytes, math.MaxInt32)))
}

// availableMemory is how many bytes this process can still use: the smallest of MemAvailable in /proc/meminfo and of what the limits of
// its control groups (version 2) leave free. It is infinite on systems other than Linux. Files in the cache count as a group's
// memory, but Linux drops them when memory is needed, so they are taken off. root is / except in tests.
func availableMemory(root string) float64 {
	available := math.Inf(1)
	if kB, ok := memoryField(filepath.Join(root, "proc/meminfo"), "MemAvailable:"); ok {
		available = 1024 * kB
	}
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return available
	}
	for line := range strings.Lines(string(groups)) {
		group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		for group = filepath.Clean("/" + group); ; group = filepath.Dir(group) { // the group, and those that it is in
			folder := filepath.Join(root, "sys/fs/cgroup", group)
			limit, ok := memoryField(filepath.Join(folder, "memory.max"), "")
			used, known := memoryField(filepath.Join(folder, "memory.current"), "")
			if files, ok := memoryField(filepath.Join(folder, "memory.stat"), "inactive_file"); ok {
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

// memoryField reads the number after a word at the beginning of a line; with no word, the first of the file.
func memoryField(path, word string) (float64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if word != "" {
			if len(fields) == 0 || fields[0] != word {
				continue
			}
			fields = fields[1:]
		}
		if len(fields) == 0 {
			return 0, false
		}
		x, err := strconv.ParseFloat(fields[0], 64) // "max" is no number: no limit
		return x, err == nil
	}
	return 0, false
}
