package experiments

import (
	"encoding/json"
	"math"
	"path/filepath"

	"dcae/experiments/mechanism"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset/npz"
	"dcae/training/names"
)

// Explained are the mechanisms of a study's runs: why they ended as they did.
type Explained map[runID][]mechanism.Finding

// Explain finds the mechanisms of finished runs from the records in their study's folder. It fails if a record is missing or damaged.
func Explain(dir string, results []*Result) (Explained, error) {
	d, err := ReadDefinition(dir)
	if err != nil {
		return nil, err
	}
	return d.explain(dir, results)
}

func (d *Definition) explain(dir string, results []*Result) (Explained, error) {
	out := Explained{}
	if len(results) == 0 {
		return out, nil
	}
	shown, err := shownTargets(dir)
	if err != nil {
		return nil, err
	}
	for _, a := range d.arms() {
		for _, r := range results {
			if r.Arm != a.Name {
				continue
			}
			run, err := mechanismRun(dir, a, r)
			if err != nil {
				return nil, err
			}
			comparedWith(&run.Output, shown, a.Rescaling)
			out[runID{r.Arm, r.Seed}] = mechanism.Explain(run)
		}
	}
	return out, nil
}

// mechanismRun reads a run's records as the rules want them.
func mechanismRun(dir string, a recordedArm, r *Result) (*mechanism.Run, error) {
	folder := runFolder(dir, r.Arm, r.Seed)
	steps, err := readTable(filepath.Join(folder, stepsFile))
	if err != nil {
		return nil, err
	}
	epochs, err := readTable(filepath.Join(folder, epochsFile))
	if err != nil {
		return nil, err
	}
	run := &mechanism.Run{Arm: r.Arm, Seed: r.Seed, Outcome: r.Outcome, FVU: r.Test.FVU, Reestimated: r.Reestimated, HeldOutMean: math.NaN()}
	read := func(to *[]float64, from *table, column string) {
		if err == nil && from.column(column) >= 0 {
			*to, err = from.numbers(column)
		}
	}
	read(&run.Loss, steps, "loss")
	read(&run.Epochs, epochs, "train_loss")
	var means []float64
	read(&means, epochs, "heldout_mean")
	if n := len(means); n > 0 {
		run.HeldOutMean = means[n-1]
	}
	narrowest, size := -1, 0
	for _, recorded := range a.Layers {
		l := mechanism.Layer{Name: names.Shown(recorded.Name), Kernel: recorded.HasKernel && !recorded.Frozen}
		column := func(quantity string) string { return training.Column(recorded.Name, quantity) }
		read(&l.Gradient, steps, column("gradient_norm"))
		read(&l.Update, steps, column("update_ratio"))
		read(&l.Weight, steps, column("weight_norm"))
		read(&l.Dead, epochs, column("dead"))
		read(&l.Saturated, epochs, column("saturated"))
		if len(l.Dead) > 0 && len(recorded.Output) > 0 {
			l.Units = recorded.Output[len(recorded.Output)-1]
			if n := graph.Shape(recorded.Output).Size(); narrowest < 0 || n < size {
				narrowest, size = len(run.Layers), n
			}
			run.Output = outputOf(recorded)
		}
		run.Layers = append(run.Layers, l)
	}
	if narrowest >= 0 && size < graph.Shape(a.Input).Size() && run.Layers[narrowest].Name != run.Output.Layer {
		run.Layers[narrowest].Narrowest = true
	}
	return run, err
}

// outputOf is what the last layer with units can print.
func outputOf(l recordedLayer) mechanism.Output {
	var settings struct{ Activation, Function graph.Activation }
	_ = json.Unmarshal(l.Settings, &settings) // a layer without such settings has no limits
	o := mechanism.Output{Layer: names.Shown(l.Name), Activation: string(settings.Activation), Low: math.Inf(-1), High: math.Inf(1)}
	if settings.Function != "" {
		o.Activation = string(settings.Function)
	}
	switch graph.Activation(o.Activation) {
	case graph.Sigmoid, graph.Softmax:
		o.Low, o.High = 0, 1
	case graph.Tanh:
		o.Low, o.High = -1, 1
	case graph.ReLU:
		o.Low = 0
	}
	return o
}

// targets are some images that a study's models are to print, and their mean.
type targets struct{ values, mean []float32 }

// shownTargets are the study's held-out images in its folder.
func shownTargets(dir string) (t targets, err error) {
	arrays, err := npz.Read(filepath.Join(dir, imagesFile))
	for _, a := range arrays {
		switch {
		case a.Name == "mean":
			t.mean = a.Float32
		case a.Name == "target", a.Name == "test" && t.values == nil:
			t.values = a.Float32
		}
	}
	return t, err
}

// comparedWith sets how far the images, in an arm's units, lie beyond the output's limits.
func comparedWith(o *mechanism.Output, t targets, units *rescaling) {
	if len(t.mean) == 0 || len(t.values) == 0 {
		return
	}
	factor, shift := 1.0, 0.0
	if units != nil {
		factor, shift = units.Factor, units.Shift
	}
	o.DataLow, o.DataHigh = math.Inf(1), math.Inf(-1)
	beyond, cost, variance := 0, 0.0, 0.0
	for i, v := range t.values {
		x := float64(factor*float64(v)) + shift
		o.DataLow, o.DataHigh = min(o.DataLow, x), max(o.DataHigh, x)
		d := x - min(max(x, o.Low), o.High)
		if d != 0 {
			beyond++
		}
		cost += float64(d * d)
		d = factor * (float64(v) - float64(t.mean[i%len(t.mean)]))
		variance += float64(d * d)
	}
	o.Beyond = float64(beyond) / float64(len(t.values))
	if variance > 0 {
		o.Floor = cost / variance
	}
}
