package dataset

import (
	"bufio"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// maxPixels and maxDeepPixels bound a picture of 8 and of 16 bits a channel: its decoder allocates as much as the first
// bytes of the file claim.
const (
	maxPixels     = 32 << 20
	maxDeepPixels = 16 << 20
)

// layout is what the head of a PNG or JPEG file says about the picture.
type layout struct {
	size  Size
	color bool // red, green and blue instead of grey
	deep  bool // 16 bits a channel instead of 8
}

// IsPicture tells by its name whether a file is read as a picture.
func IsPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg":
		return true
	}
	return false
}

// readLayout reads the head of a picture. Its size is that of the picture as it was taken.
func readLayout(r io.Reader) (layout, error) {
	var l layout
	turn, whole := readOrientation(bufio.NewReader(r))
	buffered := bufio.NewReader(whole)
	head, _ := buffered.Peek(pngHead)
	isPNG := strings.HasPrefix(string(head), pngMagic)
	decode := jpeg.DecodeConfig
	if isPNG {
		decode = png.DecodeConfig
	}
	config, err := decode(buffered)
	if err != nil {
		return l, errors.Wrap(err, "no readable PNG or JPEG picture")
	}
	l.size = Size{config.Height, config.Width}
	l.deep = config.ColorModel == color.Gray16Model || config.ColorModel == color.RGBA64Model || config.ColorModel == color.NRGBA64Model
	limit := maxPixels
	if l.deep {
		limit = maxDeepPixels
	}
	if config.Width < 1 || config.Height < 1 || config.Width > limit/config.Height {
		return l, errors.Errorf("%dx%d pixels are over the limit of %d million: make the picture smaller", config.Height, config.Width, limit>>20)
	}
	if turn.isOnSide() {
		l.size = Size{config.Width, config.Height}
	}
	switch model := config.ColorModel.(type) {
	case color.Palette:
		l.color = !greyPalette(model)
	default:
		grey := model == color.GrayModel || model == color.Gray16Model || isPNG && head[pngColorType] == pngGreyAlpha
		l.color = !grey
	}
	return l, nil
}

// A PNG file starts with its magic and the IHDR chunk, whose colour type tells grey with alpha from colour with alpha,
// which image/png decodes to the same type (ISO/IEC 15948, 11.2.2).
const (
	pngMagic     = "\x89PNG\r\n\x1a\n"
	pngHead      = 26
	pngColorType = 25
	pngGreyAlpha = 4
)

func greyPalette(palette color.Palette) bool {
	for _, c := range palette {
		v := color.NRGBAModel.Convert(c).(color.NRGBA)
		if v.R != v.G || v.G != v.B {
			return false
		}
	}
	return true
}

// decodePicture decodes a picture as it was taken. Its bounds must be those that readLayout saw.
func decodePicture(r io.Reader, want Size) (image.Image, error) {
	turn, whole := readOrientation(bufio.NewReader(r))
	buffered := bufio.NewReader(whole)
	head, _ := buffered.Peek(len(pngMagic))
	decode := jpeg.Decode
	if string(head) == pngMagic {
		decode = png.Decode
	}
	picture, err := decode(buffered)
	if err != nil {
		return nil, errors.Wrap(err, "the picture is damaged")
	}
	if turn > 1 {
		picture = turned{picture, turn}
	}
	if size := picture.Bounds().Size(); size.X != want.W || size.Y != want.H {
		return nil, errors.New("the picture changed while it was read")
	}
	return picture, nil
}

// writePicture writes a picture's values to dst, [H, W, channels], as uint8, or as float32 of 0 to 65535 when deep.
// Grey pictures fill all channels alike; alpha is dropped, without darkening what it made transparent.
func writePicture(dst []byte, picture image.Image, channels int, deep bool) {
	bounds := picture.Bounds()
	at := pixels(picture)
	i := 0
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			rgb := at(x, y)
			for _, v := range rgb[:channels] {
				if deep {
					putFloats(dst[4*i:], []float32{float32(v)})
				} else {
					dst[i] = uint8(v >> 8)
				}
				i++
			}
		}
	}
}

// pixels returns a function that reads red, green and blue as 16 bits, not multiplied by alpha.
func pixels(picture image.Image) func(x, y int) [3]uint16 {
	switch p := picture.(type) {
	case turned:
		at, size := pixels(p.Image), p.Image.Bounds().Size()
		return func(x, y int) [3]uint16 { return at(p.by.stored(x, y, size.X, size.Y)) }
	case *image.Gray:
		return func(x, y int) [3]uint16 {
			v := uint16(p.Pix[p.PixOffset(x, y)]) * 257
			return [3]uint16{v, v, v}
		}
	case *image.Gray16:
		return func(x, y int) [3]uint16 {
			v := p.Gray16At(x, y).Y
			return [3]uint16{v, v, v}
		}
	case *image.NRGBA:
		return func(x, y int) [3]uint16 {
			c := p.NRGBAAt(x, y)
			return [3]uint16{uint16(c.R) * 257, uint16(c.G) * 257, uint16(c.B) * 257}
		}
	case *image.YCbCr:
		return func(x, y int) [3]uint16 {
			c := p.YCbCrAt(x, y)
			r, g, b := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
			return [3]uint16{uint16(r) * 257, uint16(g) * 257, uint16(b) * 257}
		}
	}
	return func(x, y int) [3]uint16 {
		switch c := picture.At(x, y).(type) {
		case color.NRGBA:
			return [3]uint16{uint16(c.R) * 257, uint16(c.G) * 257, uint16(c.B) * 257}
		case color.NRGBA64:
			return [3]uint16{c.R, c.G, c.B}
		default:
			v := color.NRGBA64Model.Convert(c).(color.NRGBA64)
			return [3]uint16{v.R, v.G, v.B}
		}
	}
}
