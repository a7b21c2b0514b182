package plots

import (
	"math"
	"reflect"
	"testing"
)

func seriesOf(ys ...float64) Series {
	var s Series
	for i, y := range ys {
		s = append(s, Point{float64(i), y})
	}
	return s
}

func TestSummarize(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name              string
		runs              []Series
		median, low, high Series
	}{
		{"three runs", []Series{seriesOf(1, 5), seriesOf(2, 4), seriesOf(9, 9)}, seriesOf(2, 5), seriesOf(1, 4), seriesOf(9, 9)},
		{"even number", []Series{seriesOf(1, -1, 0), seriesOf(4, 3, 9)}, seriesOf(2, 1, 0), seriesOf(1, -1, 9), seriesOf(4, 3, 9)},
		{"one of three diverges and stops", []Series{seriesOf(1, 1, 1), seriesOf(2, 2, 2), seriesOf(3, nan)}, seriesOf(2, 2, 2), seriesOf(1, 1, 1), seriesOf(3, 2, 2)},
		{"most diverge", []Series{seriesOf(1, 1), seriesOf(2, inf), seriesOf(3, nan)}, seriesOf(2, inf), seriesOf(1, 1), seriesOf(3, 1)},
		{"a run ends early", []Series{seriesOf(1, 1), seriesOf(9)}, seriesOf(3, 1), seriesOf(1, 1), seriesOf(9, 1)},
		{"different x", []Series{{{0, 1}, {2, 1}}, {{1, 5}}}, Series{{0, 1}, {1, 5}, {2, 1}}, Series{{0, 1}, {1, 5}, {2, 1}}, Series{{0, 1}, {1, 5}, {2, 1}}},
		{"zeros are not in the range", []Series{seriesOf(0), seriesOf(0), seriesOf(7)}, seriesOf(0), seriesOf(7), seriesOf(7)},
	} {
		got := summarize(c.runs)
		for _, part := range []struct {
			name      string
			got, want Series
		}{{"median", got.median, c.median}, {"low", got.low, c.low}, {"high", got.high, c.high}} {
			if !reflect.DeepEqual(part.got, part.want) {
				t.Errorf("%s: %s is %v, want %v", c.name, part.name, part.got, part.want)
			}
		}
	}
}

func TestSummarizeMarksZeros(t *testing.T) {
	got := summarize([]Series{seriesOf(1, 0, 2), seriesOf(1, 1, 2), seriesOf(1, 1, 2)}).zeros
	if want := seriesOf(-1, 0, -1); !reflect.DeepEqual(got, want) {
		t.Errorf("zeros are at %v, want %v", got, want)
	}
}

// Stretches keep the extremes and do not lose a failure.
func TestThin(t *testing.T) {
	got := thin(seriesOf(3, 1, 2, 9, 9, 9, 4, math.NaN()), 3)
	if want := (Series{{1.5, 2}, {4.5, 9}, {7.5, math.Inf(1)}}); !reflect.DeepEqual(got.median, want) {
		t.Errorf("medians %v, want %v", got.median, want)
	}
	if want := (Series{{1.5, 1}, {4.5, 9}, {7.5, 4}}); !reflect.DeepEqual(got.low, want) {
		t.Errorf("lowest %v, want %v", got.low, want)
	}
	if want := (Series{{1.5, 3}, {4.5, 9}, {7.5, 4}}); !reflect.DeepEqual(got.high, want) {
		t.Errorf("highest %v, want %v", got.high, want)
	}
}

func TestLayerNames(t *testing.T) {
	s := Study{Arms: []Arm{{Layers: []string{"a", "c"}}, {Layers: []string{"a", "b", "c", "d"}}}}
	if got, want := s.layerNames(), []string{"a", "b", "c", "d"}; !reflect.DeepEqual(got, want) {
		t.Errorf("layers are merged to %v, want %v", got, want)
	}
}

func TestMoments(t *testing.T) {
	g := GradientNorms{Steps: []float64{0, 10, 20}}
	for step, want := range map[float64]int{0: 0, 9: 0, 10: 1, 20: 2, 21: -1, -1: -1, math.Inf(1): 2} {
		if got := g.at(step); got != want {
			t.Errorf("step %v is record %d, want %d", step, got, want)
		}
	}
	if got := (GradientNorms{}).at(math.Inf(1)); got != -1 {
		t.Errorf("the end of nothing is record %d", got)
	}
}
