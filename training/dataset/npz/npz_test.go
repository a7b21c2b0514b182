package npz

import (
	"archive/zip"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// numpy writes a compressed archive in which sums of arrays were noted with numpy itself.
func TestReadNumpyArchive(t *testing.T) {
	const folder = "../../../../shared/fixtures" // beside the repository, which leaves out what takes 30 MB
	if _, err := os.Stat(folder); err != nil {
		t.Skip("needs what Keras computed: ", err)
	}
	arrays, err := Read(folder + "/improved.npz")
	if err != nil {
		t.Fatal(err)
	}
	if len(arrays) != wantArrays {
		t.Errorf("%d arrays, want %d", len(arrays), wantArrays)
	}
	checked := 0
	for _, array := range arrays {
		for _, want := range wantSums {
			if array.Name != want.name {
				continue
			}
			checked++
			var sum, last float64
			for _, v := range array.Float32 {
				sum, last = sum+float64(v), float64(v)
			}
			for _, v := range array.Float64 {
				sum, last = sum+v, v
			}
			if !slices.Equal(array.Shape, want.shape) || math.Abs(sum-want.sum) > 1e-9*math.Abs(want.sum) || last != want.last {
				t.Errorf("%s: shape %v, sum %v, last %v, want %+v", array.Name, array.Shape, sum, last, want)
			}
			if single := array.Float32 != nil; single != want.single {
				t.Errorf("%s: as float32: %v", array.Name, single)
			}
		}
	}
	if checked != len(wantSums) {
		t.Errorf("%d of %d arrays found", checked, len(wantSums))
	}
}

func TestWriteThenRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.npz")
	want := []Array{
		{Name: "act/conv2d", Shape: []int{2, 3}, Float32: []float32{1, -2, 3.5, float32(math.Inf(1)), 5, 6}},
		{Name: "loss", Shape: []int{2}, Float64: []float64{0.1, -1e-300}},
		{Name: "scalar", Shape: []int{}, Float64: []float64{7}},
		{Name: "empty", Shape: []int{0, 4}, Float32: []float32{}},
	}
	if err := Write(name, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, test := range []struct {
		want   string
		arrays []Array
	}{
		{"asks for 3", []Array{{Name: "a", Shape: []int{3}, Float32: []float32{1}}}},
		{"two arrays", []Array{{Name: "a", Shape: []int{0}}, {Name: "a", Shape: []int{0}}}},
		{"both", []Array{{Name: "a", Shape: []int{1}, Float32: []float32{1}, Float64: []float64{}}}},
		{"out of the archive", []Array{{Name: "../a", Shape: []int{0}}}},
		{"negative", []Array{{Name: "a", Shape: []int{-1, -1}, Float32: []float32{1}}}},
	} {
		dir := t.TempDir()
		err := Write(filepath.Join(dir, "a.npz"), test.arrays)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one with %q", err, test.want)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%v is left behind", left)
		}
	}
}

// npy makes a .npy file by hand.
func npy(descr, order, shape string, elements ...byte) []byte {
	text := "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n"
	return append([]byte(magic+"\x01\x00"+string([]byte{byte(len(text)), byte(len(text) >> 8)})+text), elements...)
}

// archive makes a .npz file of entries, each name followed by its content.
func archive(t testing.TB, method uint16, entries ...string) []byte {
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for i := 0; i < len(entries); i += 2 {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: entries[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(entries[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func readBytes(file []byte) ([]Array, error) {
	return ReadFrom(bytes.NewReader(file), int64(len(file)))
}

func TestElementTypes(t *testing.T) {
	for _, test := range []struct {
		descr, shape string
		elements     []byte
		want         []float64
	}{
		{"|b1", "(3,)", []byte{0, 1, 2}, []float64{0, 1, 1}},
		{"|u1", "(2,)", []byte{0, 255}, []float64{0, 255}},
		{"|i1", "(2,)", []byte{127, 128}, []float64{127, -128}},
		{"<u2", "(2,)", []byte{1, 0, 255, 255}, []float64{1, 65535}},
		{">u2", "(2,)", []byte{0, 1, 255, 254}, []float64{1, 65534}},
		{"<i2", "(1,)", []byte{254, 255}, []float64{-2}},
		{"<i4", "(1,)", []byte{253, 255, 255, 255}, []float64{-3}},
		{">u4", "(1,)", []byte{255, 255, 255, 255}, []float64{4294967295}},
		{"<i8", "(1,)", []byte{252, 255, 255, 255, 255, 255, 255, 255}, []float64{-4}},
		{">u8", "()", []byte{0, 0, 0, 0, 0, 0, 1, 0}, []float64{256}},
		{"<f2", "(6,)", []byte{0, 0x3c, 0, 0xc0, 1, 0, 0xff, 0x7b, 0, 0x7c, 0, 0x80}, []float64{1, -2, 1.0 / (1 << 24), 65504, math.Inf(1), 0}},
		{">f4", "(1,)", []byte{0x3f, 0x80, 0, 0}, []float64{1}},
		{">f8", "(1,)", []byte{0xbf, 0xf0, 0, 0, 0, 0, 0, 0}, []float64{-1}},
	} {
		arrays, err := readBytes(archive(t, zip.Deflate, "x.npy", string(npy(test.descr, "False", test.shape, test.elements...))))
		if err != nil {
			t.Errorf("%s: %v", test.descr, err)
			continue
		}
		got := arrays[0].Float64
		for _, v := range arrays[0].Float32 {
			got = append(got, float64(v))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.descr, got, test.want)
		}
	}
}

func TestFortranOrder(t *testing.T) {
	// numpy: np.asfortranarray(np.arange(12, dtype="u1").reshape(2, 3, 2)).tobytes("A")
	stored := npy("|u1", "True", "(2, 3, 2)", 0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11)
	arrays, err := readBytes(archive(t, zip.Store, "x.npy", string(stored)))
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}; !slices.Equal(arrays[0].Float64, want) {
		t.Errorf("%v", arrays[0].Float64)
	}
}

func TestReadRefuses(t *testing.T) {
	good := string(npy("<f4", "False", "(2,)", 0, 0, 0, 0, 0, 0, 0, 0))
	stored := archive(t, zip.Store, "x.npy", good)
	flipped := bytes.Clone(stored)
	flipped[bytes.Index(flipped, []byte("{'descr'"))+len(good)-len(magic)-4-2] ^= 1 // an element
	for _, test := range []struct {
		name, want string
		file       []byte
	}{
		{"no zip", "no .npz", []byte("hello")},
		{"truncated archive", "no .npz", stored[:len(stored)-10]},
		{"bit flip", "checksum", flipped},
		{"truncated array", "cut short", archive(t, zip.Deflate, "x.npy", good[:len(good)-1])},
		{"array too long", "more data", archive(t, zip.Deflate, "x.npy", good+"x")},
		{"text", "nothing else", archive(t, zip.Deflate, "x.txt", "hello")},
		{"no npy", "does not start", archive(t, zip.Deflate, "x.npy", "hello")},
		{"path", "out of the archive", archive(t, zip.Deflate, "../../x.npy", good)},
		{"absolute", "out of the archive", archive(t, zip.Deflate, "/x.npy", good)},
		{"claims much", "over the limit", archive(t, zip.Deflate, "x.npy", string(npy("<f8", "False", "(1000000, 1000000)")))},
		{"overflow", "too large", archive(t, zip.Deflate, "x.npy", string(npy("<f8", "False", "(9999999999, 9999999999)")))},
		{"negative", "length of", archive(t, zip.Deflate, "x.npy", string(npy("<f8", "False", "(-1,)")))},
		{"inflates to much", "more data", archive(t, zip.Deflate, "x.npy", good+strings.Repeat("\x00", 1<<20))},
		{"object", "can't be read", archive(t, zip.Deflate, "x.npy", string(npy("|O", "False", "(1,)")))},
		{"complex", "can't be read", archive(t, zip.Deflate, "x.npy", string(npy("<c8", "False", "(1,)")))},
		{"header cut short", "cut short", archive(t, zip.Deflate, "x.npy", good[:20])},
	} {
		if _, err := readBytes(test.file); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func TestHeaderKeysInAnyOrder(t *testing.T) {
	for _, text := range []string{
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
		`{"shape": (2,3), "descr":"<f4","fortran_order":False}`,
	} {
		header, err := parseHeader(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Header{DType: DType{'f', 4, false}, Shape: []int{2, 3}}, header); diff != "" {
			t.Error(diff)
		}
	}
	for _, text := range []string{
		"", "{", "{}", "{'descr'", "{'descr':", "{'descr': '<f4", "{'shape': (1", "{'descr': '<f4', 'shape': (1,)}",
		"{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
	} {
		if _, err := parseHeader(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(archive(f, zip.Deflate, "x.npy", string(npy("<f4", "False", "(2,)", 0, 0, 0, 0, 0, 0, 0, 0))))
	f.Add(archive(f, zip.Store, "a/b.npy", string(npy(">i2", "True", "(2, 1)", 0, 1, 2, 3)), "c.npy", string(npy("|b1", "False", "()", 1))))
	f.Fuzz(func(t *testing.T, file []byte) {
		arrays, err := readBytes(file)
		if err != nil {
			return
		}
		for _, array := range arrays {
			if have, want := len(array.Float32)+len(array.Float64), (Header{Shape: array.Shape}).Count(); have != want {
				t.Errorf("%q: %d elements for shape %v", array.Name, have, array.Shape)
			}
		}
	})
}

func FuzzReadHeader(f *testing.F) {
	f.Add(npy("<f4", "False", "(2,)"))
	f.Add(npy("|u1", "True", "()"))
	f.Fuzz(func(t *testing.T, file []byte) {
		header, err := ReadHeader(bytes.NewReader(file))
		if err == nil && (header.Bytes() < 0 || !header.DType.known()) {
			t.Errorf("%+v", header)
		}
	})
}
