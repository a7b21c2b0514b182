package hdf5

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// goodFiles are the files in testdata that have a NAME.json, written by h5py.
var goodFiles = []string{"sequential", "nested", "many", "odd_names", "types", "deep_tree", "tiny", "storage", "storage_v108", "storage_latest", "storage_order", "dense"}

func load(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".h5"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// stored is a value as h5py reads it; elements are strings, so that no digit is lost.
type stored struct {
	Type  string   `json:"type"`
	Shape []int    `json:"shape"`
	Data  []string `json:"data"`
}

// storedObject is a group or a dataset; a group has no type.
type storedObject struct {
	stored
	Attributes map[string]stored `json:"attributes"`
}

// flatten lists all objects of a file by path, as h5py's visititems does.
func flatten(g *Group, path string, out map[string]storedObject) {
	out[path] = storedObject{Attributes: flattenAttributes(g.Attributes)}
	below := func(name string) string { return strings.TrimPrefix(path+"/"+name, "/") }
	for _, c := range g.Groups {
		flatten(c, below(c.Name), out)
	}
	for _, d := range g.Datasets {
		out[below(d.Name)] = storedObject{toStored(d.Shape, d.Data), flattenAttributes(d.Attributes)}
	}
}

func flattenAttributes(all []*Attribute) map[string]stored {
	out := map[string]stored{}
	for _, a := range all {
		out[a.Name] = toStored(a.Shape, a.Data)
	}
	return out
}

func toStored(shape []int, data any) stored {
	s := stored{Type: strings.TrimPrefix(fmt.Sprintf("%T", data), "[]"), Shape: shape}
	switch v := data.(type) {
	case []float32:
		for _, x := range v {
			s.Data = append(s.Data, strconv.FormatFloat(float64(x), 'g', -1, 32))
		}
	case []float64:
		for _, x := range v {
			s.Data = append(s.Data, strconv.FormatFloat(x, 'g', -1, 64))
		}
	case []string:
		s.Data = v
	default:
		s.Data = strings.Fields(strings.Trim(fmt.Sprint(v), "[]"))
	}
	return s
}

// canonical brings numpy's way of printing floats to Go's.
func canonical(t *testing.T, s stored) stored {
	bits := map[string]int{"float32": 32, "float64": 64}[s.Type]
	if bits == 0 {
		return s
	}
	for i, x := range s.Data {
		f, err := strconv.ParseFloat(x, bits)
		if err != nil {
			t.Fatal(err)
		}
		s.Data[i] = strconv.FormatFloat(f, 'g', -1, bits)
	}
	return s
}

func TestReadEqualsH5py(t *testing.T) {
	for _, name := range goodFiles {
		t.Run(name, func(t *testing.T) {
			root, err := Read(load(t, name))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]storedObject{}
			flatten(root, "", got)

			var want map[string]storedObject
			b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			for path, o := range want {
				o.stored = canonical(t, o.stored)
				for k, a := range o.Attributes {
					o.Attributes[k] = canonical(t, a)
				}
				want[path] = o
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(storedObject{})); diff != "" {
				t.Errorf("h5py reads (-) other things than this package (+):\n%s", diff)
			}
		})
	}
}
