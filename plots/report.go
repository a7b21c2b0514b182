package plots

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// reportHeight is the least height of a report; it grows with the number of arms and runs.
const (
	reportHeight = 800
	columnGap    = 26
	blockGap     = 14
	leftShare    = 0.59 // of the width, for the axes; the rest is for images and results
)

// Report draws the one picture that shows a whole study, 2400 pixels wide: question, loss, gradients, gradient map and profile on the left,
// reconstructions, results and a sentence an arm on the right. All images given are drawn; with many seeds leave
// Reconstructions of most runs empty. It fails where the X of a series do not rise, or where gradient norms do not fit the layers and
// steps.
func Report(s Study) (*Figure, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	const width = reportWidth - 2*margin
	r := arrangeReport(s, 1, width)
	return &Figure{reportWidth, arrangeReport(s, r.stretch(width), width)}, nil
}

// shortNormLabel fits beside low axes; their titles say the rest.
const shortNormLabel = "L2 norm"

// arrangeReport builds the blocks of a report, the heights of its axes multiplied by stretch. The profile goes into the column
// that leaves the picture lower.
func arrangeReport(s Study, stretch float64, width vg.Length) report {
	k := vg.Length(stretch)
	head := stack{paragraph{s.Title, headingText}, paragraph{s.Subtitle, noteText}}
	loss := lossPanel(s, 115*k)
	gradients, heat := alignedGradients(s, k)
	profile := profilePanels(s, 92*k)
	profile.legend, profile.caption, profile.x.label = nil, "", "" // the legend of the loss names the arms
	profile.y.label = shortNormLabel
	pictures, results := reconstructionRows(s, 40, 480), resultTable{s.Arms}
	notes := paragraph{gradients.caption, noteText}
	gradients.caption = ""

	left := report{head, stack{loss, gradients, heat, profile, notes}, stack{pictures, results}}
	right := report{head, stack{loss, gradients, heat, notes}, stack{pictures, profile, results}}
	if right.height(width) < left.height(width) {
		return right
	}
	return left
}

// alignedGradients returns the gradient curves and the map with their panels exactly below each other. In a single row of panels
// the names of the arms need not be repeated.
func alignedGradients(s Study, k vg.Length) (curves, heat panels) {
	rowHeight := max(7, min(11.5, 90/vg.Length(max(1, len(s.layerNames())))))
	curves, heat = gradientPanels(s, 95*k), gradientMapPanels(s, rowHeight*k)
	heat.colorBar.length = max(56, heat.panelHeight-26)
	heat.leastLeft, heat.leastSide = curves.leftWidth(), curves.sideWidth()
	curves.leastLeft, curves.leastSide = heat.leftWidth(), heat.sideWidth()
	heat.caption, curves.y.label = "", shortNormLabel
	if curves.rows() == 1 {
		curves.x.label = ""
		for i := range heat.panels {
			heat.panels[i].title = ""
		}
	}
	return curves, heat
}

// stack is a block of blocks below each other.
type stack []block

func (s stack) height(width vg.Length) vg.Length {
	var h vg.Length
	for i, b := range s {
		own := b.height(width)
		if i > 0 && own > 0 {
			h += s.gap(i)
		}
		h += own
	}
	return h
}

// gap is the distance of block i from the one above; paragraphs are closer.
func (s stack) gap(i int) vg.Length {
	if _, ok := s[i].(paragraph); ok {
		return 4
	}
	return blockGap
}

func (s stack) draw(c draw.Canvas) {
	width := c.Max.X - c.Min.X
	y := c.Max.Y
	for i, b := range s {
		own := b.height(width)
		if i > 0 && own > 0 {
			y -= s.gap(i)
		}
		b.draw(draw.Canvas{Canvas: c, Rectangle: vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: y - own}, Max: vg.Point{X: c.Max.X, Y: y}}})
		y -= own
	}
}

// report is a head above two columns.
type report struct{ head, left, right stack }

func (r report) widths(width vg.Length) (left, right vg.Length) {
	left = snap((width - columnGap) * leftShare)
	return left, width - columnGap - left
}

// stretch is the factor for the heights of the left panels that makes both columns end together, at most twice.
func (r report) stretch(width vg.Length) float64 {
	left, right := r.widths(width)
	axes := vg.Length(0)
	for _, b := range append(r.left[:len(r.left):len(r.left)], r.right...) {
		if p, ok := b.(panels); ok {
			axes += vg.Length(p.rows()) * p.panelHeight
		}
	}
	body := max(r.left.height(left), r.right.height(right))
	missing := max(body-r.left.height(left), reportHeight-2*margin-r.head.height(width)-blockGap-body)
	if axes <= 0 || missing <= 0 {
		return 1
	}
	return min(2, 1+float64(missing/axes))
}

func (r report) height(width vg.Length) vg.Length {
	left, right := r.widths(width)
	body := max(r.left.height(left), r.right.height(right))
	return max(reportHeight-2*margin, r.head.height(width)+blockGap+body)
}

func (r report) draw(c draw.Canvas) {
	width := c.Max.X - c.Min.X
	left, _ := r.widths(width)
	head := r.head.height(width)
	r.head.draw(c)
	body := draw.Crop(c, 0, 0, 0, -head-blockGap)
	r.left.draw(draw.Crop(body, 0, left-width, 0, 0))
	r.right.draw(draw.Crop(body, left+columnGap, 0, 0, 0))
}
