package dataset

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// npyFileOf makes a .npy file: shape as Python writes it, elements as they are stored.
func npyFileOf(descr, order, shape string, elements []byte) []byte {
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, order, shape)
	head := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(text)))
	return append(append(head, text...), elements...)
}

func idxFileOf(elementType byte, shape []int, elements []byte) []byte {
	head := []byte{0, 0, elementType, byte(len(shape))}
	for _, n := range shape {
		head = binary.BigEndian.AppendUint32(head, uint32(n))
	}
	return append(head, elements...)
}

// npzFileOf makes a compressed .npz file of names and .npy files.
func npzFileOf(t testing.TB, entries ...any) []byte {
	t.Helper()
	return archiveOf(t, zip.Deflate, entries...)
}

func archiveOf(t testing.TB, method uint16, entries ...any) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for i := 0; i < len(entries); i += 2 {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: entries[i].(string), Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(entries[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func gzipOf(t testing.TB, content []byte) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// writeFile writes content to a file of that name in a new folder.
func writeFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func openFile(t testing.TB, name string, content []byte, options Options) (*Set, error) {
	t.Helper()
	if options.CacheDir == "" {
		options.CacheDir = t.TempDir()
	}
	return Open(writeFile(t, name, content), options)
}

func mustOpen(t testing.TB, name string, content []byte, options Options) *Set {
	t.Helper()
	set, err := openFile(t, name, content, options)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// values reads all images.
func values(images *Images) []float32 {
	var all []float32
	images.each(func(_ int, image []float32) { all = append(all, image...) })
	return all
}

// counting is the bytes 0, 1, 2, ..., n-1, wrapped at 256.
func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// firstPixels is the first value of every image: the number of the image in the source, as tests here make them.
func firstPixels(images *Images) []int {
	var firsts []int
	images.each(func(_ int, image []float32) { firsts = append(firsts, int(image[0])) })
	return firsts
}

// numbered is a .npy file of n images of 1x1 pixel whose value is their number.
func numbered(n int) []byte {
	var elements []byte
	for i := range n {
		elements = binary.LittleEndian.AppendUint16(elements, uint16(i))
	}
	return npyFileOf("<u2", "False", fmt.Sprintf("(%d, 1, 1)", n), elements)
}

func TestArrayFormats(t *testing.T) {
	// Ten images, 2x3x1, of values 0 to 59, in every way to store them.
	const n = 60
	ordered := counting(n)
	fortran := make([]byte, n) // [10, 2, 3] with the first axis varying fastest
	for i := range 10 {
		for y := range 2 {
			for x := range 3 {
				fortran[i+10*(y+2*x)] = byte(i*6 + y*3 + x)
			}
		}
	}
	encode := func(bytes []byte, each func(b []byte, v byte) []byte) []byte {
		var out []byte
		for _, v := range bytes {
			out = each(out, v)
		}
		return out
	}
	f4 := func(b []byte, v byte) []byte {
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	}
	f4big := func(b []byte, v byte) []byte { return binary.BigEndian.AppendUint32(b, math.Float32bits(float32(v))) }
	f8 := func(b []byte, v byte) []byte {
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(v)))
	}
	i4big := func(b []byte, v byte) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }
	i8 := func(b []byte, v byte) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) }
	for _, test := range []struct {
		name string
		file []byte
	}{
		{"u1.npy", npyFileOf("|u1", "False", "(10, 2, 3)", ordered)},
		{"u1c.npy", npyFileOf("|u1", "False", "(10, 2, 3, 1)", ordered)},
		{"u1f.npy", npyFileOf("|u1", "True", "(10, 2, 3)", fortran)},
		{"f4.npy", npyFileOf("<f4", "False", "(10, 2, 3)", encode(ordered, f4))},
		{"f4f.npy", npyFileOf("<f4", "True", "(10, 2, 3)", encode(fortran, f4))},
		{"f4big.npy", npyFileOf(">f4", "False", "(10, 2, 3)", encode(ordered, f4big))},
		{"f8.npy", npyFileOf("<f8", "False", "(10, 2, 3)", encode(ordered, f8))},
		{"f8f.npy", npyFileOf("<f8", "True", "(10, 2, 3)", encode(fortran, f8))},
		{"i8.npy", npyFileOf("<i8", "False", "(10, 2, 3)", encode(ordered, i8))},
		{"i8.npy.gz", gzipOf(t, npyFileOf("<i8", "False", "(10, 2, 3)", encode(ordered, i8)))},
		{"u1.idx", idxFileOf(0x08, []int{10, 2, 3}, ordered)},
		{"u1.idx.gz", gzipOf(t, idxFileOf(0x08, []int{10, 2, 3}, ordered))},
		{"i4.idx", idxFileOf(0x0C, []int{10, 2, 3, 1}, encode(ordered, i4big))},
		{"f4.idx", idxFileOf(0x0D, []int{10, 2, 3}, encode(ordered, f4big))},
		{"lone.npz", npzFileOf(t, "arr_0.npy", npyFileOf("|u1", "False", "(10, 2, 3)", ordered))},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, memory := range []int64{0, 1} { // from memory, and from a file
				set := mustOpen(t, test.name, test.file, Options{Memory: memory})
				wantParts(t, set, 8, 1, 1)
				if set.Shape() != (Shape{2, 3, 1}) {
					t.Fatalf("shape %v", set.Shape())
				}
				all := slices.Concat(values(set.Train), values(set.Validation), values(set.Test))
				slices.SortFunc(all, func(a, b float32) int { return int(a - b) })
				for i, v := range all {
					if v != float32(i) {
						t.Fatalf("value %d is %v", i, v)
					}
				}
				set.Train.each(func(_ int, image []float32) {
					for j, v := range image {
						if v != image[0]+float32(j) {
							t.Errorf("pixels out of order: %v", image)
						}
					}
				})
			}
		})
	}
}

func TestNamedParts(t *testing.T) {
	images := func(n, first int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(first + i)
		}
		return npyFileOf("|u1", "False", fmt.Sprintf("(%d, 1, 1)", n), b)
	}
	set := mustOpen(t, "a.npz", npzFileOf(t, "xt.npy", images(3, 100), "x.npy", images(20, 0), "labels.npy", images(1, 9)), Options{})
	wantParts(t, set, 18, 2, 3)
	if got := firstPixels(set.Test); !slices.Equal(got, []int{100, 101, 102}) {
		t.Errorf("test images %v", got)
	}
	set = mustOpen(t, "b.npz", npzFileOf(t, "train_images.npy", images(5, 0), "val_images.npy", images(2, 50), "test_images.npy", images(3, 100)), Options{})
	wantParts(t, set, 5, 2, 3)
	set = mustOpen(t, "c.npz", npzFileOf(t, "x_train.npy", images(20, 0), "x_val.npy", images(4, 50)), Options{Holdout: 0.25})
	wantParts(t, set, 15, 4, 5)
}

func TestHoldout(t *testing.T) {
	const n = 5000
	set := mustOpen(t, "a.npy", numbered(n), Options{Holdout: 0.2})
	wantParts(t, set, 3000, 1000, 1000)
	var seen [n]int
	for _, part := range []*Images{set.Train, set.Validation, set.Test} {
		firsts := firstPixels(part)
		if !slices.IsSorted(firsts) {
			t.Error("images lost their order")
		}
		for _, i := range firsts {
			seen[i]++
		}
	}
	for i, times := range seen {
		if times != 1 {
			t.Fatalf("image %d is in %d parts", i, times)
		}
	}
	// Every tenth of a sorted source is held out alike: of 500 images 100 +- 4 standard deviations (8.9).
	var tenths [10]int
	for _, i := range firstPixels(set.Test) {
		tenths[i/(n/10)]++
	}
	for _, count := range tenths {
		if count < 64 || count > 136 {
			t.Errorf("test images in each tenth of the source: %v", tenths)
		}
	}
	again := mustOpen(t, "b.npy", numbered(n), Options{Holdout: 0.2})
	if again.Checksum != set.Checksum {
		t.Error("the choice differs from run to run")
	}
	fewer := mustOpen(t, "c.npy", numbered(n), Options{Holdout: 0.2, Images: 10})
	wantParts(t, fewer, 10, 1000, 1000)
	if !slices.Equal(firstPixels(fewer.Train), firstPixels(set.Train)[:10]) || fewer.Checksum == set.Checksum {
		t.Error("the first images are not those of the whole set")
	}
}

func TestScales(t *testing.T) {
	// Held-out images go to 1000, which must not count; the training part has 0 and 10.
	train := npyFileOf("<u2", "False", "(4, 1, 2)", []byte{0, 0, 10, 0, 0, 0, 10, 0, 10, 0, 0, 0, 10, 0, 0, 0})
	held := npyFileOf("<u2", "False", "(1, 1, 2)", []byte{0xe8, 3, 0, 0})
	file := npzFileOf(t, "x.npy", train, "x_val.npy", held, "xt.npy", held)
	for _, test := range []struct {
		scale    Scale
		ten, mil float64
	}{
		{ScaleDefault, 10, 1000},
		{ScaleNone, 10, 1000},
		{ScaleUnit, 10.0 / 65535, 1000.0 / 65535},
		{ScaleMinMax, 1, 100},
		{ScaleStandardize, 1, 199},
	} {
		set := mustOpen(t, "a.npz", file, Options{Scale: test.scale})
		if got := values(set.Train)[1]; got != float32(test.ten) {
			t.Errorf("%v: 10 becomes %v, want %v", test.scale, got, test.ten)
		}
		if got := values(set.Test)[0]; got != float32(test.mil) {
			t.Errorf("%v: 1000 becomes %v, want %v", test.scale, got, test.mil)
		}
	}
	bools := mustOpen(t, "b.npy", npyFileOf("|b1", "False", "(4, 1, 1)", []byte{0, 1, 7, 1}), Options{Scale: ScaleUnit})
	for _, v := range values(bools.Train) {
		if v != 0 && v != 1 {
			t.Errorf("a bool becomes %v", v)
		}
	}
}

func TestResizeKeepsMeanAndRange(t *testing.T) {
	set, err := Open("pneumonia", Options{Resize: Size{14, 20}})
	if err != nil {
		t.Fatal(err)
	}
	if set.Shape() != (Shape{14, 20, 1}) {
		t.Errorf("shape %v", set.Shape())
	}
	whole, err := Pneumonia()
	if err != nil {
		t.Fatal(err)
	}
	small, _ := meanAndDeviation(set.Train)
	large, _ := meanAndDeviation(whole.Train)
	if !near(small, large, 0.002) {
		t.Errorf("mean %v becomes %v", large, small)
	}
	// As uint8 and as float32 the same picture comes out, but for rounding to whole numbers.
	raw := counting(4 * 24)
	var floats []byte
	for _, v := range raw {
		floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(float32(v)))
	}
	asBytes := values(mustOpen(t, "a.npy", npyFileOf("|u1", "False", "(4, 4, 2, 3)", raw), Options{Resize: Size{3, 5}}).Train)
	asFloats := values(mustOpen(t, "b.npy", npyFileOf("<f4", "False", "(4, 4, 2, 3)", floats), Options{Resize: Size{3, 5}}).Train)
	for i, v := range asBytes {
		if !near(float64(v), float64(asFloats[i]), 0.51) {
			t.Errorf("value %d is %v as uint8 and %v as float32", i, v, asFloats[i])
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	nan := bytes.Repeat(binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN()))), 4)
	small := npyFileOf("|u1", "False", "(4, 1, 1)", counting(4))
	wide := npyFileOf("|u1", "False", "(2, 1, 2)", counting(4))
	truncated := gzipOf(t, idxFileOf(0x08, []int{100, 5, 5}, counting(2500)))
	flipped := npzFileOf(t, "x.npy", npyFileOf("|u1", "False", "(100, 5, 5)", counting(2500)))
	flipped[120] ^= 0x10
	for _, test := range []struct {
		name, want string
		file       []byte
		options    Options
	}{
		{"empty.npy", "not a file of images", nil, Options{}},
		{"text.npy", "not a file of images", []byte("hello world"), Options{}},
		{"one.png", "one picture", []byte("x"), Options{}},
		{"cut.npy", "cut short", small[:len(small)-1], Options{}},
		{"long.npy", "1 bytes more", append(bytes.Clone(small), 0), Options{}},
		{"cut.idx.gz", "cut short", truncated[:len(truncated)-20], Options{}},
		{"sum.idx.gz", "damaged", append(bytes.Clone(truncated[:len(truncated)-8]), 1, 2, 3, 4, 0xc4, 9, 0, 0), Options{}},
		{"flip.npz", "x.npy", flipped, Options{}},
		{"labels.idx", "files of labels", idxFileOf(0x08, []int{4}, counting(4)), Options{}},
		{"flat.npy", "reshape", npyFileOf("|u1", "False", "(2, 7, 4, 7, 4)", make([]byte, 1568)), Options{}},
		{"none.npy", "no image", npyFileOf("|u1", "False", "(0, 2, 2)", nil), Options{}},
		{"nchw.npy", "transpose", npyFileOf("|u1", "False", "(2, 3, 8, 8)", make([]byte, 384)), Options{}},
		{"two.npy", "too few", npyFileOf("|u1", "False", "(2, 1, 1)", counting(2)), Options{}},
		{"empty.npz", "it holds no arrays", append([]byte("PK\x05\x06"), make([]byte, 18)...), Options{}},
		{"claim.npy", "missing", npyFileOf("<f8", "False", "(100000, 1000, 1000)", nil), Options{}},
		{"claim.npy.gz", "over the limit", gzipOf(t, npyFileOf("<f8", "False", "(100000, 1000, 1000)", nil)), Options{}},
		{"claim.npz", "over the limit", npzFileOf(t, "x.npy", npyFileOf("|u1", "False", "(1, 100000, 100000)", nil)), Options{}},
		{"names.npz", "name them x", npzFileOf(t, "a.npy", small, "b.npy", small), Options{}},
		{"both.npz", "keep one", npzFileOf(t, "x.npy", small, "x_train.npy", small), Options{}},
		{"shapes.npz", "one shape", npzFileOf(t, "x.npy", small, "xt.npy", wide), Options{}},
		{"nan.npy", "infinite or NaN, first in image", npyFileOf("<f4", "False", "(4, 1, 1)", nan), Options{Scale: ScaleMinMax}},
		{"nan.npy", "can't be resized", npyFileOf("<f4", "False", "(4, 1, 1)", nan), Options{Resize: Size{2, 2}}},
		{"blank.npy", "nothing to scale", npyFileOf("|u1", "False", "(4, 1, 1)", make([]byte, 4)), Options{Scale: ScaleStandardize}},
		{"ok.npy", "above 0 and below 0.5", small, Options{Holdout: 0.5}},
		{"ok.npy", "above 0 and below 0.5", small, Options{Holdout: math.NaN()}},
		{"ok.npy", "unknown scale", small, Options{Scale: 17}},
		{"ok.npy", "can't keep", small, Options{Images: -1}},
		{"ok.npy", "smaller size", small, Options{Resize: Size{16384, 16384}}},
		{"ok.npy", "can't resize", small, Options{Resize: Size{0, 5}}},
	} {
		_, err := openFile(t, test.name, test.file, test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
			continue
		}
		if !strings.Contains(err.Error(), test.name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q does not name the file, or has several lines", test.name, err)
		}
	}
	for _, spec := range []string{"", "/nowhere/at/all.npz"} {
		if _, err := Open(spec, Options{}); err == nil || strings.Contains(err.Error(), "stat ") {
			t.Errorf("%q is opened: error %v", spec, err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, scale := range []Scale{ScaleDefault, ScaleNone, ScaleUnit, ScaleStandardize, ScaleMinMax} {
		if got, err := ParseScale(scale.String()); err != nil || got != scale {
			t.Errorf("%v is read as %v, %v", scale, got, err)
		}
	}
	if _, err := ParseScale("max"); err == nil {
		t.Error("scale max is accepted")
	}
	for text, want := range map[string]Size{"": {}, "64x32": {64, 32}, "8X8": {8, 8}} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"64", "0x0", "-1x5", "axb", "64x", "9999999x1", "1x2x3"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
