package dataset

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
)

// orientation says how a stored picture is to be turned to be seen as it was taken: EXIF's numbers 1 to 8 (CIPA DC-008, 4.6.4). 0 is 1.
type orientation uint16

// isOnSide tells whether height and width change places.
func (o orientation) isOnSide() bool { return o >= 5 && o <= 8 }

// stored is the place, in a stored picture of w x h pixels, of the pixel that is seen at x, y.
func (o orientation) stored(x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}

// turned is a picture as it was taken.
type turned struct {
	image.Image // as it is stored, from 0, 0 on
	by          orientation
}

func (t turned) Bounds() image.Rectangle {
	b := t.Image.Bounds()
	if t.by.isOnSide() {
		return image.Rect(0, 0, b.Dy(), b.Dx())
	}
	return b
}

// longestJPEGHead is how much of a file is looked at for its orientation: what comes before the first scan.
const longestJPEGHead = 1 << 20

// readOrientation reads the orientation of a JPEG file; 1 if it says none, or is no JPEG file. again gives the whole file once more.
func readOrientation(r io.Reader) (o orientation, again io.Reader) {
	var head bytes.Buffer
	o = scanSegments(io.TeeReader(io.LimitReader(r, longestJPEGHead), &head))
	return o, io.MultiReader(&head, r)
}

// scanSegments looks for EXIF data in the segments before the first scan (ITU T.81, B.1.1).
func scanSegments(r io.Reader) orientation {
	var two [2]byte
	read := func() (uint16, bool) {
		_, err := io.ReadFull(r, two[:])
		return binary.BigEndian.Uint16(two[:]), err == nil
	}
	if start, ok := read(); !ok || start != 0xFFD8 {
		return 1
	}
	for {
		marker, ok := read()
		if !ok || marker < 0xFF01 || marker == 0xFFDA || marker == 0xFFD9 {
			return 1
		}
		length, ok := read()
		if !ok || length < 2 {
			return 1
		}
		segment := make([]byte, length-2)
		if _, err := io.ReadFull(r, segment); err != nil {
			return 1
		}
		if tiff, isEXIF := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); isEXIF && marker == 0xFFE1 {
			return tiffOrientation(tiff)
		}
	}
}

// tiffOrientation is the tag Orientation in the first directory of EXIF's TIFF data.
func tiffOrientation(tiff []byte) orientation {
	const tag, short, entrySize = 0x0112, 3, 12
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entrySize {
			return 1
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if o := orientation(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		entries = entries[entrySize:]
	}
	return 1
}
