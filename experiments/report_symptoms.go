package experiments

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/experiments/outcome"
	"dcae/experiments/statistics"
	"dcae/training"
	"dcae/training/names"
)

// Symptom is something that stands out in a run's records. It is no cause: one cause has many symptoms, and healthy models have some, too.
type Symptom struct {
	Arm   string    `json:"arm"`
	Seed  uint64    `json:"seed"`
	Name  string    `json:"symptom"`
	Layer string    `json:"layer,omitempty"` // empty: it is of the whole model
	Value jsonFloat `json:"value"`
	Text  string    `json:"text"`
}

// SymptomReport is what the records of a folder show.
type SymptomReport struct {
	Name       string    `json:"name"`
	RecordedBy string    `json:"recorded_by,omitempty"` // empty: this program
	Runs       int       `json:"runs"`
	Symptoms   []Symptom `json:"symptoms"`
	Note       string    `json:"note"`
}

const symptomNote = "These are symptoms, seen in records alone. None of them is a cause: which one it is, dcae diagnose finds out by changing the model and its images."

// Limits of what stands out.
const (
	fadingGradient = 1e-3 // RMS of the first layer's gradient over the last one's, and the other way round
	largeUpdate    = 0.1  // step over weights; about 0.001 is usual
	smallUpdate    = 1e-6
	manyUnits      = 0.5 // share of a layer that is dead or saturated
	flatFall       = 0.01
	overfitRise    = 1.1 // last held-out error over the smallest
	lateShare      = 0.1 // of the steps, at the end, that figures of layers are medians over
)

// Symptoms reads the records of all runs in a folder, of this program or of a recorder elsewhere. It fails if there are none, or if they are
// damaged.
func Symptoms(dir string) (*SymptomReport, error) {
	d, err := ReadDefinition(dir)
	if err != nil {
		return nil, err
	}
	out := &SymptomReport{Name: d.Name, RecordedBy: d.RecordedBy, Symptoms: []Symptom{}, Note: symptomNote}
	for _, g := range d.Groups {
		for _, a := range g.Arms {
			for _, seed := range g.Seeds {
				folder := runFolder(dir, a.Name, seed)
				if _, err := os.Stat(filepath.Join(folder, stepsFile)); err != nil {
					continue // it was not started
				}
				l := symptomList{arm: a, seed: seed}
				if err := l.read(folder); err != nil {
					return nil, err
				}
				out.Runs++
				out.Symptoms = append(out.Symptoms, l.found...)
			}
		}
	}
	if out.Runs == 0 {
		return nil, errors.Errorf("%s holds no run's records yet", dir)
	}
	return out, nil
}

// WriteTo prints the report as text. It fails where w does.
func (r *SymptomReport) WriteTo(w io.Writer) (int64, error) {
	text := names.Shown(r.Name)
	if r.Runs > 1 {
		text += fmt.Sprintf(", %d runs", r.Runs)
	}
	if r.RecordedBy != "" {
		text += ", recorded by " + names.Shown(r.RecordedBy)
	}
	text += "\n\n"
	for _, s := range r.Symptoms {
		where := ""
		if s.Layer != "" {
			where = ", layer " + names.Shown(s.Layer)
		}
		if r.Runs > 1 {
			where += fmt.Sprintf(" (%s, seed %d)", s.Arm, s.Seed)
		}
		text += fmt.Sprintf("- %s%s: %s\n", s.Name, where, s.Text)
	}
	if len(r.Symptoms) == 0 {
		text += "Nothing stands out.\n"
	}
	n, err := io.WriteString(w, text+"\n"+r.Note+"\n")
	return int64(n), errors.Wrap(err, "printing the symptoms")
}

// symptomList collects the symptoms of a run.
type symptomList struct {
	arm   recordedArm
	seed  uint64
	found []Symptom
}

func (l *symptomList) add(name, layer string, value float64, format string, args ...any) {
	l.found = append(l.found, Symptom{l.arm.Name, l.seed, name, layer, jsonFloat(value), fmt.Sprintf(format, args...)})
}

func (l *symptomList) read(folder string) error {
	steps, err := readTable(filepath.Join(folder, stepsFile))
	if err != nil {
		return err
	}
	epochs, err := readTable(filepath.Join(folder, epochsFile))
	if err != nil {
		return err
	}
	if err := l.losses(steps, epochs); err != nil {
		return err
	}
	if err := l.heldOut(epochs); err != nil {
		return err
	}
	if err := l.layers(steps); err != nil {
		return err
	}
	return l.units(epochs)
}

// losses looks at how the training loss went.
func (l *symptomList) losses(steps, epochs *table) error {
	loss, err := steps.numbers("loss")
	if err != nil || len(loss) == 0 {
		return err
	}
	numbers, err := steps.numbers("step") // not every step need be recorded
	if err != nil {
		return err
	}
	for i, v := range loss {
		if !finite(v) {
			l.add("non_finite_loss", "", numbers[i], "the loss is not a number from step %.0f on", numbers[i])
			return nil
		}
	}
	means, err := epochs.numbers("train_loss")
	if err != nil || len(means) == 0 {
		return err
	}
	last := means[len(means)-1]
	if last > 10*loss[0] {
		l.add("diverging", "", last/loss[0], "the last epoch's loss, %.3g, is over 10 times the first step's, %.3g", last, loss[0])
		return nil
	}
	if fall := (loss[0] - last) / math.Abs(loss[0]); fall < flatFall {
		l.add("flat_loss", "", fall, "the loss did not fall: %.3g in the first step, %.3g in the last epoch", loss[0], last)
	}
	if n := len(means); n > 1 {
		if fall := (means[n-2] - last) / math.Abs(means[n-2]); fall > flatFall {
			l.add("still_falling", "", fall, "the last epoch's loss still fell by %.1f%%: the training was not over", 100*fall)
		}
	}
	return nil
}

// heldOut looks at the held-out figures, where there are any.
func (l *symptomList) heldOut(epochs *table) error {
	var columns [4][]float64
	for i, name := range []string{"heldout_fvu", "heldout_spread", "heldout_mse", "train_loss"} {
		values, err := epochs.numbers(name)
		if err != nil || len(values) == 0 {
			return err
		}
		columns[i] = values
	}
	n := len(columns[0]) - 1
	fvu, spread, mse, train := columns[0][n], columns[1][n], columns[2], columns[3]
	switch {
	case spread < outcome.ConstantSpread:
		l.add("constant_output", "", spread, "the output is the same for all held-out images (its spread is %.2g of theirs; FVU %.3g)", spread, fvu)
	case fvu >= 1-outcome.Near:
		l.add("no_better_than_mean", "", fvu, "FVU %.3g: the held-out error is not below that of printing the mean image", fvu)
	}
	least := math.Inf(1)
	for _, v := range mse {
		least = min(least, v)
	}
	if mse[n] > overfitRise*least && train[n] < train[0] {
		l.add("overfitting", "", mse[n]/least, "the held-out error rose to %.2f times its least while the training loss fell", mse[n]/least)
	}
	return nil
}

// layers looks at gradients and updates at the end of training.
func (l *symptomList) layers(steps *table) error {
	late := func(layer, quantity string) (float64, error) {
		values, err := steps.numbers(training.Column(layer, quantity))
		return statistics.Median(values[len(values)-int(math.Ceil(lateShare*float64(len(values)))):]), err
	}
	for _, layer := range l.arm.trained() {
		norm, err := late(layer, "gradient_norm")
		if err != nil {
			return err
		}
		ratio, err := late(layer, "update_ratio")
		if err != nil {
			return err
		}
		switch {
		case norm == 0:
			l.add("no_gradient", layer, 0, "its gradient is zero: nothing of the error reaches it")
		case ratio > largeUpdate:
			l.add("large_updates", layer, ratio, "a step changes its weights by %.2g of their size; about 0.001 is usual", ratio)
		case ratio < smallUpdate:
			l.add("small_updates", layer, ratio, "a step changes its weights by %.2g of their size; about 0.001 is usual", ratio)
		}
	}
	first, last := l.arm.kernelLayers()
	if first == last {
		return nil
	}
	a, err := late(first, "gradient_rms")
	if err != nil {
		return err
	}
	b, err := late(last, "gradient_rms")
	switch {
	case err != nil || a == 0 || b == 0:
		return err
	case a < fadingGradient*b:
		l.add("fading_gradient", first, a/b, "the gradient fades on its way to the first layer: %.2g of the last one's", a/b)
	case b < fadingGradient*a:
		l.add("exploding_gradient", first, a/b, "the gradient grows on its way to the first layer: %.2g times the last one's", a/b)
	}
	return nil
}

// units looks at dead units and saturated values in the last epoch, where they were recorded.
func (l *symptomList) units(epochs *table) error {
	for _, layer := range l.arm.Layers {
		for _, of := range []struct{ column, name, text string }{
			{"dead", "dead_units", "%.0f%% of its units are zero for every held-out image"},
			{"saturated", "saturated", "%.0f%% of its values are within 5%% of the range from a limit of its activation"},
		} {
			column := training.Column(layer.Name, of.column)
			if epochs.column(column) < 0 {
				continue
			}
			values, err := epochs.numbers(column)
			if err != nil {
				return err
			}
			if n := len(values); n > 0 && values[n-1] >= manyUnits {
				l.add(of.name, layer.Name, values[n-1], of.text, 100*values[n-1])
			}
		}
	}
	return nil
}
