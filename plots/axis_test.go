package plots

import (
	"math"
	"strconv"
	"testing"

	"gonum.org/v1/plot"
)

func TestFormatTick(t *testing.T) {
	for _, c := range []struct {
		v, step float64
		want    string
	}{
		{0, 0, "0"}, {1, 0, "1"}, {0.01, 0, "0.01"}, {0.001, 0, "1e-3"}, {1e-12, 0, "1e-12"}, {20000, 0, "20000"}, {1e5, 0, "1e5"}, {2e30, 0, "2e30"},
		{0.3, 0.1, "0.3"}, {0, 0.1, "0.0"}, {0.25, 0.05, "0.25"}, {1500, 500, "1500"}, {-2, 1, "-2"}, {0.0675, 0.0005, "0.0675"},
		{2.5e-7, 5e-8, "2.5e-7"}, {123000, 1000, "1.23e5"},
	} {
		if got := formatTick(c.v, c.step); got != c.want {
			t.Errorf("formatTick(%v, %v) = %q, want %q", c.v, c.step, got, c.want)
		}
	}
}

// Axes of any range have two to a dozen labels, all different, and each label reads as the value it marks.
func TestTicks(t *testing.T) {
	ranges := [][2]float64{{0.018, 0.23}, {0.0676, 0.0679}, {1e-7, 1}, {1e-30, 1e30}, {1, 256}, {0.9, 1.1}, {1e-12, 2e-12}, {3, 40}, {1e6, 1e6 + 10}}
	for _, r := range ranges {
		for kind, ticks := range map[string][]plot.Tick{
			"log": logTicks(r[0], r[1], 6), "linear": linearTicks(r[0], r[1], 6, false),
		} {
			labels := map[string]bool{}
			for _, tick := range ticks {
				if tick.Label == "" {
					continue
				}
				if labels[tick.Label] {
					t.Errorf("%s axis %v has the label %q twice", kind, r, tick.Label)
				}
				labels[tick.Label] = true
				read, err := strconv.ParseFloat(tick.Label, 64)
				if err != nil || math.Abs(read-tick.Value) > 0.01*math.Abs(tick.Value) {
					t.Errorf("%s axis %v: label %q at %v", kind, r, tick.Label, tick.Value)
				}
			}
			if len(labels) < 2 || len(labels) > 12 {
				t.Errorf("%s axis %v has %d labels: %v", kind, r, len(labels), labels)
			}
		}
	}
}

func TestIntegerTicks(t *testing.T) {
	for _, tick := range linearTicks(0.9, 3.1, 10, true) {
		if tick.Value != math.Trunc(tick.Value) {
			t.Errorf("an axis of whole numbers has a tick at %v", tick.Value)
		}
	}
}

// Zero lies in the middle of its band, all else above it in order.
func TestLogScale(t *testing.T) {
	s := logScale{0.2}
	for _, c := range []struct{ x, want float64 }{{0, 0.1}, {1e-4, 0.2}, {1e-2, 0.6}, {1, 1}, {-1, 0.1}, {math.NaN(), 0.1}} {
		if got := s.Normalize(1e-4, 1, c.x); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v is at %v of the axis, want %v", c.x, got, c.want)
		}
	}
}
