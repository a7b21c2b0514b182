package experiments

import (
	"math"
	"testing"
)

func TestWorkersFor(t *testing.T) {
	for _, c := range []struct {
		bytes, memory float64
		want          int
	}{{100, 1000, 8}, {100, 0, 1}, {100, 50, 1}, {1, math.Inf(1), math.MaxInt32}} {
		if got := workersFor(c.bytes, c.memory); got != c.want {
			t.Errorf("%g bytes in %g: %d workers, want %d", c.bytes, c.memory, got, c.want)
		}
	}
}
