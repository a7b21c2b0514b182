package keras

import (
	"path/filepath"
	"strings"
	"testing"
)

// fixtures are models of the study and of its kind, made by Keras.
var fixtureModels = []string{"sigmoid", "highlr", "improved", "trained_improved", "mixed", "functional"}

func TestTry(t *testing.T) {
	for _, n := range fixtureModels {
		a, err := Open(filepath.Join("..", "..", "..", "shared", "fixtures", n+".keras"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := ParseConfig(a.Config)
		if err != nil {
			t.Fatal(err)
		}
		f, err := m.Flatten()
		if err != nil {
			t.Fatal(n, err)
		}
		p, w, err := f.Params(a.Weights)
		t.Log(n, w, err)
		for _, v := range p.All {
			t.Log(v.Path(), v.Shape)
		}
	}
	for _, n := range models {
		m := parse(t, n)
		f, err := m.Flatten()
		t.Log(n, err)
		if err == nil {
			var s []string
			for _, v := range f.Model.Nodes {
				s = append(s, v.Name)
			}
			t.Log(strings.Join(s, " "))
			_, w, err := f.Params(open(t, n).Weights)
			t.Log(w, err)
		}
	}
}
