package plots

import (
	"image"
	"math"

	xdraw "golang.org/x/image/draw"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Reconstructions draws the original images as the first row, their targets as the second if they are not their own, then a row of reconstructions for each run that has any, last
// the mean image. Pixels are enlarged to squares. The outcome stands on the right. It fails where the X of a series do not rise, or where
// gradient norms do not fit the layers and steps.
func Reconstructions(s Study) (*Figure, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	return &Figure{figureWidth, reconstructionRows(s, 64, 1800)}, nil
}

// pictureRow is a row of equally large images with a label on the left and a note on the right.
type pictureRow struct {
	label, note string
	mark        int // arm whose colour marks the row, -1 for none
	images      []image.Image
}

// pictureGrid is a block of rows of images.
type pictureGrid struct {
	title string
	rows  []pictureRow
	cell  vg.Length // largest width of an image
}

const (
	pictureGap    = 3
	rowLabelLimit = 0.26 // share of the width
	noteLimit     = 0.16
)

// reconstructionRows makes images smaller than cell where there are too many rows for the given height.
func reconstructionRows(s Study, cell, height vg.Length) pictureGrid {
	g := pictureGrid{title: "Held-out images and their reconstructions"}
	if len(s.Originals) > 0 {
		label := "original"
		if len(s.Targets) > 0 {
			label = "input"
		}
		g.rows = append(g.rows, pictureRow{label: label, mark: -1, images: s.Originals})
	}
	if len(s.Targets) > 0 {
		g.rows = append(g.rows, pictureRow{label: "target", mark: -1, images: s.Targets})
	}
	widest := len(s.Originals)
	for i, a := range s.Arms {
		for _, r := range a.Runs {
			if len(r.Reconstructions) > 0 {
				g.rows = append(g.rows, pictureRow{label: a.Name + ", seed" + string(noBreakSpace) + formatSeed(r.Seed), note: r.Outcome, mark: i, images: r.Reconstructions})
				widest = max(widest, len(r.Reconstructions))
			}
		}
	}
	if s.MeanImage != nil {
		row := pictureRow{label: "mean training image", mark: -1}
		if len(s.Targets) > 0 {
			row.label = "mean training target"
		}
		for range max(1, widest) {
			row.images = append(row.images, s.MeanImage)
		}
		g.rows = append(g.rows, row)
	}
	g.cell = max(16, min(cell, height/vg.Length(max(1, len(g.rows)))-pictureGap))
	return g
}

// pictureLayout is the widths of the three columns and the size of an image.
type pictureLayout struct {
	label, note   vg.Length
	width, height vg.Length
}

func (g pictureGrid) layout(width vg.Length) pictureLayout {
	var l pictureLayout
	count, aspect := 1, 1.0 // height / width of the tallest
	for _, row := range g.rows {
		l.label = max(l.label, tickText.width(row.label)+markWidth)
		l.note = max(l.note, tickText.width(row.note))
		count = max(count, len(row.images))
		for _, img := range row.images {
			if img != nil && !img.Bounds().Empty() {
				aspect = math.Max(aspect, float64(img.Bounds().Dy())/float64(img.Bounds().Dx()))
			}
		}
	}
	l.note = min(l.note, noteLimit*width)
	spare := width - l.note - 16 - vg.Length(count)*(g.cell+pictureGap) // beside images of full size
	l.label = min(l.label, max(rowLabelLimit*width, spare))
	room := width - l.label - l.note - 16
	share := (room - vg.Length(count-1)*pictureGap) / vg.Length(count)
	l.width = max(1, vg.Length(math.Floor(float64(min(g.cell, share)*pixelsPerUnit)))/pixelsPerUnit)
	l.height = max(snap(l.width*vg.Length(math.Min(aspect, 3))), tickText.lineHeight())
	return l
}

// markWidth is the room left of a row label for the bar in the arm's colour.
const markWidth = 9

func (g pictureGrid) height(width vg.Length) vg.Length {
	h := titleText.lineHeight() + 4
	if len(g.rows) == 0 {
		return h + noteText.lineHeight()
	}
	return h + vg.Length(len(g.rows))*(g.layout(width).height+pictureGap)
}

func (g pictureGrid) draw(c draw.Canvas) {
	width := c.Max.X - c.Min.X
	titleText.draw(c, c.Min.X, c.Max.Y, text.XLeft, titleText.fit(g.title, width))
	y := snap(c.Max.Y - titleText.lineHeight() - 4)
	if len(g.rows) == 0 {
		noteText.draw(c, c.Min.X, y, text.XLeft, "no images recorded")
		return
	}
	l := g.layout(width)
	left := snap(c.Min.X + l.label + 8)
	for _, row := range g.rows {
		middle := y - l.height/2
		g.drawLabel(c, row, y, l)
		x := left
		for _, img := range row.images {
			drawPixels(c, vg.Rectangle{Min: vg.Point{X: x, Y: y - l.height}, Max: vg.Point{X: x + l.width, Y: y}}, img)
			x += l.width + pictureGap
		}
		if row.note != "" {
			tickText.draw(c, x+8-pictureGap, middle+tickText.lineHeight()/2, text.XLeft, tickText.fit(row.note, l.note))
		}
		y -= l.height + pictureGap
	}
}

// drawLabel writes the label in as many lines as the row is high.
func (g pictureGrid) drawLabel(c draw.Canvas, row pictureRow, top vg.Length, l pictureLayout) {
	x := c.Min.X
	if row.mark >= 0 {
		c.SetColor(armColor(row.mark))
		c.Fill(rectangle(vg.Rectangle{Min: vg.Point{X: x, Y: top - l.height}, Max: vg.Point{X: x + 4, Y: top}}))
	}
	room := l.label - markWidth
	lines := tickText.wrap(row.label, room)
	if most := max(1, int(l.height/tickText.lineHeight())); len(lines) > most {
		lines = shorten(row.label, room, most)
	}
	y := top - l.height/2 + vg.Length(len(lines))*tickText.lineHeight()/2
	tickText.drawLines(c, x+markWidth, y, text.XLeft, lines)
}

// shorten keeps the end of a label, which tells seeds of an arm apart, and cuts its beginning short.
func shorten(label string, width vg.Length, most int) []string {
	head, tail := label, ""
	for i := len(label) - 1; i >= 0; i-- {
		if label[i] == ',' {
			head, tail = label[:i], label[i:]
			break
		}
	}
	if most == 1 {
		return []string{tickText.fit(head, width-tickText.width(tail)) + tail}
	}
	lines := tickText.wrap(head, width)
	lines = lines[:min(len(lines), most)]
	last := len(lines) - 1
	lines[last] = tickText.fit(lines[last]+"…", width-tickText.width(tail)) + tail
	return lines
}

// drawPixels brings an image into the middle of r: enlarged, each pixel a rectangle of its own; shrunk, pixels are averaged, so that no thin line is lost.
func drawPixels(c draw.Canvas, r vg.Rectangle, img image.Image) {
	if img == nil || img.Bounds().Empty() {
		return
	}
	size := r.Size()
	scale := math.Min(float64(size.X)/float64(img.Bounds().Dx()), float64(size.Y)/float64(img.Bounds().Dy()))
	pixels := image.NewNRGBA(image.Rect(0, 0,
		max(1, int(math.Round(scale*float64(img.Bounds().Dx())*pixelsPerUnit))),
		max(1, int(math.Round(scale*float64(img.Bounds().Dy())*pixelsPerUnit)))))
	var scaler xdraw.Scaler = xdraw.NearestNeighbor
	if pixels.Rect.Dx() < img.Bounds().Dx() {
		scaler = xdraw.BiLinear
	}
	scaler.Scale(pixels, pixels.Bounds(), img, img.Bounds(), xdraw.Src, nil)
	w, h := vg.Length(pixels.Rect.Dx())/pixelsPerUnit, vg.Length(pixels.Rect.Dy())/pixelsPerUnit
	at := vg.Point{X: snap(r.Min.X + (size.X-w)/2), Y: snap(r.Min.Y + (size.Y-h)/2)}
	c.DrawImage(vg.Rectangle{Min: at, Max: vg.Point{X: at.X + w, Y: at.Y + h}}, pixels)
}
