package arithmetic

import "testing"

func TestTheFamilyIsChosenOnce(t *testing.T) {
	first := Chosen()
	if err := Choose(first); err != nil {
		t.Error("the same family again: ", err)
	}
	for f := Portable; f <= AVX512; f++ {
		if parsed, err := ParseFamily(f.String()); parsed != f || err != nil {
			t.Errorf("%s is read as %s, %v", f, parsed, err)
		}
		if err := Choose(f); f != first && err == nil {
			t.Errorf("%s kernels were chosen after %s kernels were in use", f, first)
		}
	}
	if Chosen() != first {
		t.Errorf("%s kernels became %s kernels", first, Chosen())
	}
	if _, err := ParseFamily("sse"); err == nil {
		t.Error("there is a family sse")
	}
}
