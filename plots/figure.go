package plots

import (
	"image"
	"image/png"
	"io"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"dcae/training/files"
)

// Lengths inside the package are in units of which a picture is 1000 to 1200 wide. Each unit is drawn as pixelsPerUnit
// pixels, so that text stays sharp on dense screens and legible when the picture is shown at half its size.
const (
	pixelsPerUnit = 2
	figureWidth   = 1000
	reportWidth   = 1200
	margin        = 14
)

// block is a part of a picture that knows how high it must be for a given width.
type block interface {
	height(width vg.Length) vg.Length
	draw(c draw.Canvas)
}

// Figure is a picture ready to be drawn.
type Figure struct {
	width   vg.Length
	content block
}

// Image draws the figure.
func (f *Figure) Image() image.Image {
	inner := f.width - 2*margin
	height := f.content.height(inner) + 2*margin
	canvas := vgimg.NewWith(vgimg.UseWH(f.width, height), vgimg.UseDPI(72*pixelsPerUnit))
	f.content.draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	return canvas.Image()
}

// WritePNG draws the figure and writes it as PNG. It fails where w does.
func (f *Figure) WritePNG(w io.Writer) error {
	return errors.Wrap(png.Encode(w, f.Image()), "encoding the figure")
}

// SavePNG writes the figure to a file. A file of that name is replaced as a whole or not at all. It fails if the file cannot be written.
func (f *Figure) SavePNG(path string) error {
	return files.Write(path, func(out files.File) error { return errors.WithMessage(f.WritePNG(out), path) })
}
