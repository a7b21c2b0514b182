package npz

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// The .npy format and its versions 1 to 3: numpy, "NEP 1 - A simple file format for NumPy arrays", and
// numpy/lib/_format_impl.py.
const (
	magic           = "\x93NUMPY"
	maxHeaderLength = 64 << 10 // numpy itself writes at most a few hundred bytes
	maxDimensions   = 64       // as numpy
)

// Header says how the elements that follow it in a .npy file make an array.
//
// It is read here, and not with codeberg.org/sbinet/npyio, because that reader (v0.14) trusts the header: it panics on
// one that is cut short or has its keys in another order, and allocates whatever length the header claims.
type Header struct {
	DType   DType
	Fortran bool // first axis varies fastest, instead of the last
	Shape   []int
}

// Count is the number of elements.
func (h Header) Count() int {
	n := 1
	for _, length := range h.Shape {
		n *= length
	}
	return n
}

// Bytes is the length of the elements in bytes.
func (h Header) Bytes() int { return h.Count() * h.DType.Size }

// ReadHeader reads the header of a .npy file, up to the first element. It refuses shapes whose elements can't be
// counted in an int.
func ReadHeader(r io.Reader) (Header, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != magic {
		return Header{}, errors.New("no .npy array: it does not start with \\x93NUMPY")
	}
	lengthSize := 4
	switch version := start[6]; version {
	case 1:
		lengthSize = 2
	case 2, 3:
	default:
		return Header{}, errors.Errorf(".npy format version %d is unknown: 1 to 3 can be read", version)
	}
	var field [4]byte
	if _, err := io.ReadFull(r, field[:lengthSize]); err != nil {
		return Header{}, errors.New(".npy header is cut short")
	}
	length := binary.LittleEndian.Uint32(field[:])
	if length > maxHeaderLength {
		return Header{}, errors.Errorf(".npy header claims %d bytes, over the limit of %d: the file is damaged", length, maxHeaderLength)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return Header{}, errors.New(".npy header is cut short")
	}
	header, err := parseHeader(string(text))
	return header, errors.WithMessage(err, ".npy header")
}

// parseHeader reads the Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, its keys in any
// order.
func parseHeader(text string) (Header, error) {
	var header Header
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "{")
	if !ok {
		return header, errors.New("no dictionary: the file is damaged")
	}
	var descr, order, shape bool
	for {
		rest = strings.TrimLeft(rest, " \t\n,")
		if strings.HasPrefix(rest, "}") {
			break
		}
		key, after, err := quoted(rest)
		if err != nil {
			return header, err
		}
		rest, ok = strings.CutPrefix(strings.TrimLeft(after, " "), ":")
		if !ok {
			return header, errors.Errorf("no value for %.40q: the file is damaged", key)
		}
		rest = strings.TrimLeft(rest, " ")
		switch key {
		case "descr":
			descr = true
			rest, err = header.parseDescr(rest)
		case "fortran_order":
			order = true
			rest, err = header.parseOrder(rest)
		case "shape":
			shape = true
			rest, err = header.parseShape(rest)
		default:
			err = errors.Errorf("unknown key %.40q: the file is damaged", key)
		}
		if err != nil {
			return header, err
		}
	}
	if !descr || !order || !shape {
		return header, errors.New("it needs 'descr', 'fortran_order' and 'shape': the file is damaged")
	}
	return header, nil
}

func quoted(text string) (content, rest string, err error) {
	if text == "" || text[0] != '\'' && text[0] != '"' {
		return "", "", errors.Errorf("quoted text expected at %.40q", text)
	}
	content, rest, ok := strings.Cut(text[1:], text[:1])
	if !ok {
		return "", "", errors.Errorf("quote without an end at %.40q", text)
	}
	return content, rest, nil
}

func (h *Header) parseDescr(text string) (rest string, err error) {
	if strings.HasPrefix(text, "[") {
		return "", errors.New("elements are records of several fields: store one array of numbers a name")
	}
	descr, rest, err := quoted(text)
	if err != nil {
		return "", err
	}
	h.DType, err = parseDType(descr)
	return rest, err
}

func (h *Header) parseOrder(text string) (rest string, err error) {
	if rest, ok := strings.CutPrefix(text, "True"); ok {
		h.Fortran = true
		return rest, nil
	}
	if rest, ok := strings.CutPrefix(text, "False"); ok {
		return rest, nil
	}
	return "", errors.Errorf("'fortran_order' must be True or False, not %.40q", text)
}

func (h *Header) parseShape(text string) (rest string, err error) {
	text, ok := strings.CutPrefix(text, "(")
	list, rest, closed := strings.Cut(text, ")")
	if !ok || !closed {
		return "", errors.New("'shape' must be a tuple: the file is damaged")
	}
	h.Shape = []int{}
	list = strings.TrimSuffix(strings.TrimSpace(list), ",")
	if list == "" {
		return rest, nil
	}
	if strings.Count(list, ",") >= maxDimensions {
		return "", errors.Errorf("more than %d dimensions: the file is damaged", maxDimensions)
	}
	count := 1
	for length := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(length))
		if err != nil || n < 0 {
			return "", errors.Errorf("'shape' has a length of %.40q: the file is damaged", length)
		}
		if n > 0 && count > math.MaxInt/8/n {
			return "", errors.Errorf("shape (%.60s) is too large: the file is damaged", list)
		}
		count *= n
		h.Shape = append(h.Shape, n)
	}
	return rest, nil
}

// writeHeader writes the header of a C-ordered little-endian array. Elements start at a multiple of 64 bytes, as the
// format asks for.
func writeHeader(w io.Writer, descr string, shape []int) error {
	var lengths strings.Builder
	for _, n := range shape {
		fmt.Fprintf(&lengths, "%d, ", n)
	}
	tuple := strings.TrimSuffix(lengths.String(), " ")
	if len(shape) > 1 {
		tuple = strings.TrimSuffix(tuple, ",")
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	const before = len(magic) + 2 + 2
	padding := 63 - (before+len(text))%64
	text += strings.Repeat(" ", padding) + "\n"
	start := binary.LittleEndian.AppendUint16([]byte(magic+"\x01\x00"), uint16(len(text)))
	_, err := w.Write(append(start, text...))
	return err
}
