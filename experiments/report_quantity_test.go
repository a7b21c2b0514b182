package experiments

import (
	"math"
	"testing"

	"dcae/experiments/outcome"
)

// Each quantity has a value in the records of a study in which it occurs, and a chart.
func TestEveryQuantityIsReadAndDrawn(t *testing.T) {
	p, err := plan(`
name: quantities
question: What is there to measure?
seeds: 1-2
budget: {epochs: 1, images: 40, batch: 20, validation_images: 20, test_images: 20}
groups:
  - name: g
    control: tanh
    settings: {convolutions: 1, filters: 2, bottleneck: 4}
    vary:
      - {setting: activation, values: [tanh, relu]}
`)
	if err != nil {
		t.Fatal(err)
	}
	images, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Study(images)
	if err != nil {
		t.Fatal(err)
	}
	dir, results := runIn(t, s, 1)
	d, err := ReadDefinition(dir)
	if err != nil {
		t.Fatal(err)
	}
	arms := d.summarize(results)
	whole := 0 // quantities that are drawn in their own way
	for _, q := range quantities {
		if q.label == "" {
			t.Errorf("%s has no label", q.name)
		}
		if _, err := d.chart(dir, Measure{Quantity: q.name, Over: "activation"}, arms); err != nil {
			t.Errorf("chart of %s: %v", q.name, err)
		}
		switch {
		case q.ofRun != nil:
			r := results[0]
			if v, err := q.ofRun(recordedRun{runFolder(dir, r.Arm, r.Seed), arms[0].arm, r}); err != nil || !finite(v) {
				t.Errorf("%s of a run: %v, %v", q.name, v, err)
			}
			fallthrough
		case q.ofArm != nil:
			if v, bounds, err := q.over(dir, arms[0]); err != nil || !(bounds.Low <= v && v <= bounds.High) {
				t.Errorf("%s of an arm: %v in %v, %v", q.name, v, bounds, err)
			}
		default:
			whole++
		}
	}
	if whole != 2 {
		t.Errorf("%d quantities are of neither a run nor an arm; those that chart draws in another way are 2, the outcome and the range test", whole)
	}
	if _, err := d.chart(dir, Measure{Quantity: "another version's", Over: "activation"}, arms); err == nil {
		t.Error("a quantity that does not exist was drawn")
	}
}

func TestTheShareThatLearnedIsNoMedian(t *testing.T) {
	d := &Definition{Groups: []recordedGroup{{Name: "g", Control: "a", Seeds: []uint64{1, 2, 3, 4}, Arms: []recordedArm{{Name: "a"}}}}}
	var results []*Result
	for i, o := range []outcome.Outcome{outcome.Learned, outcome.Stuck, outcome.Stuck, outcome.Stuck} {
		results = append(results, &Result{Arm: "a", Seed: uint64(i + 1), Outcome: o})
	}
	share, interval, err := quantityNamed("learned").over("", d.summarize(results)[0])
	if err != nil || share != 0.25 || math.Abs(interval.Low-0.0456) > 1e-4 || math.Abs(interval.High-0.6994) > 1e-4 {
		t.Errorf("%v in %v, %v; want 0.25 and Wilson's interval from 0.0456 to 0.6994", share, interval, err)
	}
}
