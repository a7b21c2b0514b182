package dataset

import (
	"encoding/binary"
	"io"
	"math"

	"dcae/training/dataset/npz"

	"github.com/pkg/errors"
)

// arraySource reads images from an array of numbers, [N, W], [N, H, W] or [N, H, W, C]. It refuses an array of more than
// limit bytes once decoded.
func arraySource(r io.Reader, header npz.Header, limit int64) (source, error) {
	n, shape, err := imageShape(header.Shape)
	if err != nil {
		return source{}, err
	}
	element := header.DType
	s := source{
		format: format{n: n, shape: shape, kind: kindFloat32},
		end:    func() error { return npz.CheckEnd(r) },
		axes:   header.Shape,
	}
	switch {
	case element.Kind == 'b':
		s.kind, s.limit = kindUint8, 1
	case element.Kind == 'u' && element.Size == 1:
		s.kind, s.limit = kindUint8, 255
	case element.Kind == 'u' && element.Size == 2:
		s.limit = 65535
	}
	if decoded := int64(s.bytes()); decoded > limit || n > math.MaxUint32 {
		return source{}, errors.Errorf("%d images of %v would take %d MB decoded, over the limit of %d MB for a file of this size: the file is damaged, or save it without compression (numpy.save)", n, shape, decoded>>20, limit>>20)
	}
	switch {
	case header.Fortran:
		s.next = fortranImages(r, s.format, element)
	case s.kind == kindUint8:
		s.next = func(dst []byte) error {
			err := readFull(r, dst)
			bound(dst, element)
			return err
		}
	default:
		s.next = convertedImages(r, s.format, element)
	}
	return s, nil
}

// bound makes every true 1: numpy lets a bool be any byte but 0.
func bound(values []byte, element npz.DType) {
	if element.Kind != 'b' {
		return
	}
	for i, v := range values {
		values[i] = min(v, 1)
	}
}

// convertedImages reads images whose elements become float32.
func convertedImages(r io.Reader, f format, element npz.DType) func([]byte) error {
	raw := make([]byte, f.shape.Size()*element.Size)
	values := make([]float32, f.shape.Size())
	return func(dst []byte) error {
		if err := readFull(r, raw); err != nil {
			return err
		}
		npz.Convert(values, raw, element)
		putFloats(dst, values)
		return nil
	}
}

// fortranImages reads images from an array whose first axis, the images, varies fastest: all of it has to be there
// before the first image is.
func fortranImages(r io.Reader, f format, element npz.DType) func([]byte) error {
	var array []byte
	image := 0
	return func(dst []byte) error {
		if array == nil {
			var err error
			if array, err = readFortran(r, f, element); err != nil {
				return err
			}
		}
		size := f.kind.size()
		to := 0
		for y := range f.shape.H {
			for x := range f.shape.W {
				for c := range f.shape.C {
					from := image + f.n*(y+f.shape.H*(x+f.shape.W*c))
					copy(dst[to*size:(to+1)*size], array[from*size:])
					to++
				}
			}
		}
		image++
		return nil
	}
}

// readFortran reads a whole array in the order of the file, converted to the kind of the store.
func readFortran(r io.Reader, f format, element npz.DType) ([]byte, error) {
	const largest = 1 << 30
	if f.bytes() > largest {
		return nil, errors.Errorf("the array is in Fortran order and takes %d MB, over the limit of %d MB for that order: save it with numpy.ascontiguousarray", f.bytes()>>20, largest>>20)
	}
	const chunk = 1 << 16
	raw := make([]byte, chunk*element.Size)
	values := make([]float32, chunk)
	var array []byte
	for left := f.n * f.shape.Size(); left > 0; {
		n := min(chunk, left)
		if err := readFull(r, raw[:n*element.Size]); err != nil {
			return nil, err
		}
		if f.kind == kindUint8 {
			bound(raw[:n], element)
			array = append(array, raw[:n]...)
		} else {
			npz.Convert(values[:n], raw, element)
			end := len(array)
			array = append(array, make([]byte, 4*n)...)
			putFloats(array[end:], values[:n])
		}
		left -= n
	}
	return array, nil
}

// imageShape reads the lengths of an array's axes as [N, W], samples without height, [N, H, W] or [N, H, W, C].
func imageShape(axes []int) (int, Shape, error) {
	var shape Shape
	switch len(axes) {
	case 2:
		shape = Shape{1, axes[1], 1}
	case 3:
		shape = Shape{axes[1], axes[2], 1}
	case 4:
		shape = Shape{axes[1], axes[2], axes[3]}
	default:
		return 0, shape, errors.Errorf("an array of shape %v is no set of images: reshape it to [N, values], [N, H, W] or [N, H, W, C]", axes)
	}
	if axes[0] == 0 || shape.Size() == 0 {
		return 0, shape, errors.Errorf("an array of shape %v holds no image", axes)
	}
	return axes[0], shape, nil
}

func readFull(r io.Reader, dst []byte) error {
	_, err := io.ReadFull(r, dst)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("the file is cut short: copy or download it again")
	}
	return errors.Wrap(err, "the file is damaged: copy or download it again")
}

func putFloats(dst []byte, values []float32) {
	for i, v := range values {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
}

func getFloat(raw []byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
}
