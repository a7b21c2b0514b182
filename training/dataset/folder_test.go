package dataset

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func pngOf(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var buffer bytes.Buffer
	if err := png.Encode(&buffer, picture); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// paint sets all pixels of a picture.
func paint[P interface {
	image.Image
	Set(x, y int, c color.Color)
}](picture P, c color.Color) P {
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			picture.Set(x, y, c)
		}
	}
	return picture
}

func grey(h, w int, v uint8) image.Image {
	return paint(image.NewGray(image.Rect(0, 0, w, h)), color.Gray{v})
}

// folderOf writes files, by their path, to a new folder.
func folderOf(t testing.TB, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// folderImages opens pictures as one source, in the order of the files.
func folderImages(t testing.TB, files map[string][]byte, to Size) (*Images, error) {
	t.Helper()
	names, _, err := folderFiles(folderOf(t, files))
	if err != nil {
		return nil, err
	}
	source, err := folderSource(names, to)
	if err != nil {
		return nil, err
	}
	s, err := source.load()
	if err != nil {
		return nil, err
	}
	return newImages(s, s.all(), Scaling{}), nil
}

func TestFolderOrder(t *testing.T) {
	images, err := folderImages(t, map[string][]byte{
		"b.png": pngOf(t, grey(2, 3, 30)), "a/z.png": pngOf(t, grey(2, 3, 10)), "a/deep/er/x.PNG": pngOf(t, grey(2, 3, 5)),
		"a.png": pngOf(t, grey(2, 3, 20)), "notes.txt": []byte("no picture"), ".hidden.png": []byte("no picture"), ".git/c.png": []byte("no picture"),
	}, Size{})
	if err != nil {
		t.Fatal(err)
	}
	if got := firstPixels(images); !slices.Equal(got, []int{20, 5, 10, 30}) {
		t.Errorf("order %v", got)
	}
	if images.Shape() != (Shape{2, 3, 1}) {
		t.Errorf("shape %v", images.Shape())
	}
}

func TestPictureKinds(t *testing.T) {
	box := image.Rect(0, 0, 2, 2)
	palette := color.Palette{color.NRGBA{10, 20, 30, 255}, color.NRGBA{40, 50, 60, 0}}
	greys := color.Palette{color.NRGBA{7, 7, 7, 255}, color.NRGBA{9, 9, 9, 255}}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, paint(image.NewRGBA(box), color.RGBA{200, 100, 50, 255}), &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		file      []byte
		want      []float32 // of one pixel
		tolerance float64
	}{
		{"grey.png", pngOf(t, grey(2, 2, 77)), []float32{77}, 0},
		{"grey16.png", pngOf(t, paint(image.NewGray16(box), color.Gray16{1234})), []float32{1234}, 0},
		{"rgb.png", pngOf(t, paint(image.NewRGBA(box), color.RGBA{1, 2, 3, 255})), []float32{1, 2, 3}, 0},
		{"rgb16.png", pngOf(t, paint(image.NewRGBA64(box), color.RGBA64{1000, 2000, 3000, 65535})), []float32{1000, 2000, 3000}, 0},
		{"rgba.png", pngOf(t, paint(image.NewNRGBA(box), color.NRGBA{90, 80, 70, 3})), []float32{90, 80, 70}, 0},
		{"rgba16.png", pngOf(t, paint(image.NewNRGBA64(box), color.NRGBA64{900, 800, 700, 3})), []float32{900, 800, 700}, 0},
		{"palette.png", pngOf(t, paint(image.NewPaletted(box, palette), palette[0])), []float32{10, 20, 30}, 0},
		{"clear.png", pngOf(t, paint(image.NewPaletted(box, palette), palette[1])), []float32{40, 50, 60}, 0},
		{"greys.png", pngOf(t, paint(image.NewPaletted(box, greys), greys[1])), []float32{9}, 0},
		{"photo.jpg", photo.Bytes(), []float32{200, 100, 50}, 2},
		{"greyalpha.png", greyAlphaPNG(55, 1), []float32{55}, 0},
	} {
		images, err := folderImages(t, map[string][]byte{test.name: test.file}, Size{})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := values(images)[:len(test.want)]
		ok := images.Shape().C == len(test.want)
		for c, v := range got {
			ok = ok && near(float64(v), float64(test.want[c]), test.tolerance)
		}
		if !ok {
			t.Errorf("%s: %v, want %v", test.name, values(images), test.want)
		}
	}
}

// greyAlphaPNG is a 1x1 picture of grey and alpha, which image/png does not write: its one row is a stored deflate block.
func greyAlphaPNG(v, alpha byte) []byte {
	chunk := func(name string, data ...byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		body := append([]byte(name), data...)
		return binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
	}
	a := uint32(1) + uint32(v) + uint32(alpha) // Adler-32 of 0, v, alpha
	b := 1 + (1 + uint32(v)) + a
	data := append([]byte{0x78, 1, 1, 3, 0, 0xfc, 0xff, 0, v, alpha}, byte(b>>8), byte(b), byte(a>>8), byte(a))
	return slices.Concat([]byte(pngMagic), chunk("IHDR", 0, 0, 0, 1, 0, 0, 0, 1, 8, pngGreyAlpha, 0, 0, 0), chunk("IDAT", data...), chunk("IEND"))
}

func TestMixedFolder(t *testing.T) {
	box := image.Rect(0, 0, 4, 4)
	// Grey and colour, 8 and 16 bits: three channels of 16 bits.
	images, err := folderImages(t, map[string][]byte{
		"a.png": pngOf(t, grey(4, 4, 255)), "b.png": pngOf(t, paint(image.NewRGBA64(box), color.RGBA64{1, 2, 3, 65535})),
	}, Size{})
	if err != nil {
		t.Fatal(err)
	}
	all := values(images)
	if images.Shape().C != 3 || !slices.Equal(all[:3], []float32{65535, 65535, 65535}) || !slices.Equal(all[48:51], []float32{1, 2, 3}) {
		t.Errorf("%v: %v", images.Shape(), all)
	}
	// Different sizes become one.
	files := map[string][]byte{"a.png": pngOf(t, grey(4, 4, 10)), "b.png": pngOf(t, grey(4, 4, 20)), "c.png": pngOf(t, grey(7, 5, 30)), "d.png": pngOf(t, grey(1, 1, 40))}
	images, err = folderImages(t, files, Size{3, 6})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values(images) {
		if want := float32(10 + 10*(i/18)); v != want {
			t.Fatalf("value %d is %v, want %v", i, v, want)
		}
	}
	_, err = folderImages(t, files, Size{})
	for _, want := range []string{"a.png is 4x4", "c.png is 7x5", "resize"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestFolderRefuses(t *testing.T) {
	good := pngOf(t, grey(40, 40, 9))
	huge := bytes.Clone(good)
	copy(huge[16:], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff}) // 65535x65535
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	flipped := bytes.Clone(good)
	flipped[len(flipped)-20] ^= 1
	for _, test := range []struct {
		want string
		file []byte
	}{
		{"no readable", []byte("hello")},
		{"no readable", nil},
		{"damaged", good[:len(good)-20]},
		{"damaged", flipped},
		{"over the limit", huge},
	} {
		_, err := folderImages(t, map[string][]byte{"bad.png": test.file}, Size{})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "bad.png") {
			t.Errorf("error %v, want one with %q", err, test.want)
		}
	}
	if _, err := Open(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "holds no") {
		t.Errorf("empty folder: error %v", err)
	}
}
