package dataset

import (
	"path/filepath"
	"testing"

	"dcae/training/dataset/npz"
)

func TestWholeKeepsTheOrderOfTheSource(t *testing.T) {
	x := npz.Array{Name: "x", Shape: []int{40, 1, 2}, Float32: make([]float32, 80)}
	for i := range x.Float32 {
		x.Float32[i] = float32(i)
	}
	path := filepath.Join(t.TempDir(), "x.npz")
	if err := npz.Write(path, []npz.Array{x}); err != nil {
		t.Fatal(err)
	}
	set, err := Open(path, Options{Images: 3, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	whole := set.Whole()
	if whole.Len() != 40 {
		t.Fatalf("%d images, not 40", whole.Len())
	}
	got, all := make([]float32, 80), make([]int, 40)
	for i := range all {
		all[i] = i
	}
	whole.Read(got, all)
	for i, v := range got {
		if v != float32(i) {
			t.Fatalf("value %d is %g", i, v)
		}
	}
}
