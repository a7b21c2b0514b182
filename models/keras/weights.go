package keras

import (
	"fmt"
	"regexp"
	"strings"
)

// WeightPaths returns for each of m.Layers the path, below the model's own group in model.weights.h5, of the group that holds
// its variables, for example "layers/conv2d_1/vars"; the empty path for the input layers of a Sequential, which have none. A
// nested model's layers are found in the same way below WeightPaths' entry for it without "/vars".
//
// Keras names these groups by class and order, never by the layer's name (saving_lib.py, _save_container_state).
func (m *Model) WeightPaths() []string {
	paths := make([]string, len(m.Layers))
	used := map[string]int{}
	for i, l := range m.Layers {
		if m.Sequential && l.Class == "InputLayer" {
			continue
		}
		name := snakeCase(l.Class)
		unique := name
		if n := used[name]; n > 0 {
			unique = fmt.Sprintf("%s_%d", name, n)
		}
		used[name]++
		paths[i] = "layers/" + unique + "/vars"
	}
	return paths
}

var (
	notWord   = regexp.MustCompile(`\W+`)
	wordStart = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	caseStep  = regexp.MustCompile(`([a-z])([A-Z])`)
)

// snakeCase turns a class name into what Keras makes of it: Conv2DTranspose to conv2d_transpose, ReLU to re_lu.
func snakeCase(class string) string {
	s := notWord.ReplaceAllString(class, "")
	s = wordStart.ReplaceAllString(s, "${1}_${2}")
	return strings.ToLower(caseStep.ReplaceAllString(s, "${1}_${2}"))
}
