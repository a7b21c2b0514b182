package torch

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recorded are numbers that need not be read: what they come to is recorded beside the operation, and so are shapes of views; PyTorch's count of
// batches has no effect; an axis may be counted from the back; what is computed of the batch size is recorded; a number that fills
// values is a constant, which is with the weights.
var recorded = regexp.MustCompile(`(size|shape|sizes|dims?|dim[01]|start_dim|source|destination|repeats) of |other of add_|index of select|value of masked_fill|\(_operator\.`)

// A number that a program gives to an operation is refused in one line, or comes to another model, whose layers fit together.
func TestNumbersOfProgramsAreRefusedOrFit(t *testing.T) {
	hostile := []int64{0, -1, -3, 1048577, 1 << 31, 1 << 62, 1<<63 - 2, 1<<63 - 1, -1 << 63}
	files, err := filepath.Glob("testdata/*.pt2")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		a, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := a.Module()
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.program.GraphModule.Graph.Nodes {
			node := &a.program.GraphModule.Graph.Nodes[i]
			for k := range node.Inputs {
				given := &node.Inputs[k]
				was := given.Arg.value
				for _, n := range hostile {
					for _, v := range withInteger(was, n) {
						if given.Arg.value = v; reflect.DeepEqual(v, was) {
							continue
						}
						about := fmt.Sprintf("%s: %s of %s (%s) = %v instead of %v", filepath.Base(file), given.Name, node.Name, node.Target, v, was)
						tryProgram(t, about, a, whole)
					}
				}
				given.Arg.value = was
			}
		}
	}
}

// withInteger is an argument with one of its integers, or all, replaced; none if it has no integer.
func withInteger(was any, n int64) (changed []any) {
	switch was := was.(type) {
	case int64:
		return []any{n}
	case float64:
		return []any{float64(n)}
	case []int64:
		for i := range was {
			one := slices.Clone(was)
			one[i] = n
			changed = append(changed, one)
		}
		changed = append(changed, slices.Repeat([]int64{n}, len(was)))
	case sizes:
		for i := range was {
			one := slices.Clone(was)
			one[i] = size{number: n}
			changed = append(changed, one)
		}
	}
	return changed
}

func tryProgram(t *testing.T, about string, a *Archive, whole *Module) {
	t.Helper()
	m, err := a.Module()
	if err != nil {
		if text := err.Error(); strings.Contains(text, "\n") || strings.Contains(text, "json") || strings.Contains(text, "runtime") || len(text) > 2000 {
			t.Errorf("%s: error %q", about, text)
		}
		return
	}
	shapes, err := m.Model.Shapes()
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
	if settingsOf(t, m) == settingsOf(t, whole) && !recorded.MatchString(about) {
		t.Errorf("%s changes nothing", about)
	}
}

func settingsOf(t *testing.T, m *Module) string {
	t.Helper()
	b, err := json.Marshal(m.Model)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
