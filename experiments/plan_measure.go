package experiments

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// pictureFile is the file of the i-th measure's chart.
func (m Measure) pictureFile(i int) string {
	return fmt.Sprintf("measure-%d-%s.png", i+1, slug(m.Quantity))
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
