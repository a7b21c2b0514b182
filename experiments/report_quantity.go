package experiments

import (
	"math"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/statistics"
)

// quantity is what a study can measure: of each run, of which charts draw the median over the seeds and the range, or of an arm. One that is
// neither is drawn in its own way, by [Definition.chart].
type quantity struct {
	name  string
	label string                               // what an axis says
	ofRun func(r recordedRun) (float64, error) // NaN where the run has none
	ofArm func(a armSummary) (value float64, bounds statistics.Interval)
}

// recordedRun is where a quantity is read from.
type recordedRun struct {
	folder string
	arm    recordedArm
	result *Result
}

const (
	testFVU    = "test_fvu"
	outcomeMap = "outcome"
	rangeTest  = "range_test" // loss against a learning rate that rises from step to step
)

// quantities are all; a new one is a line here.
var quantities = []quantity{
	{name: testFVU, label: "FVU on test images", ofRun: func(r recordedRun) (float64, error) { return r.result.Test.FVU, nil }},
	{name: "learned", label: "share of seeds that learned, with Wilson's 95% interval", ofArm: shareLearned},
	{name: "first_gradient_norm", label: "gradient norm of the first layer, first step", ofRun: firstGradient},
	{name: "gradient_ratio", label: "gradient norm, first layer / last layer, first step", ofRun: func(r recordedRun) (float64, error) { return r.result.RatioStart, nil }},
	{name: "dead_units", label: "share of dead units at the end", ofRun: func(r recordedRun) (float64, error) { return r.lastMean("/dead") }},
	{name: "saturated_values", label: "share of saturated values at the end", ofRun: func(r recordedRun) (float64, error) { return r.lastMean("/saturated") }},
	{name: outcomeMap, label: "outcome"},
	{name: rangeTest, label: "training loss"},
}

// Quantities names all that a study can measure.
func Quantities() []string {
	var out []string
	for _, q := range quantities {
		out = append(out, q.name)
	}
	return out
}

// quantityNamed is the one with a name. A study of another version may have measured one that this program does not know.
func quantityNamed(name string) quantity {
	for _, q := range quantities {
		if q.name == name {
			return q
		}
	}
	return quantity{name: name, label: name}
}

// over is the quantity over the seeds of an arm whose study lies in dir. It fails where the records cannot be read.
func (q quantity) over(dir string, a armSummary) (value float64, bounds statistics.Interval, err error) {
	if q.ofArm != nil {
		value, bounds = q.ofArm(a)
		return value, bounds, nil
	}
	if q.ofRun == nil {
		return 0, bounds, errors.Errorf("cannot draw the measure %q as lines", q.name)
	}
	var values []float64
	for _, r := range a.results {
		v, err := q.ofRun(recordedRun{runFolder(dir, r.Arm, r.Seed), a.arm, r})
		if err != nil {
			return 0, bounds, err
		}
		if finite(v) {
			values = append(values, v)
		}
	}
	return statistics.Median(values), statistics.Range(values), nil
}

func shareLearned(a armSummary) (share float64, interval statistics.Interval) {
	return float64(a.learned) / float64(len(a.results)), a.share
}

// firstGradient is that of the first trained layer with a kernel, at the first step.
func firstGradient(r recordedRun) (float64, error) {
	first, _ := r.arm.kernelLayers()
	if first == "" {
		return math.NaN(), nil
	}
	steps, err := readTable(filepath.Join(r.folder, stepsFile))
	if err != nil {
		return 0, err
	}
	norms, err := steps.numbers(first + "/gradient_norm")
	if err != nil || len(norms) == 0 {
		return math.NaN(), err
	}
	return norms[0], nil
}

// lastMean is the mean over the layers after the last epoch, in the columns of epochs.csv with a suffix; NaN where there are none.
func (r recordedRun) lastMean(suffix string) (float64, error) {
	epochs, err := readTable(filepath.Join(r.folder, epochsFile))
	if err != nil || epochs.len() == 0 {
		return math.NaN(), err
	}
	sum, n := 0.0, 0
	for _, column := range epochs.rows[0] {
		if !strings.HasSuffix(column, suffix) {
			continue
		}
		values, err := epochs.numbers(column)
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
