package kernel

import "testing"

func TestSpeedsOfTheMachine(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	for name, speed := range map[string]float64{"multiplications": PeakFLOPS(pool), "bytes": CopyBytes(pool)} {
		if !(speed > 1e7 && speed < 1e14) {
			t.Errorf("%g %s a second", speed, name)
		}
	}
}
