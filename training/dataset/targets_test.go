package dataset

import (
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/training/dataset/npz"
)

// ramp is n images of h x w x c, whose values count upwards from an offset.
func ramp(name string, offset float32, axes ...int) npz.Array {
	size := 1
	for _, n := range axes {
		size *= n
	}
	values := make([]float32, size)
	for i := range values {
		values[i] = offset + float32(i)
	}
	return npz.Array{Name: name, Shape: axes, Float32: values}
}

func openArrays(t *testing.T, o Options, arrays ...npz.Array) (*Set, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "set.npz")
	if err := npz.Write(path, arrays); err != nil {
		t.Fatal(err)
	}
	return Open(path, o)
}

func readOne(images *Images, i int) []float32 {
	out := make([]float32, images.Shape().Size())
	images.Read(out, []int{i})
	return out
}

func TestOpenReadsTargets(t *testing.T) {
	set, err := openArrays(t, Options{Holdout: 0.2}, ramp("x", 0, 10, 2, 2), ramp("y", 100, 10, 2, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	if !set.Train.HasTargets() || set.Train.TargetSize() != 12 || set.Train.Len() != 6 || set.Train.Targets().Shape() != (Shape{2, 2, 3}) {
		t.Fatalf("targets of %v, %d values, for %d training images", set.Train.Targets().Shape(), set.Train.TargetSize(), set.Train.Len())
	}
	for _, part := range []*Images{set.Train, set.Validation, set.Test, set.Whole(), set.Train.Head(3)} {
		targets := make([]float32, 12)
		for i := range part.Len() {
			number := readOne(part, i)[0] / 4
			part.ReadTargets(targets, []int{i})
			if want := 100 + 12*number; targets[0] != want || targets[11] != want+11 {
				t.Errorf("image %v has targets %v, want %v and on", number, targets, want)
			}
		}
	}
	alone, err := openArrays(t, Options{Holdout: 0.2}, ramp("x", 0, 10, 2, 2))
	if err != nil {
		t.Fatal(err)
	}
	if alone.Checksum == set.Checksum || alone.Train.HasTargets() || alone.Train.TargetSize() != 0 || alone.Train.Targets() != alone.Train {
		t.Error("images without targets are their own")
	}
	if without := set.WithoutTargets(); without.Train.HasTargets() || without.Test.HasTargets() || !set.Test.HasTargets() {
		t.Error("WithoutTargets should leave the images alone, of the copy only")
	}
}

func TestOpenPassesOverLabels(t *testing.T) {
	set, err := openArrays(t, Options{}, ramp("x_train", 0, 40, 2, 2), ramp("y_train", 0, 40, 1), ramp("x_test", 0, 5, 2, 2), ramp("y_test", 0, 5, 1))
	if err != nil {
		t.Fatal(err)
	}
	if set.Train.HasTargets() || len(set.Notes) != 2 || !strings.Contains(set.Notes[0], "y_train") || !strings.Contains(set.Notes[0], "labels") {
		t.Errorf("labels are no targets, and a note says so: %q", set.Notes)
	}
}

func TestOpenRefusesTargets(t *testing.T) {
	for _, c := range []struct {
		want   string
		arrays []npz.Array
	}{
		{"9 targets for 10 images", []npz.Array{ramp("x", 0, 10, 2, 2), ramp("y", 0, 9, 2, 2)}},
		{"held-out images have none", []npz.Array{ramp("x", 0, 10, 2, 2), ramp("xt", 0, 4, 2, 2), ramp("y", 0, 10, 2, 2)}},
		{"training images have none", []npz.Array{ramp("x", 0, 10, 2, 2), ramp("xt", 0, 4, 2, 2), ramp("yt", 0, 4, 2, 2)}},
		{"but no images for them", []npz.Array{ramp("x", 0, 10, 2, 2), ramp("y", 0, 10, 2, 2), ramp("yt", 0, 4, 2, 2)}},
		{"targets of training images are 2x2x1, but", []npz.Array{ramp("x", 0, 10, 2, 2), ramp("y", 0, 10, 2, 2), ramp("xt", 0, 4, 2, 2), ramp("yt", 0, 4, 2, 3)}},
	} {
		if _, err := openArrays(t, Options{}, c.arrays...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := Open("mnist", Options{Target: "other"}); err == nil {
		t.Error("built-in sets take no targets")
	}
}

func writePNG(t *testing.T, path string, h, w int, gray uint8) {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, w, h))
	for i := range picture.Pix {
		picture.Pix[i] = gray
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pngOf(t, picture), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOpenMatchesTargetFolders(t *testing.T) {
	dir := t.TempDir()
	for i := range 8 {
		writePNG(t, filepath.Join(dir, "x", "deep", fmt.Sprintf("%d.png", i)), 4, 4, uint8(i))
		writePNG(t, filepath.Join(dir, "y", "deep", fmt.Sprintf("%d.png", i)), 4, 4, uint8(100+i))
	}
	writePNG(t, filepath.Join(dir, "y", "more.png"), 4, 4, 1)
	set, err := Open(filepath.Join(dir, "x"), Options{Target: filepath.Join(dir, "y")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Train.Len() {
		if x, y := readOne(set.Train, i)[0], readOne(set.Train.Targets(), i)[0]; y != x+100 {
			t.Errorf("%s has target %v", set.Train.Name(i), y)
		}
	}
	if len(set.Notes) != 1 || !strings.Contains(set.Notes[0], "1 pictures") {
		t.Errorf("notes %q", set.Notes)
	}
	if err := os.Remove(filepath.Join(dir, "y", "deep", "3.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(dir, "x"), Options{Target: filepath.Join(dir, "y")}); err == nil || !strings.Contains(err.Error(), "deep/3") {
		t.Errorf("error %v, want one that names the missing target", err)
	}
}

func TestTreatmentLeavesTargetsWithoutNoise(t *testing.T) {
	set, err := openArrays(t, Options{}, ramp("x", 0, 40, 2, 2), ramp("y", 10, 40, 2, 2))
	if err != nil {
		t.Fatal(err)
	}
	treated, err := set.Treated(Treatment{Scale: ScaleMinMax, Noise: 0.3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	clean := set.Train.Targets()
	for i := range treated.Train.Len() {
		x, y, raw := readOne(treated.Train, i)[0], readOne(treated.Train.Targets(), i)[0], readOne(clean, i)[0]
		scaling := treated.Targets().Scaling
		if want := scaling.Apply(float64(raw)); y != want || math.Abs(float64(x-y)) < 1e-4 {
			t.Errorf("image %d is %v, its target %v, want noise and %v", i, x, y, want)
		}
	}
}

func TestOpenArraysWithChannelsFirst(t *testing.T) {
	// Value 100 c + 10 h + w, in [N, C, H, W] with C = 3, H = 5, W = 6.
	x := npz.Array{Name: "x", Shape: []int{12, 3, 5, 6}, Float32: make([]float32, 12*90)}
	for i := range x.Float32 {
		c, h, w := i/30%3, i/6%5, i%6
		x.Float32[i] = float32(100*c + 10*h + w)
	}
	set, err := openArrays(t, Options{ChannelsFirst: true}, x)
	if err != nil {
		t.Fatal(err)
	}
	if set.Shape() != (Shape{5, 6, 3}) {
		t.Fatalf("shape %v", set.Shape())
	}
	one := readOne(set.Train, 1)
	for i, v := range one {
		h, w, c := i/18, i/3%6, i%3
		if want := float32(100*c + 10*h + w); v != want {
			t.Fatalf("value [%d, %d, %d] is %v, want %v", h, w, c, v, want)
		}
	}
	if _, err := openArrays(t, Options{}, x); err == nil || !strings.Contains(err.Error(), "transpose(0, 2, 3, 1)") {
		t.Errorf("error %v, want one that says how to bring channels last", err)
	}
	for _, first := range []bool{false, true} {
		gray, err := openArrays(t, Options{ChannelsFirst: first}, ramp("x", 0, 12, 1, 5, 6))
		if err != nil || gray.Shape() != (Shape{5, 6, 1}) || readOne(gray.Whole(), 0)[7] != 7 {
			t.Errorf("one channel in front: %v, %v", gray, err)
		}
		last, err := openArrays(t, Options{ChannelsFirst: first}, ramp("x", 0, 12, 6, 5, 3))
		if err != nil || last.Shape() != (Shape{6, 5, 3}) || readOne(last.Whole(), 0)[7] != 7 {
			t.Errorf("channels last: %v, %v", last, err)
		}
		if first != (len(last.Notes) == 1 && strings.Contains(last.Notes[0], "[N, 6, 5, 3] are taken as [N, H, W, C]")) || len(gray.Notes) > 0 {
			t.Errorf("channels first %t: notes %q and %q", first, last.Notes, gray.Notes)
		}
	}
}

func TestOpenFlatSamples(t *testing.T) {
	set, err := openArrays(t, Options{}, ramp("x", 0, 20, 7))
	if err != nil {
		t.Fatal(err)
	}
	if set.Shape() != (Shape{1, 7, 1}) {
		t.Errorf("shape %v, want 1x7x1", set.Shape())
	}
}

func TestOpenTables(t *testing.T) {
	open := func(name, text string) (*Set, error) {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return Open(path, Options{Holdout: 0.25})
	}
	rows := func(separator, start string) string {
		var b strings.Builder
		for i := range 8 {
			fmt.Fprintf(&b, "%s%d%s%d.5%s-3e2\n", start, i, separator, i, separator)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, text string
		notes      int
	}{
		{"plain.csv", rows(",", ""), 0},
		{"header.csv", "a,b,c\n" + rows(",", ""), 0},
		{"index.csv", ",a,b,c\n" + rows(",", "9,"), 1},
		{"labels.csv", "label,a,b,c\n" + rows(",", "cat,"), 1},
		{"marked.csv", "\ufeff" + rows(",", ""), 0},
		{"marked header.csv", "\ufeffa,b,c\r\n" + rows(",", ""), 0},
		{"spaces.csv", rows(" ", ""), 0},
		{"comment.csv", "# written by a program\n# with spaces\n" + rows(",", ""), 0},
		{"semicolons.csv", "a;b;c\n" + rows(";", ""), 0},
		{"tabs.tsv", rows("\t", ""), 0},
	} {
		set, err := open(c.name, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff([]float32{5, 5.5, -300}, readOne(set.Whole(), 5)); d != "" || set.Shape() != (Shape{1, 3, 1}) || len(set.Notes) != c.notes {
			t.Errorf("%s: shape %v, notes %q: %s", c.name, set.Shape(), set.Notes, d)
		}
	}
	gap, err := open("gap.csv", "1,2\n3,\n5,6\n7,8\n1,1\n2,2\n3,3\n4,4\n")
	if err != nil || !math.IsNaN(float64(readOne(gap.Whole(), 1)[1])) {
		t.Errorf("an empty cell is NaN: %v", err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"text.csv", "a,b\n1,2\n3,red\n", `line 3: column "b" holds "red"`},
		{"ragged.csv", "1,2\n3\n", "line 2 has another number of cells (1) than the lines before it (2)"},
		{"empty.csv", "", "no numbers"},
		{"words.csv", "a,b\n", "no numbers"},
	} {
		if _, err := open(c.name, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// Pairs in another order, and targets in another range, are what goes wrong unseen.
func TestDescribeWarnsOfPairsThatDoNotMatch(t *testing.T) {
	const n = 60
	x := npz.Array{Name: "x", Shape: []int{n, 6, 6}, Float32: make([]float32, n*36)}
	for i := range x.Float32 {
		x.Float32[i] = float32(mix(uint64(i))%1000) / 1000
	}
	pairs := func(shift int, factor float32) []string {
		y := npz.Array{Name: "y", Shape: x.Shape, Float32: make([]float32, n*36)}
		for i := range y.Float32 {
			y.Float32[i] = factor * x.Float32[(i+36*shift)%len(x.Float32)]
		}
		set, err := openArrays(t, Options{}, x, y)
		if err != nil {
			t.Fatal(err)
		}
		report := Describe(set)
		if report.Targets == nil {
			t.Fatal("targets are not described")
		}
		return report.Warnings
	}
	if w := pairs(0, 1); len(w) > 0 {
		t.Errorf("warnings about matching pairs: %q", w)
	}
	if w := pairs(7, 1); len(w) != 1 || !strings.Contains(w[0], "same order") {
		t.Errorf("warnings about pairs in another order: %q", w)
	}
	if w := pairs(0, 255); len(w) != 1 || !strings.Contains(w[0], "scale both alike") {
		t.Errorf("warnings about targets in another range: %q", w)
	}
}
