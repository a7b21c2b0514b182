package dataset

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// halves is a picture of 16x32 pixels (height x width) whose left half is dark in its upper part: every turn of it looks different.
func halves() *image.Gray {
	p := image.NewGray(image.Rect(0, 0, 32, 16))
	for y := range 16 {
		for x := range 32 {
			v := uint8(250)
			if x < 16 {
				v = 120
			}
			if x < 16 && y < 8 {
				v = 5
			}
			p.SetGray(x, y, color.Gray{v})
		}
	}
	return p
}

// turnedJPEG is a picture with an orientation in EXIF data of either byte order, behind another segment.
func turnedJPEG(t testing.TB, picture image.Image, o uint16, order binary.AppendByteOrder, magic string) []byte {
	t.Helper()
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, picture, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	tiff := order.AppendUint16([]byte(magic), 42)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][3]uint16{{0x0100, 3, 7}, {0x0112, 3, o}} {
		tiff = order.AppendUint16(order.AppendUint16(tiff, entry[0]), entry[1])
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(order.AppendUint16(tiff, entry[2]), 0)
	}
	segment := func(marker byte, content string) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(content)+2)), content...)
	}
	return slices.Concat(plain.Bytes()[:2], segment(0xFE, "a comment"), segment(0xE1, "Exif\x00\x00"+string(tiff)), plain.Bytes()[2:])
}

// corners are the grey values near the four corners: upper left, upper right, lower left, lower right.
func corners(picture image.Image) []int {
	at, b := pixels(picture), picture.Bounds()
	var out []int
	for _, p := range [][2]int{{2, 2}, {b.Dx() - 3, 2}, {2, b.Dy() - 3}, {b.Dx() - 3, b.Dy() - 3}} {
		out = append(out, (int(at(p[0], p[1])[0]>>8)+5)/50)
	}
	return out
}

func TestPicturesAreTurnedAsTheyWereTaken(t *testing.T) {
	const dark, mid, light = 0, 2, 5
	for o, want := range map[uint16][]int{
		1: {dark, light, mid, light}, 2: {light, dark, light, mid}, 3: {light, mid, light, dark}, 4: {mid, light, dark, light},
		5: {dark, mid, light, light}, 6: {mid, dark, light, light}, 7: {light, light, mid, dark}, 8: {light, light, dark, mid},
		0: {dark, light, mid, light}, 9: {dark, light, mid, light},
	} {
		for magic, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			content := turnedJPEG(t, halves(), o, order, magic)
			l, err := readLayout(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			picture, err := decodePicture(bytes.NewReader(content), l.size)
			if err != nil {
				t.Fatal(err)
			}
			if got := corners(picture); !slices.Equal(got, want) {
				t.Errorf("orientation %d, %s: corners %v, want %v", o, magic, got, want)
			}
			if onSide := o >= 5 && o <= 8; onSide != (l.size == Size{32, 16}) {
				t.Errorf("orientation %d: size %v", o, l.size)
			}
		}
	}
}

func TestFolderOfTurnedPictures(t *testing.T) {
	lying := image.NewGray(image.Rect(0, 0, 16, 32)) // as 6 is stored
	for y := range 32 {
		for x := range 16 {
			lying.SetGray(x, y, halves().GrayAt(31-y, x)) // turned by 90 degrees, clockwise, it is halves
		}
	}
	folder := folderOf(t, map[string][]byte{
		"a.jpg": turnedJPEG(t, halves(), 1, binary.LittleEndian, "II"), "b.jpg": turnedJPEG(t, lying, 6, binary.BigEndian, "MM"), "c.jpg": turnedJPEG(t, halves(), 1, binary.LittleEndian, "II"),
	})
	set, err := Open(folder, Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if set.Train.Shape() != (Shape{16, 32, 1}) {
		t.Fatalf("shape %v", set.Train.Shape())
	}
	all, err := folderSource([]string{filepath.Join(folder, "a.jpg"), filepath.Join(folder, "b.jpg")}, Size{})
	if err != nil {
		t.Fatal(err)
	}
	first, second := make([]byte, 16*32), make([]byte, 16*32)
	if err := all.next(first); err != nil {
		t.Fatal(err)
	}
	if err := all.next(second); err != nil {
		t.Fatal(err)
	}
	for i := range first {
		if d := int(first[i]) - int(second[i]); d < -3 || d > 3 {
			t.Fatalf("pixel %d is %d and %d", i, first[i], second[i])
		}
	}
}

// Folders are read through links: of the folder itself, of folders in it, of files, and in circles.
func TestLinkedFoldersAreRead(t *testing.T) {
	root := folderOf(t, map[string][]byte{"data/a.png": pngOf(t, grey(3, 2, 1)), "other/b.png": pngOf(t, grey(3, 2, 2)), "other/deep/c.png": pngOf(t, grey(3, 2, 3)), "d.png": pngOf(t, grey(3, 2, 4))})
	for link, to := range map[string]string{
		"linked": "data", "data/more": "../other", "other/back": "../data", "data/d.png": "../d.png", "data/nothing": "../none", "other/again": ".",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	for _, folder := range []string{"data", "linked"} {
		files, _, err := folderFiles(filepath.Join(root, folder))
		if err != nil {
			t.Error(err)
			continue
		}
		for i := range files {
			files[i], _ = filepath.Rel(filepath.Join(root, folder), files[i])
		}
		if want := []string{"a.png", "d.png", "more/b.png", "more/deep/c.png"}; !slices.Equal(files, want) {
			t.Errorf("%s: %v, want %v", folder, files, want)
		}
	}
}
