package kernel

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// hugeKiB is how much of the process's memory lies on huge pages.
func hugeKiB(t *testing.T) int {
	memory, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Skip("this system does not tell of its memory: ", err)
	}
	m := regexp.MustCompile(`AnonHugePages:\s+(\d+) kB`).FindSubmatch(memory)
	if m == nil {
		t.Skip("this system does not tell how much memory lies on huge pages")
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLargeSlicesLieOnHugePages(t *testing.T) {
	if mode, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); err != nil || strings.Contains(string(mode), "[never]") {
		t.Skip("this system has no huge pages")
	}
	before := hugeKiB(t)
	s := NewLarge[float32](16 << 20)
	for i := range s {
		s[i] = 1
	}
	if after := hugeKiB(t); after <= before {
		t.Errorf("%d KiB on huge pages, and with %d MiB more %d KiB", before, len(s)>>18, after)
	}
}
