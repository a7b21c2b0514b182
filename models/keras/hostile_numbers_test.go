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
)

// A number in a layer's settings is refused, or it is what the layer has: zeros do not become defaults, and nothing wraps around.
func TestNumbersAreRefusedOrKept(t *testing.T) {
	hostile := []json.Number{"0", "-1", "-3", "1048577", "2147483648", "4611686018427387904", "9223372036854775806", "9223372036854775807", "-9223372036854775808"}
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
