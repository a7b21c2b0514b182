package keras

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/graph/graphtest"
	"dcae/models/keras/hdf5"
)

var hostile = []json.Number{"0", "-1", "-3", "1048577", "2147483648", "4611686018427387904", "9223372036854775806", "9223372036854775807", "-9223372036854775808"}

// A number in a layer's settings is refused, or it is what the layer has: zeros do not become defaults, and nothing wraps around.
func TestNumbersAreRefusedOrKept(t *testing.T) {
	for _, e := range graphtest.Layers() {
		config, err := Encode(e.Model())
		if err != nil {
			continue // Keras has no such layer
		}
		for k := range numbersOf(t, config) {
			for _, n := range hostile {
				changed, path, old := withNumber(t, config, k, n)
				about := fmt.Sprintf("%s: %s = %s instead of %s", e.Layer.Class(), path, n, old)
				m, err := flattenConfig(changed)
				if err != nil {
					if strings.Contains(err.Error(), "json") || strings.Contains(err.Error(), "struct") {
						t.Errorf("%s: words of Go's: %v", about, err)
					}
					continue
				}
				again, err := Encode(m)
				if err != nil {
					t.Errorf("%s is read, but cannot be written: %v", about, err)
					continue
				}
				if strings.Contains(path, "regularizer") && n == "0" {
					continue // that is no regularizer
				}
				got := numbersOf(t, again)
				if len(got) <= k || !sameNumber(got[k].value, n) {
					t.Errorf("%s is read as another value", about)
				}
				shapes, err := m.Shapes()
				if err != nil {
					t.Errorf("%s: %v", about, err)
				}
				for _, s := range shapes {
					for _, d := range s {
						if d < 1 || d > 1<<31-1 {
							t.Errorf("%s: shape %v", about, s)
						}
					}
				}
			}
		}
	}
}

// A number in an HDF5 file, of Keras 2 or 3, comes to the same as in an archive, and the file itself is read or refused in one line.
func TestNumbersInHDF5AreThoseOfArchives(t *testing.T) {
	for _, e := range graphtest.Layers() {
		config, err := Encode(e.Model())
		if err != nil {
			continue
		}
		for k := range numbersOf(t, config) {
			for _, n := range []json.Number{"0", "-3", "9223372036854775807"} {
				changed, path, old := withNumber(t, config, k, n)
				if strings.Contains(string(config), `"axis":[`) {
					continue // axes are counted from the back there
				}
				want, refused := flattenConfig(changed)
				for _, version := range []string{"2.15.0", "3.15.1"} {
					about := fmt.Sprintf("%s of Keras %s: %s = %s instead of %s", e.Layer.Class(), version, path, n, old)
					root, _ := parsedNumbers(t, changed)
					for _, l := range root["config"].(map[string]any)["layers"].([]any) {
						l.(map[string]any)["config"].(map[string]any)["trainable"] = true // or it would be a function in Keras 3
					}
					translated, err := (&older{keras2: version[0] == '2'}).config(root, nil)
					if err != nil {
						t.Errorf("%s: %v", about, err)
						continue
					}
					got, err := flattenConfig(translated)
					if (err == nil) != (refused == nil) {
						t.Errorf("%s: error %v, that of an archive %v", about, err, refused)
					} else if err == nil && !sameModel(t, got, want) {
						t.Errorf("%s is another model than in an archive", about)
					}
					if _, err := decodeBytes(h5File(t, version, string(changed), "")); err != nil && strings.Contains(err.Error(), "\n") {
						t.Errorf("%s: more than one line: %v", about, err)
					}
				}
			}
		}
	}
}

// A whole number of a file of Keras 2 stays as it is, however many zeros it has; a fraction that was float32 is written as such.
func TestWholeNumbersStayWhole(t *testing.T) {
	for number, want := range map[json.Number]json.Number{"1000000": "1000000", "4611686018427387904": "4611686018427387904", "0.10000000149011612": "0.1", "1e-07": "1e-07"} {
		if got := shortened(number); got != want {
			t.Errorf("%s becomes %v, want %s", number, got, want)
		}
	}
}

func sameModel(t *testing.T, a, b *graph.Model) bool {
	t.Helper()
	x, err := Encode(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := Encode(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}

// Names in an HDF5 file, with characters that no terminal should get, end nothing but the reading, in one line.
func TestOddNamesInHDF5(t *testing.T) {
	for _, name := range []string{"a\nb", "\x1b[31m", "\x00", "\u202e", "../../x", "=1+1", "\xff", strings.Repeat("x", 10_000), ""} {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		var read string // as JSON has it
		if err := json.Unmarshal(quoted, &read); err != nil {
			t.Fatal(err)
		}
		model := `{"class_name": "Sequential", "config": {"name": ` + string(quoted) + `, "layers": [{"class_name": "Dense", "config": {"batch_input_shape": [null, 2], "name": ` + string(quoted) + `, "units": 2, "use_bias": false}}]}}`
		kernel := &hdf5.Dataset{Name: "kernel" + strings.ReplaceAll(name, "/", "") + ":0", Shape: []int{2, 2}, Data: make([]float32, 4)}
		weights := weightsOf(read, kernel)
		weights.Attributes = append(weights.Attributes, &hdf5.Attribute{Name: "x" + name, Data: []string{name}})
		root := &hdf5.Group{
			Attributes: []*hdf5.Attribute{{Name: "keras_version", Data: []string{"2.15.0"}}, {Name: "model_config", Data: []string{model}}},
			Groups:     []*hdf5.Group{{Name: "model_weights", Groups: []*hdf5.Group{weights}}},
		}
		file, err := hdf5.Write(root)
		if err != nil {
			continue // HDF5 has no such names
		}
		if _, err := decodeBytes(file); err != nil && (strings.ContainsAny(err.Error(), "\n\x1b\x00\u202e") || len(err.Error()) > 500) {
			t.Errorf("%.20q: error %q", name, err)
		}
	}
}

func flattenConfig(config []byte) (*graph.Model, error) {
	m, err := ParseConfig(config)
	if err != nil {
		return nil, err
	}
	f, err := m.Flatten()
	if err != nil {
		return nil, err
	}
	_, err = f.Model.Init(1, graph.Float32)
	return f.Model, err
}

type foundNumber struct {
	path  string
	value json.Number
	set   func(json.Number)
}

// numbersOf are the numbers in the settings of the last layer of a config.
func numbersOf(t *testing.T, config []byte) []foundNumber {
	_, found := parsedNumbers(t, config)
	return found
}

func parsedNumbers(t *testing.T, config []byte) (root map[string]any, found []foundNumber) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(config)))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		t.Fatal(err)
	}
	layers := root["config"].(map[string]any)["layers"].([]any)
	settings := layers[len(layers)-1].(map[string]any)["config"].(map[string]any)
	var walk func(path string, v any, set func(json.Number))
	walk = func(path string, v any, set func(json.Number)) {
		first := len(found)
		switch v := v.(type) {
		case json.Number:
			found = append(found, foundNumber{path, v, set})
		case []any:
			for i, e := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), e, func(n json.Number) { v[i] = n })
			}
			if len(found)-first > 1 { // all of them, too: some settings have a default only as a whole
				set := slices.Clone(found[first:])
				found = append(found, foundNumber{path, set[0].value, func(n json.Number) {
					for _, f := range set {
						f.set(n)
					}
				}})
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(path+"."+key, v[key], func(n json.Number) { v[key] = n })
			}
		}
	}
	walk("", settings, nil)
	return root, found
}

func withNumber(t *testing.T, config []byte, k int, n json.Number) (changed []byte, path string, old json.Number) {
	root, found := parsedNumbers(t, config)
	found[k].set(n)
	changed, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return changed, found[k].path, found[k].value
}

// sameNumber compares two numbers as float32 has them.
func sameNumber(a, b json.Number) bool {
	x, err := a.Float64()
	y, err2 := b.Float64()
	return a == b || err == nil && err2 == nil && float32(x) == float32(y)
}
