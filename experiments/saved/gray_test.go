package saved

import (
	"image"
	"testing"

	"dcae/training/dataset/npz"
)

// Samples without height and narrow ones are drawn as lines, each value of a step its own.
func TestSequencesAreDrawnAsLines(t *testing.T) {
	peak := make([]float32, 1000)
	peak[500] = 1
	two := make([]float32, 2*8)
	for i := range 8 {
		two[2*i+1] = 1
	}
	for name, c := range map[string]struct {
		shape  []int
		values []float32
		lines  bool
	}{
		"flat": {[]int{1, 1, 1000, 1}, peak, true}, "a line a step": {[]int{1, 1000, 1, 1}, peak, true}, "two values a step": {[]int{1, 8, 2, 1}, two, true},
		"image": {[]int{1, 4, 4, 1}, two, false}, "colour": {[]int{1, 5, 1, 3}, append(two, 0)[:15], false},
	} {
		all := Gray{0, 1}.Pictures(npz.Array{Shape: c.shape, Float32: c.values})
		if size := all[0].Bounds().Size(); len(all) != 1 || (size == image.Pt(lineWidth, lineHeight)) != c.lines {
			t.Errorf("%s: %d pictures of %v", name, len(all), size)
			continue
		}
		if !c.lines {
			continue
		}
		p := all[0].(*image.Gray)
		if name == "two values a step" {
			if top, bottom := p.GrayAt(10, 0).Y, p.GrayAt(10, lineHeight-1).Y; top != 100 || bottom != 40 {
				t.Errorf("%s: brightness %d at the top, %d at the bottom", name, top, bottom)
			}
			continue
		}
		if seen := p.GrayAt(lineWidth/2, 0).Y != 255 || p.GrayAt(lineWidth/2-1, 0).Y != 255; !seen || p.GrayAt(0, 0).Y != 255 || p.GrayAt(0, lineHeight-1).Y != 40 {
			t.Errorf("%s: the peak is lost", name)
		}
	}
}
