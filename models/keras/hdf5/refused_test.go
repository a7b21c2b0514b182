package hdf5

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadBehindAUserBlock reads a file that begins at byte 512, what stands before being another's.
func TestReadBehindAUserBlock(t *testing.T) {
	b := load(t, "user_block")
	if string(b[:4]) == signature[:4] {
		t.Fatal("there is no user block")
	}
	g, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Datasets)+len(g.Groups) == 0 {
		t.Error("nothing was read")
	}
	if _, err := Read(b[:len(b)-1]); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("cut off by a byte: error %v", err)
	}
}

// TestReadRefuses checks that the error says where and what is not supported, for files as h5py writes them.
func TestReadRefuses(t *testing.T) {
	tests := []struct{ name, where, what string }{
		{"lzf", "/layers/dense/vars/0", "filter 32000 (lzf)"},
		{"extensible", "/a", "index of type 4"},
		{"many_chunks", "/a", "2000 chunks"},
		{"big_endian", "/group/a", "big-endian"},
		{"bool", "/a", "enumeration"},
		{"complex", "/a", "compound"},
		{"bfloat16", "/a", "opaque"},
		{"soft_link", "/", "soft link \"a\""},
		{"external_link", "/", "external link"},
		{"hard_link", "/b", "more than once"},
		{"cycle", "/a/again", "more than once"},
		{"never_written", "/a", "never written"},
		{"vlen_array", "/a", "variable-length sequences"},
		{"null", "/a", "null dataspaces"},
		{"committed_type", "/a", "committed datatype"},
		{"deep", "/g/g", "nested deeper"},
	}
	tested := map[string]bool{}
	for _, tt := range tests {
		tested["refused_"+tt.name+".h5"] = true
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(load(t, "refused_"+tt.name))
			if err == nil {
				t.Fatal("read without an error")
			}
			if tt.where != "" && !strings.HasPrefix(err.Error(), "hdf5: "+tt.where) || !strings.Contains(err.Error(), tt.what) {
				t.Errorf("error %q does not start with %q or does not say %q", err, tt.where, tt.what)
			}
			t.Log(err)
		})
	}
	files, err := filepath.Glob("testdata/refused_*.h5")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if !tested[filepath.Base(f)] {
			t.Errorf("no test reads %s", f)
		}
	}
}

func TestReadSaysWhatIsNoHDF5(t *testing.T) {
	zip, err := os.ReadFile("../testdata/sequential.keras")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"empty": nil, "signature alone": []byte(signature), "zip": zip} {
		if _, err := Read(b); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}
