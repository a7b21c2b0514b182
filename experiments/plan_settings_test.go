package experiments

import (
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Each setting of an arm changes what its runs are made of, both of a stack and, where it is not a stack's alone, of a variant. A setting
// that is new needs an example here.
func TestEverySettingDoesSomething(t *testing.T) {
	examples := map[string]string{
		"model": "improved", "convolutions": "1", "filters": "4", "activation": "tanh", "output_activation": "linear", "initializer": "zeros",
		"output_bias": "0.5", "batch_normalization": "true", "decoder": "upsampling", "bottleneck": "3", "width": "0.5", "optimizer": "sgd",
		"learning_rate": "0.5", "momentum": "0.5", "nesterov": "true", "weight_decay": "0.5", "clipnorm": "0.5", "global_clipnorm": "0.5",
		"clipvalue": "0.5", "schedule": "{name: cosine_decay, decay_steps: 9}", "plateau": "{}", "changes": "[{step: 3, learning_rate: 0.01}]", "loss": "mae", "scale": "standardize",
		"layers": "3", "units": "5", "convolutional": "true", "variational": "sum", "multiply": "2", "outliers": "0.5", "noise": "0.5", "clip": "0.1",
	}
	also := map[string]string{"momentum": "optimizer: sgd", "nesterov": "{optimizer: sgd, momentum: 0.5}"} // what a setting needs beside it
	images, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	made := func(base, setting string) string {
		t.Helper()
		p, err := plan(header + "groups:\n  - name: g\n    control: a\n    settings: " + base + "\n    arms:\n      - {name: a" + setting + "}\n")
		if err != nil {
			t.Fatalf("%s%s: %v", base, setting, err)
		}
		s, err := p.Study(images)
		if err != nil {
			t.Fatalf("%s%s: %v", base, setting, err)
		}
		described, err := describe(s.Arms()[0], 1)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%+v", described)
	}
	for f := range reflect.TypeFor[Settings]().NumField() {
		name := settingName(reflect.TypeFor[Settings]().Field(f))
		value, ok := examples[name]
		if !ok {
			t.Errorf("the setting %s has no example, and so no test that it does anything", name)
			continue
		}
		bases := []string{"{model: stack, filters: 2", "{model: highlr"}
		switch name {
		case "model":
			bases = []string{"{width: 1"}
		case "convolutions", "filters":
			bases = bases[:1]
		case "layers", "units", "convolutional", "variational":
			bases = []string{"{model: plain"}
		}
		for _, base := range bases {
			if more := also[name]; more != "" {
				base += ", " + strings.Trim(more, "{}")
			}
			base += "}"
			if made(base, "") == made(base, ", "+name+": "+value) {
				t.Errorf("%s: %s changes nothing in an arm with %s", name, value, base)
			}
		}
	}
}

func TestEveryStudyInTheFolderIsListed(t *testing.T) {
	found, err := fs.Glob(studies, "studies/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range found {
		found[i] = strings.TrimSuffix(strings.TrimPrefix(path, "studies/"), ".yaml")
	}
	listed := BuiltinStudies()
	slices.Sort(listed)
	if !slices.Equal(found, listed) {
		t.Errorf("the folder holds %v, listed are %v", found, listed)
	}
	for _, name := range listed {
		if p, err := LookupPlan(name); err != nil || p.Name != name {
			t.Errorf("study %s: %v", name, err)
		}
	}
}
