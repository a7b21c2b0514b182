package torch

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func written(t testing.TB, tensors []*Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSafetensors(&b, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var ofAllTypes = []*Tensor{
	{Name: "a.weight", Type: Float32, Shape: []int{2, 2}, Float32s: []float32{1, -2, 3, 0.5}}, {Name: "count", Type: Int64, Shape: []int{}, Ints: []int64{-7}},
	{Name: "é\"", Type: Float64, Shape: []int{1}, Float64s: []float64{1e300}}, {Name: "mask", Type: Bool, Shape: []int{3}, Ints: []int64{1, 0, 1}}, {Name: "i32", Type: Int32, Shape: []int{1}, Ints: []int64{-1 << 31}},
	{Name: "i16", Type: Int16, Shape: []int{1}, Ints: []int64{-2}}, {Name: "i8", Type: Int8, Shape: []int{1}, Ints: []int64{-128}}, {Name: "u8", Type: UInt8, Shape: []int{1}, Ints: []int64{255}},
	{Name: "none", Type: Float32, Shape: []int{0, 3}, Float32s: []float32{}},
}

func TestSafetensorsAreReadAsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := SaveSafetensors(path, ofAllTypes); err != nil {
		t.Fatal(err)
	}
	got, err := OpenSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ofAllTypes, got, cmpopts.IgnoreUnexported(Tensor{})); diff != "" {
		t.Errorf("written (-) is not what is read (+):\n%s", diff)
	}
	if b, err := os.ReadFile(path); err != nil || binary.LittleEndian.Uint64(b)%8 != 0 {
		t.Error("values do not begin at a multiple of 8 bytes")
	}
	if err := SaveSafetensors(path, []*Tensor{{Name: "x", Type: Float32, Shape: []int{}, Float32s: []float32{1}}, {Name: "x", Type: Float32, Shape: []int{}, Float32s: []float32{1}}}); err == nil {
		t.Error("wrote two tensors of one name")
	}
	if again, err := OpenSafetensors(path); err != nil || len(again) != len(ofAllTypes) {
		t.Error("a failed write changed the file: ", err)
	}
}

func TestReadSafetensorsRefuses(t *testing.T) {
	file := func(header, values string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+values...)
	}
	for what, b := range map[string][]byte{
		"3 bytes are no": []byte("abc"), "does not fit into a file": binary.LittleEndian.AppendUint64(nil, 1<<62), "no JSON": file("{", ""), "too deep": file("[[[[]]]]", ""),
		`"BF16"`:        file(`{"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}`, "ab"),
		"bytes 0 to 8":  file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}`, "abcdefgh"),
		"of 4, and not": file(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, "abcd"),
		"from 4 on":     file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "abcd"),
		"axis of -1":    file(`{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, "abcd"),
		"more than":     file(`{"x":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4]}}`, "abcd"),
		"5 bytes":       file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "abcde"),
	} {
		if _, err := ReadSafetensors(b); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v does not say %q", err, what)
		}
	}
}

// FuzzReadSafetensors checks that a file is refused, or survives being written and read again.
func FuzzReadSafetensors(f *testing.F) {
	f.Add(written(f, ofAllTypes))
	f.Add(written(f, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer limitMemory(t, b)()
		tensors, err := ReadSafetensors(b)
		if err != nil {
			return
		}
		again, err := ReadSafetensors(written(t, tensors))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(written(t, tensors), written(t, again)) {
			t.Error("a second round trip changes the file")
		}
	})
}
