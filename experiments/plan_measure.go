package experiments

import (
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"dcae/experiments/outcome"
	"dcae/training"

	"github.com/pkg/errors"
)

// The quantities that a study can measure in each run.
const (
	testFVU       = "test_fvu"
	learned       = "learned"             // whether it learned; over seeds, the share
	firstGradient = "first_gradient_norm" // of the first layer with a kernel, at the first step
	gradientRatio = "gradient_ratio"      // of the first layer with a kernel to the last, at the first step
	deadUnits     = "dead_units"          // mean share over the layers, after the last epoch
	saturated     = "saturated_values"    // mean share over the layers, after the last epoch
	outcomeMap    = "outcome"             // in words
	rangeTest     = "range_test"          // loss against a learning rate that rises from step to step
)

// quantityNames says what each quantity is, as an axis' label does.
var quantityNames = []struct{ name, label string }{
	{testFVU, "FVU on test images"},
	{learned, "share of seeds that learned"},
	{firstGradient, "gradient norm of the first layer, first step"},
	{gradientRatio, "gradient norm, first layer / last layer, first step"},
	{deadUnits, "share of dead units at the end"},
	{saturated, "share of saturated values at the end"},
	{outcomeMap, "outcome"},
	{rangeTest, "training loss"},
}

// Quantities names all that a study can measure.
func Quantities() []string {
	var out []string
	for _, q := range quantityNames {
		out = append(out, q.name)
	}
	return out
}

func quantityLabel(name string) string {
	for _, q := range quantityNames {
		if q.name == name {
			return q.label
		}
	}
	return name
}

func (m Measure) check(p *Plan) error {
	switch {
	case !slices.Contains(Quantities(), m.Quantity):
		return errors.Errorf("there is no measure %q; there are %s", m.Quantity, strings.Join(Quantities(), ", "))
	case m.Over == "" && m.Quantity != rangeTest:
		return errors.Errorf("measure %s: say over which setting the arms are laid out, as over: learning_rate", m.Quantity)
	case m.Over != "" && !hasSetting(m.Over):
		return errors.Errorf("measure %s over %q: there is no such setting", m.Quantity, m.Over)
	case !slices.Contains([]string{"", "lines", "map"}, m.As):
		return errors.Errorf("measure %s as %q: there are lines and map", m.Quantity, m.As)
	case !slices.Contains([]string{"", "x", "y", "xy"}, m.Log):
		return errors.Errorf("measure %s: log is x, y or xy, not %q", m.Quantity, m.Log)
	case m.Reference != "" && (m.Reference != "pca" || m.Over != "bottleneck" || m.Quantity != testFVU):
		return errors.Errorf("measure %s: the reference pca goes with test_fvu over bottleneck alone", m.Quantity)
	}
	for _, name := range m.Groups {
		if !slices.ContainsFunc(p.Groups, func(g GroupPlan) bool { return g.Name == name }) {
			return errors.Errorf("measure %s: there is no group %q", m.Quantity, name)
		}
	}
	if m.Over != "" && !slices.ContainsFunc(p.Groups, m.variesIn) {
		return errors.Errorf("measure %s over %s: no group has arms that differ in it; set it in two of them at least", m.Quantity, m.Over)
	}
	return nil
}

// variesIn tells whether arms of a group have different values of the setting that the measure is over.
func (m Measure) variesIn(g GroupPlan) bool {
	if len(m.Groups) > 0 && !slices.Contains(m.Groups, g.Name) {
		return false
	}
	var first any
	for _, a := range g.Arms {
		switch v := a.value(m.Over); {
		case v == nil:
		case first == nil:
			first = v
		case !reflect.DeepEqual(first, v):
			return true
		}
	}
	return false
}

// measured is a quantity of one run, from its records.
func measured(dir string, a recordedArm, r *Result, quantity string) (float64, error) {
	switch quantity {
	case testFVU:
		return r.Test.FVU, nil
	case learned:
		if r.Outcome == outcome.Learned {
			return 1, nil
		}
		return 0, nil
	case gradientRatio:
		return r.RatioStart, nil
	}
	folder := runFolder(dir, r.Arm, r.Seed)
	if quantity == firstGradient {
		steps, err := readTable(filepath.Join(folder, stepsFile))
		if err != nil {
			return 0, err
		}
		first, _ := a.kernelLayers()
		if first == "" {
			return math.NaN(), nil
		}
		norms, err := steps.numbers(training.Column(first, "gradient_norm"))
		if err != nil || len(norms) == 0 {
			return math.NaN(), err
		}
		return norms[0], nil
	}
	suffix := map[string]string{deadUnits: "/dead", saturated: "/saturated"}[quantity]
	epochs, err := readTable(filepath.Join(folder, epochsFile))
	if err != nil {
		return 0, err
	}
	return epochs.lastMean(suffix)
}

// lastMean is the mean over the columns with a suffix, in the last row; NaN where there are none.
func (t *table) lastMean(suffix string) (float64, error) {
	if t.len() == 0 {
		return math.NaN(), nil
	}
	sum, n := 0.0, 0
	for _, column := range t.rows[0] {
		if !strings.HasSuffix(column, suffix) {
			continue
		}
		values, err := t.numbers(column)
		if err != nil {
			return 0, err
		}
		if v := values[len(values)-1]; finite(v) {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return math.NaN(), nil
	}
	return sum / float64(n), nil
}
