package plots

import (
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Decimation leaves few points but keeps the extremes of each pixel column and both ends.
func TestDecimate(t *testing.T) {
	const n = 100_000
	var points []vg.Point
	for i := range n {
		points = append(points, vg.Point{X: vg.Length(i) / (n / 100.0), Y: vg.Length(math.Sin(float64(i) * 0.9))})
	}
	points[31_415].Y, points[27_182].Y = 50, -50
	got := decimate(points)
	if limit := 4 * 100 * pixelsPerUnit; len(got) > limit {
		t.Errorf("%d of %d points are left, want at most %d", len(got), n, limit)
	}
	low, high := got[0].Y, got[0].Y
	for i, p := range got {
		low, high = min(low, p.Y), max(high, p.Y)
		if i > 0 && p.X < got[i-1].X {
			t.Fatalf("points %d and %d are out of order", i-1, i)
		}
	}
	if low != -50 || high != 50 {
		t.Errorf("the range is %v to %v, want -50 to 50", low, high)
	}
	if got[0] != points[0] || got[len(got)-1] != points[n-1] {
		t.Error("an end is lost")
	}
}

// Wrapped lines fit and lose nothing.
func TestWrap(t *testing.T) {
	for _, s := range []string{"", "a", "several words of text", "batch_normalization/he_normal", strings.Repeat("x", 300), "äöü → 0.1 — and\na second line"} {
		for _, width := range []vg.Length{5, 40, 111, 400} {
			lines := tickText.wrap(s, width)
			for _, line := range lines {
				if tickText.width(line) > width && len([]rune(line)) > 1 {
					t.Errorf("%q is wider than %v", line, width)
				}
			}
			want := strings.Join(strings.Fields(s), "")
			if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != want {
				t.Errorf("%q wrapped to %v reads %q", s, width, got)
			}
		}
	}
}

func TestFormatResult(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.0677: "0.0677", 1: "1.00", 1234: "1234", 12345: "1.2e4", 3.2e-7: "3.2e-7", math.Inf(1): "inf", math.Inf(-1): "-inf"} {
		if got := formatResult(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	if got := formatResult(math.NaN()); got != "–" {
		t.Errorf("NaN is written %q", got)
	}
}

// Colour alone tells MaxArms arms apart, marker and colour together sixty.
func TestArmStylesDiffer(t *testing.T) {
	seen := map[draw.GlyphStyle]int{}
	colors := map[color.NRGBA]bool{}
	for i := range MaxArms {
		colors[armColor(i)] = true
	}
	if len(colors) != MaxArms {
		t.Errorf("%d arms have %d colours", MaxArms, len(colors))
	}
	for i := range 60 {
		if j, ok := seen[armMarker(i)]; ok {
			t.Errorf("arms %d and %d look the same", i, j)
		}
		seen[armMarker(i)] = i
	}
}

// Layers and categories keep their order in grey.
func TestSequentialBrightnessRises(t *testing.T) {
	for i := range 20 {
		if a, b := luminance(depthColor(i, 21)), luminance(depthColor(i+1, 21)); b <= a {
			t.Errorf("layer %d is not brighter than layer %d: %.3f and %.3f", i+1, i, b, a)
		}
	}
}

// An enlarged image consists of squares of its own pixels, upright.
func TestDrawPixels(t *testing.T) {
	img := image.NewGray(image.Rect(5, 5, 7, 7)) // white above left, black elsewhere
	img.SetGray(5, 5, color.Gray{255})
	canvas := vgimg.NewWith(vgimg.UseWH(10, 10), vgimg.UseDPI(72*pixelsPerUnit))
	drawPixels(draw.New(canvas), vg.Rectangle{Max: vg.Point{X: 10, Y: 10}}, img)
	for y := range 20 {
		for x := range 20 {
			want := uint32(0)
			if x < 10 && y < 10 {
				want = 0xffff
			}
			if r, _, _, _ := canvas.Image().At(x, y).RGBA(); r != want {
				t.Fatalf("pixel %d, %d is %x, want %x", x, y, r, want)
			}
		}
	}
}

// Sparse steps fill the columns between them, and what was not recorded stays empty.
func TestSpread(t *testing.T) {
	got := spread(Series{{0, 1}, {4, 1}, {6, 1}}, 10, func(x float64) float64 { return x / 10 })
	want := []int{0, 0, 0, 1, 1, 1, 2, -1, -1, -1}
	for k := range want {
		if got[k] != want[k] {
			t.Fatalf("columns show points %v, want %v", got, want)
		}
	}
}

// Marks that are moved apart do not cover each other, and no further than it takes.
func TestApart(t *testing.T) {
	for _, c := range []struct {
		positions []vg.Length
		want      []int
	}{
		{nil, []int{}},
		{[]vg.Length{5, 5, 5, 5, 5}, []int{0, 1, -1, 2, -2}},
		{[]vg.Length{0, 10, 20}, []int{0, 0, 0}},
		{[]vg.Length{0, 4, 8, 30}, []int{0, 1, -1, 0}},
		{[]vg.Length{0, 9, 18}, []int{0, 1, 0}},
	} {
		if got := apart(c.positions, 10); !slices.Equal(got, c.want) {
			t.Errorf("%v moved by %v, want %v", c.positions, got, c.want)
		}
	}
}

// Values that are not finite count as the largest.
func TestMedianOfDots(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3, 1, 2}, 2}, {[]float64{1, 4}, 2.5}, {[]float64{math.NaN(), 1, 2}, 2}, {[]float64{math.Inf(1), math.NaN(), 2}, math.Inf(1)}, {[]float64{1, math.NaN()}, math.Inf(1)},
	} {
		var dots []Dot
		for _, v := range c.values {
			dots = append(dots, Dot{Value: v})
		}
		if got := medianValue(dots); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
	if got := medianValue(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing is %v", got)
	}
}
