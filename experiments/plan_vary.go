package experiments

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/pkg/errors"
)

// Vary lists values of one setting. Several make an arm of each combination, the last varying fastest.
type Vary struct {
	Setting string   `yaml:"setting"`
	Values  []any    `yaml:"values"`
	Names   []string `yaml:"names,omitempty"` // the values' part in an arm's name; default the values themselves
}

// combine makes the arms, named by their values.
func combine(vary []Vary) ([]ArmPlan, error) {
	if len(vary) == 0 {
		return nil, nil
	}
	n := 1
	for _, v := range vary {
		if len(v.Values) == 0 || v.Names != nil && len(v.Names) != len(v.Values) {
			return nil, errors.Errorf("vary %s: %d values and %d names; give values, and a name for each or none at all", v.Setting, len(v.Values), len(v.Names))
		}
		if n *= len(v.Values); n > mostArms {
			return nil, errors.Errorf("vary: over %d combinations of values; a study has %d arms at most", mostArms, mostArms)
		}
	}
	arms := []ArmPlan{{}}
	for _, v := range vary {
		var longer []ArmPlan
		for _, a := range arms {
			for i, value := range v.Values {
				one, err := setting(v.Setting, value)
				if err != nil {
					return nil, errors.WithMessagef(err, "vary %s", v.Setting)
				}
				part := plain(value)
				if v.Names != nil {
					part = v.Names[i]
				}
				longer = append(longer, ArmPlan{Name: joinName(a.Name, part), Settings: a.with(one)})
			}
		}
		arms = longer
	}
	return arms, nil
}

// joinName is a name with one more part. A name begins with no sign, so that that of a negative number is written out there.
func joinName(name, part string) string {
	if name != "" {
		return name + "-" + part
	}
	if number, negative := strings.CutPrefix(part, "-"); negative {
		return "minus-" + number
	}
	return part
}

// setting reads one setting.
func setting(name string, value any) (Settings, error) {
	var s Settings
	b, err := yaml.Marshal(yaml.MapSlice{{Key: name, Value: value}})
	if err != nil {
		return s, errors.WithStack(err)
	}
	if err := yaml.UnmarshalWithOptions(b, &s, yaml.Strict()); err != nil {
		var at yaml.Error
		if errors.As(err, &at) {
			return s, errors.New(at.GetMessage())
		}
		return s, errors.WithStack(err)
	}
	return s, nil
}

// plain is a value as a part of a name.
func plain(value any) string {
	if m, ok := value.(map[string]any); ok {
		return fmt.Sprint(m["name"])
	}
	return fmt.Sprint(value)
}
