package hdf5

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// everything is a tree with all element types, in the order that Read gives back.
func everything() *Group {
	return &Group{
		Attributes: []*Attribute{{Name: "größe", Data: []string{"wörter"}}, {Name: "empty", Data: []string{""}}, {Name: "list", Shape: []int{2, 2}, Data: []int32{1, 2, 3, -4}}},
		Groups: []*Group{
			{Name: "a group"},
			{Name: "layers", Groups: []*Group{{Name: "層", Datasets: []*Dataset{
				{Name: "0", Shape: []int{2, 1, 3}, Data: []float32{1, 2, 3, float32(math.Inf(1)), -0.1, math.MaxFloat32}, Attributes: []*Attribute{{Name: "note", Data: []string{"x"}}}},
				{Name: "1", Shape: []int{0, 3}, Data: []float32{}},
				{Name: "2", Data: []float64{math.Pi}},
			}}}},
		},
		Datasets: []*Dataset{
			{Name: "i1", Shape: []int{2}, Data: []int8{math.MinInt8, math.MaxInt8}},
			{Name: "i2", Shape: []int{2}, Data: []int16{math.MinInt16, math.MaxInt16}},
			{Name: "i4", Shape: []int{2}, Data: []int32{math.MinInt32, math.MaxInt32}},
			{Name: "i8", Shape: []int{2}, Data: []int64{math.MinInt64, math.MaxInt64}},
			{Name: "text", Shape: []int{3}, Data: []string{"", strings.Repeat("long ", 2000), "short"}},
			{Name: "u1", Shape: []int{1}, Data: []uint8{math.MaxUint8}},
			{Name: "u2", Shape: []int{1}, Data: []uint16{math.MaxUint16}},
			{Name: "u4", Shape: []int{1}, Data: []uint32{math.MaxUint32}},
			{Name: "u8", Shape: []int{1}, Data: []uint64{math.MaxUint64}},
		},
	}
}

func write(t testing.TB, root *Group) []byte {
	t.Helper()
	b, err := Write(root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t testing.TB, b []byte) *Group {
	t.Helper()
	root, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestWriteThenRead(t *testing.T) {
	trees := map[string]*Group{"everything": everything(), "empty": {}}
	for _, name := range goodFiles {
		trees[name] = read(t, load(t, name))
	}
	for name, tree := range trees {
		t.Run(name, func(t *testing.T) {
			b := write(t, tree)
			if diff := cmp.Diff(tree, read(t, b), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("written (-) is not what is read (+):\n%s", diff)
			}
			if again := write(t, read(t, b)); !bytes.Equal(b, again) {
				t.Error("writing what was read gives other bytes")
			}
		})
	}
}

func TestWriteIsIndependentOfOrder(t *testing.T) {
	a, b := everything(), everything()
	slices.Reverse(b.Groups)
	slices.Reverse(b.Datasets)
	if diff := cmp.Diff(read(t, write(t, a)), read(t, write(t, b))); diff != "" {
		t.Fatal(diff)
	}
	if !bytes.Equal(write(t, a), write(t, b)) {
		t.Error("the order of groups and datasets changes the bytes")
	}
	if b.Datasets[0].Name != "u8" {
		t.Error("Write reordered its argument")
	}
}

func TestWriteManyStrings(t *testing.T) {
	words := make([]string, 5000)
	for i := range words {
		words[i] = strings.Repeat("w", i%50)
	}
	root := &Group{Datasets: []*Dataset{{Name: "words", Shape: []int{50, 100}, Data: words}}}
	if diff := cmp.Diff(root, read(t, write(t, root))); diff != "" {
		t.Error(diff)
	}
}

func TestWriteRefuses(t *testing.T) {
	dataset := func(shape []int, data any) *Group {
		return &Group{Datasets: []*Dataset{{Name: "d", Shape: shape, Data: data}}}
	}
	attribute := func(name string, data any) *Group { return &Group{Attributes: []*Attribute{{Name: name, Data: data}}} }
	cycle := &Group{Name: "c"}
	cycle.Groups = []*Group{{Name: "d", Groups: []*Group{cycle}}}
	twice := &Dataset{Name: "d", Data: []int8{1}}
	deep := &Group{}
	for range maxDepth + 1 {
		deep = &Group{Name: "g", Groups: []*Group{deep}}
	}
	tests := map[string]struct {
		root *Group
		what string
	}{
		"nil root":         {nil, "no root"},
		"nil group":        {&Group{Groups: []*Group{nil}}, "nil group"},
		"nil dataset":      {&Group{Datasets: []*Dataset{nil}}, "nil group or dataset"},
		"nil attribute":    {&Group{Attributes: []*Attribute{nil}}, "nil attribute"},
		"no data":          {dataset(nil, nil), "<nil>"},
		"unknown type":     {dataset(nil, []bool{true}), "[]bool"},
		"too few":          {dataset([]int{2}, []float32{1}), "has 2 elements, but there are 1"},
		"too many strings": {dataset(nil, []string{"a", "b"}), "has 1 elements, but there are 2"},
		"negative axis":    {dataset([]int{-1, -1}, []float32{1}), "not possible"},
		"overflow":         {dataset([]int{1 << 40, 1 << 40}, []float32{}), "too large"},
		"too many axes":    {dataset(make([]int, 33), []float32{}), "33 axes"},
		"NUL in string":    {dataset(nil, []string{"a\x00b"}), "NUL"},
		"slash":            {&Group{Groups: []*Group{{Name: "a/b"}}}, "a/b"},
		"no name":          {&Group{Groups: []*Group{{}}}, "no name"},
		"dot":              {&Group{Groups: []*Group{{Name: "."}}}, "no name"},
		"repeated name":    {&Group{Groups: []*Group{{Name: "d"}}, Datasets: []*Dataset{{Name: "d", Data: []int8{1}}}}, "occurs twice"},
		"repeated attr":    {&Group{Attributes: []*Attribute{{Name: "d", Data: []int8{1}}, {Name: "d", Data: []int8{1}}}}, "occurs twice"},
		"attr of no name":  {attribute("", []int8{1}), "empty"},
		"large attribute":  {&Group{Attributes: []*Attribute{{Name: "a", Shape: []int{70000}, Data: make([]uint8, 70000)}}}, "64 KB"},
		"long attr name":   {attribute(strings.Repeat("x", 70000), []int8{1}), "64 KB"},
		"long name":        {&Group{Groups: []*Group{{Name: strings.Repeat("x", 70000)}}}, "64 KB"},
		"cycle":            {cycle, "occurs twice"},
		"dataset twice":    {&Group{Groups: []*Group{{Name: "a", Datasets: []*Dataset{twice}}, {Name: "b", Datasets: []*Dataset{twice}}}}, "occurs twice"},
		"deep":             {deep, "nested deeper"},
	}
	for name, tt := range tests {
		if _, err := Write(tt.root); err == nil || !strings.Contains(err.Error(), tt.what) {
			t.Errorf("%s: error %v does not say %q", name, err, tt.what)
		}
	}
}

func TestLookup(t *testing.T) {
	root := everything()
	if d := root.Dataset("layers/層/2"); d == nil || d.Data.([]float64)[0] != math.Pi {
		t.Errorf("dataset by path: %v", d)
	}
	if root.Dataset("u8") != root.Datasets[8] || root.Group("") != root || root.Group("layers/層") != root.Groups[1].Groups[0] {
		t.Error("wrong object by path")
	}
	for _, path := range []string{"", "no", "no/no", "layers", "layers/層/2/3", "/"} {
		if root.Dataset(path) != nil {
			t.Errorf("there is no dataset %q", path)
		}
	}
	if root.Group("layers/no/no") != nil || root.Attribute("no") != nil || root.Attribute("empty") != root.Attributes[1] {
		t.Error("wrong group or attribute by name")
	}
	if x, err := root.Dataset("layers/層/2").Float32s(); err != nil || !slices.Equal(x, []float32{math.Pi}) {
		t.Error(x, err)
	}
	if _, err := root.Dataset("i1").Float32s(); err == nil {
		t.Error("integers read as floats")
	}
}
