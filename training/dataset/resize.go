package dataset

import (
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"
)

// Size is the height and width that images are brought to; the zero value leaves them as they are.
type Size struct{ H, W int }

// maxSide bounds a side of an image after resizing.
const maxSide = 16384

// ParseSize reads "HxW", or the empty string for no resizing. It fails for any other text, and for sides that are under 1 or too large.
func ParseSize(text string) (Size, error) {
	if text == "" {
		return Size{}, nil
	}
	h, w, _ := strings.Cut(strings.ToLower(text), "x")
	height, errH := strconv.Atoi(h)
	width, errW := strconv.Atoi(w)
	size := Size{height, width}
	if errH != nil || errW != nil || size == (Size{}) || size.check() != nil {
		return Size{}, errors.Errorf("size %q is not HEIGHTxWIDTH, such as 64x64", text)
	}
	return size, nil
}

// String gives the size as in "64x64", or nothing for the zero value.
func (s Size) String() string {
	if s == (Size{}) {
		return ""
	}
	return fmt.Sprintf("%dx%d", s.H, s.W)
}

func (s Size) check() error {
	if s == (Size{}) || s.H >= 1 && s.W >= 1 && s.H <= maxSide && s.W <= maxSide {
		return nil
	}
	return errors.Errorf("can't resize to %dx%d: each side must be 1 to %d", s.H, s.W, maxSide)
}

// maxValues bounds the values of one image in a set.
const maxValues = 16 << 20

// resized brings the images of a source to another height and width. It refuses images too large to train on.
func resized(s source, to Size) (source, error) {
	shape := s.shape
	if to != (Size{}) {
		shape.H, shape.W = to.H, to.W
	}
	if size, ok := product(shape.H, shape.W, shape.C); !ok || size > maxValues {
		return s, errors.Errorf("images of %v are over the limit of %d million values: choose a smaller size to resize them to", shape, maxValues>>20)
	}
	if s.shape == shape {
		return s, nil
	}
	raw := make([]byte, s.imageBytes())
	next, r := s.next, newResizer(s.shape, to, s.kind)
	s.shape = shape
	s.plain = nil
	s.next = func(dst []byte) error {
		if err := next(raw); err != nil {
			return err
		}
		return r.resize(dst, raw)
	}
	return s, nil
}

// resizer scales raw images by a triangle filter that is as wide as the pixels of the smaller image, so that every
// pixel counts when images get smaller. The aspect ratio is not kept. Each channel goes through 16 bits between its own
// smallest and largest value: a float32 is off by at most 1/131,070 of that range.
type resizer struct {
	from, to Shape
	kind     kind
	src, dst *image.Gray16
}

func newResizer(from Shape, to Size, k kind) *resizer {
	return &resizer{
		from: from, to: Shape{to.H, to.W, from.C}, kind: k,
		src: image.NewGray16(image.Rect(0, 0, from.W, from.H)),
		dst: image.NewGray16(image.Rect(0, 0, to.W, to.H)),
	}
}

func (r *resizer) resize(dst, src []byte) error {
	for c := range r.from.C {
		low, high, err := r.limits(src, c)
		if err != nil {
			return err
		}
		step := (high - low) / 65535
		for i := range r.from.H * r.from.W {
			v := 0.0
			if step > 0 {
				v = math.Round((r.value(src, i*r.from.C+c) - low) / step)
			}
			putGray16(r.src.Pix[2*i:], v)
		}
		draw.BiLinear.Scale(r.dst, r.dst.Rect, r.src, r.src.Rect, draw.Src, nil)
		for i := range r.to.H * r.to.W {
			v := float64(int(r.dst.Pix[2*i])<<8 | int(r.dst.Pix[2*i+1]))
			r.put(dst, i*r.to.C+c, low+float64(v*step))
		}
	}
	return nil
}

func putGray16(pix []byte, v float64) {
	bits := uint16(min(max(v, 0), 65535))
	pix[0], pix[1] = byte(bits>>8), byte(bits)
}

// limits is the range of one channel: all that 8 bits hold, or its smallest and largest float.
func (r *resizer) limits(src []byte, channel int) (low, high float64, err error) {
	if r.kind == kindUint8 {
		return 0, 255, nil
	}
	low, high = math.Inf(1), math.Inf(-1)
	for i := channel; i < r.from.Size(); i += r.from.C {
		v := r.value(src, i)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, 0, errors.Errorf("pixel %v is %v and can't be resized: replace it, for example with numpy.nan_to_num", r.from.pixel(i), v)
		}
		low, high = min(low, v), max(high, v)
	}
	return low, high, nil
}

func (r *resizer) value(raw []byte, i int) float64 {
	if r.kind == kindUint8 {
		return float64(raw[i])
	}
	return float64(getFloat(raw, i))
}

func (r *resizer) put(raw []byte, i int, v float64) {
	if r.kind == kindUint8 {
		raw[i] = uint8(math.Round(v))
		return
	}
	putFloats(raw[4*i:], []float32{float32(v)})
}
