package saved

import (
	"image"
	"image/color"
	"math"

	"dcae/graph"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
)

// Gray maps values to the brightness of a picture.
type Gray struct{ Black, White float32 }

// GrayOf maps 0 to black and 1 to white; where the values of images lie outside of that, their smallest and largest.
func GrayOf(images *dataset.Images) Gray {
	var g Gray
	buffer := make([]float32, images.Shape().Size())
	for i := range images.Len() {
		images.Read(buffer, []int{i})
		g = g.Widened(buffer)
	}
	return g.OrUnit()
}

// Widened includes more values.
func (g Gray) Widened(values []float32) Gray {
	if g == (Gray{}) {
		g = Gray{float32(math.Inf(1)), float32(math.Inf(-1))}
	}
	for _, v := range values {
		if v-v == 0 { // finite
			g.Black, g.White = min(g.Black, v), max(g.White, v)
		}
	}
	return g
}

// OrUnit is 0..1 unless values lie outside of it.
func (g Gray) OrUnit() Gray {
	if g.Black < 0 || g.White > 1 {
		return g
	}
	return Gray{0, 1}
}

// byteOf is a value's brightness; not a number is black.
func (g Gray) byteOf(v float32) uint8 {
	if share := (v - g.Black) / (g.White - g.Black); share > 0 {
		return uint8(math.Round(255 * float64(min(share, 1))))
	}
	return 0
}

// picture draws one sample: an image, or lines where it has no height, or is a sequence.
func (g Gray) picture(shape graph.Shape, v []float32) image.Image {
	switch h, w, c := shape[0], shape[1], shape[2]; {
	case h == 1 && c == 1 && w > 1:
		return g.lines(v, 1)
	case c == 1 && w <= mostLines && h >= 4*w: // steps times values
		return g.lines(v, w)
	}
	box := image.Rect(0, 0, shape[1], shape[0])
	if shape[2] == 1 {
		p := image.NewGray(box)
		for i := range p.Pix {
			p.Pix[i] = g.byteOf(v[i])
		}
		return p
	}
	p := image.NewNRGBA(box)
	for i := range shape[0] * shape[1] {
		c := color.NRGBA{R: g.byteOf(v[3*i]), G: g.byteOf(v[3*i+1]), B: g.byteOf(v[3*i+2]), A: 255}
		p.SetNRGBA(i%shape[1], i/shape[1], c)
	}
	return p
}

// lineHeight and lineWidth are those of the picture of lines, in pixels. A narrow image of up to mostLines values a row is taken for a sequence.
const lineHeight, lineWidth, mostLines = 48, 96, 4

// lines draws a sequence of so many values a step, each a line from left to right, Black at the bottom and White at the top; later ones are lighter.
func (g Gray) lines(v []float32, values int) image.Image {
	p := image.NewGray(image.Rect(0, 0, lineWidth, lineHeight))
	for i := range p.Pix {
		p.Pix[i] = 255
	}
	last := len(v)/values - 1
	for s := range values {
		ink := color.Gray{Y: uint8(40 + 120*s/values)}
		at := func(step int) float64 { return float64(g.byteOf(v[min(step, last)*values+s])) }
		between := func(x int) float64 {
			step, rest := x*last/lineWidth, float64(x*last%lineWidth)/lineWidth
			return float64((1-rest)*at(step)) + float64(rest*at(step+1))
		}
		for x := range lineWidth {
			low, high := min(between(x), between(x+1)), max(between(x), between(x+1))
			for step := x*last/lineWidth + 1; step <= (x+1)*last/lineWidth; step++ { // so that no peak gets lost
				low, high = min(low, at(step)), max(high, at(step))
			}
			for y := int(low) * (lineHeight - 1) / 255; y <= int(high)*(lineHeight-1)/255; y++ {
				p.SetGray(x, lineHeight-1-y, ink)
			}
		}
	}
	return p
}

// Pictures are made of an array [N, H, W, C] of one or three channels; none of any other. Samples without height, and sequences, become lines.
func (g Gray) Pictures(a npz.Array) []image.Image {
	if len(a.Shape) != 4 || a.Shape[3] != 1 && a.Shape[3] != 3 {
		return nil
	}
	shape := graph.Shape(a.Shape[1:])
	out := make([]image.Image, a.Shape[0])
	for i := range out {
		out[i] = g.picture(shape, a.Float32[i*shape.Size():(i+1)*shape.Size()])
	}
	return out
}
