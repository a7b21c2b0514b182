package training

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func number(x float64) *float64 { return &x }

// Changes take hold with their step, and are those that Before gives from outside.
func TestChangesTakeHoldWithTheirStep(t *testing.T) {
	m := smallModel()
	images := stripes{n: 40}
	changes := []Change{
		{Step: 3, LearningRate: number(0.5), ClipNorm: number(0.01)}, {Step: 5, Batch: 20}, {Step: 6, ClipNorm: number(0)},
	}
	config := Config{Seed: 1, Epochs: 2, Batch: 8, Optimizer: SGD{LearningRate: 0.125}}
	lines := func(c Config) string {
		t.Helper()
		var b bytes.Buffer
		steps := NewStepsCSV(&b)
		if _, err := Fit(context.Background(), m, images, images, c, steps); err != nil {
			t.Fatal(err)
		}
		if err := steps.Flush(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	plain := lines(config)
	config.Changes = changes
	changed := lines(config)
	config.Changes = nil
	config.Before = func(step int) ([]Change, error) {
		for _, c := range changes {
			if c.Step == step {
				return []Change{c}, nil
			}
		}
		return nil, nil
	}
	if live := lines(config); live != changed {
		t.Errorf("changed from outside:\n%s\nby the plan:\n%s", live, changed)
	}
	a, b := strings.Split(plain, "\n"), strings.Split(changed, "\n")
	for i := range 3 { // the head and two steps
		if a[i] != b[i] {
			t.Errorf("line %d is %s before any change, not %s", i, b[i], a[i])
		}
	}
	rates := ""
	for _, line := range b[1 : len(b)-1] {
		cells := strings.Split(line, ",")
		rates += cells[0] + ":" + cells[3] + " "
	}
	// 4 steps of 8 are taken of the first 40 images, 8 are left for the one of up to 20, then 2 of 20
	if want := "1:0.125 1:0.125 1:0.5 1:0.5 1:0.5 2:0.5 2:0.5 "; rates != want {
		t.Errorf("epochs and rates are %s, not %s", rates, want)
	}
}

func TestARunIsResumedWithItsChanges(t *testing.T) {
	m := smallModel()
	images := stripes{n: 40}
	folder := t.TempDir()
	config := Config{
		Seed: 1, Epochs: 3, Batch: 8, CheckpointEvery: 1,
		Changes: []Change{{Step: 2, LearningRate: number(0.02)}, {Step: 3, Batch: 5, GlobalClipNorm: number(0.1)}, {Step: 9, GlobalClipNorm: number(0)}},
	}
	run := func(name string, stopAt []int) string {
		t.Helper()
		path := filepath.Join(folder, name)
		out, err := os.Create(path + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = out.Close() }()
		c := config
		c.CheckpointPath = path
		steps := NewStepsCSV(out)
		fit := Fit
		for _, at := range append(stopAt, 0) {
			ctx, stop := context.WithCancel(context.Background())
			_, err := fit(ctx, m, images, images, c, steps, &stopper{at, stop})
			stop()
			if (err != nil) != (at > 0) {
				t.Fatalf("%s, stopped at %d: %v", name, at, err)
			}
			fit = Resume
		}
		if err := steps.Flush(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if whole, pieces := run("whole", nil), run("pieces", []int{1, 2, 3, 7, 8, 9, 12}); whole != pieces {
		t.Errorf("in one piece:\n%s\nin several:\n%s", whole, pieces)
	}
	c := config
	c.CheckpointPath, c.Changes = filepath.Join(folder, "whole"), config.Changes[:2]
	if err := CheckResume(m, images, images, c); err == nil || !strings.Contains(err.Error(), "its list of changes is from step 2: learning_rate=0.02;") {
		t.Errorf("a run of other changes goes on: %v", err)
	}
}

// stopper ends a run after a step.
type stopper struct {
	at   int
	stop func()
}

func (s *stopper) Step(r *StepRecord) error {
	if r.Step == s.at {
		s.stop()
	}
	return nil
}
func (s *stopper) Epoch(*EpochRecord) error { return nil }

func TestWrongChangesAreRefused(t *testing.T) {
	m := smallModel()
	scheduled := WithShared(Adam{}, Base{Schedule: StepDecay{InitialLearningRate: 1, DecaySteps: 5}})
	for want, c := range map[string][]Change{
		"steps count from 1":              {{Step: 0, Batch: 3}},
		"nothing changes":                 {{Step: 2}},
		"learning_rate must be a number":  {{Step: 2, LearningRate: number(-1)}},
		"limit the gradient in one way":   {{Step: 2, ClipNorm: number(1), ClipValue: number(1)}},
		"it comes after step 3":           {{Step: 3, Batch: 3}, {Step: 3, Batch: 4}},
		"a batch has at least one image":  {{Step: 3, Batch: -1}},
		"clipvalue must be a number from": {{Step: 3, ClipValue: number(math.Inf(1))}},
	} {
		if err := CheckChanges(c, Adam{}, m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, not %s", c, err, want)
		}
	}
	if err := CheckChanges([]Change{{Step: 2, LearningRate: number(1)}}, scheduled, m); err == nil || !strings.Contains(err.Error(), "a schedule sets the learning rate") {
		t.Error(err)
	}
}

// PlannedSteps counts as training does.
func TestPlannedStepsAreThoseThatAreTaken(t *testing.T) {
	count := func(epochs, images, batch, least int, changes []Change) int {
		steps := 0
		for range epochs {
			for left := images; left >= max(1, least); {
				for _, c := range changes {
					if c.Step == steps+1 && c.Batch > 0 {
						batch = c.Batch
					}
				}
				left -= min(batch, left)
				steps++
			}
		}
		return steps
	}
	for epochs := 1; epochs < 5; epochs++ {
		for images := range 23 {
			for least := range 4 {
				for first := 1; first < 25; first++ {
					changes := []Change{{Step: first, Batch: 3}, {Step: first + 1, LearningRate: number(1)}, {Step: first + 4, Batch: 9}, {Step: first + 6, Batch: 4}}
					if got, want := PlannedSteps(epochs, images, 5, least, changes), count(epochs, images, 5, least, changes); got != want {
						t.Fatalf("%d epochs of %d images, at least %d, changed from step %d on: %d steps, and %d are taken", epochs, images, least, first, got, want)
					}
				}
			}
		}
	}
	if got := PlannedSteps(1_000_000_000, 6000, 32, 1, []Change{{Step: 1_000_000_000, Batch: 64}}); got < 94_000_000_000 {
		t.Errorf("%d steps", got)
	}
}
