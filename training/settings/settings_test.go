package settings

import (
	"reflect"
	"strings"
	"testing"
)

type base struct {
	Limit float64 `setting:"limit,optional,quiet"`
	Decay float64 `setting:"decay,optional,quiet"`
}

type knobs struct {
	Rate   float64    `setting:"rate"`
	Steps  int        `setting:"steps"`
	On     bool       `setting:"on,quiet"`
	Betas  [2]float64 `setting:"betas"`
	Values []float64  `setting:"values"`
	Hidden string
	base
}

var defaults = knobs{Rate: 0.1, Betas: [2]float64{0.9, 0.99}, base: base{Decay: 0.5}}

func TestOf(t *testing.T) {
	var got []any
	var ownDefaults []bool
	for _, s := range Of(knobs{Betas: [2]float64{Zero, 0}, base: base{Decay: Zero}}, defaults) {
		got, ownDefaults = append(got, s.Value), append(ownDefaults, s.IsDefault)
	}
	if want := []any{0.1, 0, false, [2]float64{0, 0.99}, []float64(nil), nil, 0.0}; !reflect.DeepEqual(got, want) {
		t.Errorf("values %v, want %v", got, want)
	}
	if want := []bool{true, true, true, false, true, true, false}; !reflect.DeepEqual(ownDefaults, want) {
		t.Errorf("defaults %v, want %v", ownDefaults, want)
	}
}

func TestSet(t *testing.T) {
	for _, c := range []struct {
		name  string
		value any
		want  knobs
	}{
		{"rate", 0.0, knobs{Rate: Zero}}, {"rate", 2.0, knobs{Rate: 2}}, {"steps", 3, knobs{Steps: 3}}, {"on", true, knobs{On: true}},
		{"betas", [2]float64{0, 1}, knobs{Betas: [2]float64{Zero, 1}}}, {"values", []float64{1}, knobs{Values: []float64{1}}},
		{"limit", 0.0, knobs{base: base{Limit: Zero}}}, {"limit", nil, knobs{}}, {"decay", nil, knobs{base: base{Decay: Zero}}},
	} {
		got, err := Set(knobs{}, defaults, c.name, c.value)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s=%v makes %+v, want %+v: %v", c.name, c.value, got, c.want, err)
		}
	}
	for want, set := range map[string]struct {
		name  string
		value any
	}{
		"no setting spin": {"spin", 1.0}, "rate is a float64, not a string": {"rate", "high"}, "steps is a int, not a float64": {"steps", 1.0}, "rate cannot be without": {"rate", nil},
	} {
		if _, err := Set(knobs{}, defaults, set.name, set.value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestDescribeAndResolved(t *testing.T) {
	all := knobs{Rate: Zero, On: true, Values: []float64{1, 0.5}, base: base{Decay: Zero, Limit: 3}}
	if got, want := Describe("k", Of(all, defaults)), "k(rate=0, steps=0, on=true, betas=(0.9, 0.99), values=[1, 0.5], limit=3, decay=0)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := Describe("k", Of(knobs{}, knobs{})), "k(rate=0, steps=0, betas=(0, 0), values=[])"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := Resolved(all, defaults), (knobs{On: true, Betas: defaults.Betas, Values: all.Values, base: base{Limit: 3}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
