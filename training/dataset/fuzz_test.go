package dataset

import (
	"encoding/binary"
	"image"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// limitMemory fails a test that, until the returned function is called, takes more memory than a small file may cost.
func limitMemory(t *testing.T, content []byte) func() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	return func() {
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; len(content) < 1<<20 && used > 1<<30 {
			t.Errorf("%d bytes of memory for a file of %d", used, len(content))
		}
	}
}

// fuzzFile opens a file of the fuzzer's bytes and, when that works, reads and describes what is in it.
func fuzzFile(t *testing.T, name string, content []byte, options Options) {
	defer limitMemory(t, content)()
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(name) != "." {
		path = filepath.Dir(path)
	}
	options.CacheDir = filepath.Join(dir, "cache")
	set, err := Open(path, options)
	if err != nil {
		return
	}
	report := Describe(set)
	total := set.Train.Len() + set.Validation.Len() + set.Test.Len()
	if total < 3 || report.Train.Images != set.Train.Len() || len(set.Train.Mean()) != set.Shape().Size() {
		t.Errorf("%d images, report %+v", total, report)
	}
	someFinite := report.Train.NonFinite < report.Train.Images*set.Shape().Size()
	if someFinite && (math.IsNaN(report.Train.Mean) || math.IsNaN(report.Train.Deviation)) {
		t.Errorf("report %+v", report.Train)
	}
}

func FuzzNPY(f *testing.F) {
	f.Add(npyFileOf("|u1", "False", "(4, 2, 2)", counting(16)), byte(0))
	f.Add(npyFileOf(">f2", "True", "(3, 1, 2, 1)", counting(12)), byte(1))
	f.Add(gzipOf(f, npyFileOf("<i4", "False", "(3, 1, 1)", counting(12))), byte(3))
	f.Fuzz(func(t *testing.T, content []byte, variant byte) {
		fuzzFile(t, "a.npy", content, fuzzOptions(variant))
	})
}

func FuzzNPZ(f *testing.F) {
	f.Add(npzFileOf(f, "x.npy", npyFileOf("|u1", "False", "(4, 2, 2)", counting(16)), "xt.npy", npyFileOf("<f4", "False", "(1, 2, 2)", counting(16))), byte(0))
	f.Add(npzFileOf(f, "arr_0.npy", npyFileOf("<f8", "True", "(3, 1, 2)", counting(48))), byte(2))
	f.Fuzz(func(t *testing.T, content []byte, variant byte) {
		fuzzFile(t, "a.npz", content, fuzzOptions(variant))
	})
}

func FuzzTable(f *testing.F) {
	for _, text := range []string{
		"id,a,b,label\n0,1,2.5,3\n1,-4,,5\n2,1e9,nan,7\n", "1;2;3\n4;5;6\n7;8;9\n10;11;12\n", "a\tb\n1\t2\n3\t4\n5\t6\n", "# comment\n\"a\",\"b\"\n 1 ,\"2\"\n3,4\n5,6\n", "1,2\n3\n", "a,a\n\n", "\ufeffx,y\r\n1,2\r\n3,4\r\n5,6\r\n",
	} {
		f.Add([]byte(text), byte(0))
	}
	f.Fuzz(func(t *testing.T, content []byte, variant byte) {
		fuzzFile(t, "a.csv", content, fuzzOptions(variant))
	})
}

func FuzzIDX(f *testing.F) {
	f.Add(idxFileOf(0x08, []int{4, 2, 2}, counting(16)), byte(0))
	f.Add(idxFileOf(0x0B, []int{3, 1, 2, 1}, counting(12)), byte(1))
	f.Add(gzipOf(f, idxFileOf(0x0D, []int{3, 1, 1}, counting(12))), byte(3))
	f.Fuzz(func(t *testing.T, content []byte, variant byte) {
		fuzzFile(t, "images-idx3-ubyte", content, fuzzOptions(variant))
	})
}

// fuzzOptions turns one byte into options: the scale, whether to resize, whether to read from a file.
func fuzzOptions(variant byte) Options {
	options := Options{Scale: Scale(variant % 5)}
	if variant&64 != 0 {
		options.Resize = Size{3, 2}
	}
	if variant&128 != 0 {
		options.Memory = 1
	}
	return options
}

func FuzzPicture(f *testing.F) {
	f.Add(pngOf(f, grey(3, 2, 9)))
	f.Add(greyAlphaPNG(5, 6))
	f.Add(turnedJPEG(f, halves(), 6, binary.LittleEndian, "II"))
	f.Add(pngOf(f, image.NewNRGBA64(image.Rect(0, 0, 2, 1))))
	f.Fuzz(func(t *testing.T, content []byte) {
		defer limitMemory(t, content)()
		// Three pictures, so that there is one for each part.
		dir := t.TempDir()
		for _, name := range []string{"a.png", "b.jpg", "c.jpeg"} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, size := range []Size{{}, {4, 5}} {
			set, err := Open(dir, Options{Resize: size, CacheDir: filepath.Join(dir, "cache")})
			if err != nil {
				continue
			}
			if first := Describe(set); set.Train.Len() != 1 || first.Validation.InTrain+first.Validation.Constant != 1 {
				t.Errorf("equal pictures are read differently: %+v", first)
			}
		}
	})
}
