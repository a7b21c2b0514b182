package experiments

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"dcae/plots"
	"dcae/training/dataset/npz"
)

// pictures are the figures that a study's folder gets.
var pictures = []struct {
	file string
	draw func(plots.Study) (*plots.Figure, error)
}{
	{"loss.png", plots.Loss},
	{"gradients.png", plots.Gradients},
	{"gradient-map.png", plots.GradientMap},
	{"profile.png", plots.Profile},
	{"reconstructions.png", plots.Reconstructions},
	{"report.png", plots.Report},
}

// Draw makes the pictures of a study from the records in its folder, finished or not. Speeds, which no record holds, come
// from results.
func Draw(dir string, results []*Result) error {
	study, err := load(dir, results)
	if err != nil {
		return err
	}
	for _, p := range pictures {
		figure, err := p.draw(*study)
		if err != nil {
			return errors.WithMessage(err, p.file)
		}
		if err := figure.SavePNG(filepath.Join(dir, p.file)); err != nil {
			return err
		}
	}
	return nil
}

// load reads a study's records back.
func load(dir string, results []*Result) (*plots.Study, error) {
	d, err := readDefinition(dir)
	if err != nil {
		return nil, err
	}
	out := &plots.Study{
		Title: d.Question,
		Subtitle: fmt.Sprintf("%s, %d training images, %d held out for validation, %d for test; batch %d; seeds %s", strings.ToUpper(d.Data.Name),
			d.Data.Train, d.Data.Held, d.Data.Test, d.Budget.Batch, FormatSeeds(d.Budget.Seeds)),
		LossName:   "MSE",
		References: []plots.Reference{{Label: "mean image", Y: d.Data.MeanImage}, {Label: "all black", Y: d.Data.AllBlack}},
		Moments: []plots.Moment{
			{Label: "first step", Step: 1}, {Label: "after one epoch", Step: float64(d.stepsPerEpoch())}, {Label: "end", Step: math.Inf(1)},
		},
	}
	shown, err := npz.Read(filepath.Join(dir, imagesFile))
	if err != nil {
		return nil, err
	}
	gray := Gray{0, 1}
	for _, a := range shown {
		if a.Name == "test" {
			gray = Gray{}.widened(a.Float32).orUnit()
		}
	}
	for _, a := range shown {
		switch images := gray.pictures(a); {
		case a.Name == "test":
			out.Originals = images
		case a.Name == "mean" && len(images) > 0:
			out.MeanImage = images[0]
		}
	}
	for _, a := range d.arms() {
		arm := plots.Arm{Name: a.Name, Layers: a.trained()}
		var own []*Result
		for _, seed := range d.Budget.Seeds {
			run := plots.Run{Seed: seed, HeldOutMSE: math.NaN(), FVU: math.NaN(), RatioStart: math.NaN(), RatioEnd: math.NaN(), ImagesPerSecond: math.NaN()}
			there, err := loadRun(dir, a, seed, gray, &run)
			if err != nil {
				return nil, err
			}
			for _, r := range results {
				if r.Arm == a.Name && r.Seed == seed {
					own = append(own, r)
					run.Outcome, run.HeldOutMSE, run.FVU = string(r.Outcome), r.Test.MSE, r.Test.FVU
					run.RatioStart, run.RatioEnd, run.ImagesPerSecond = r.RatioStart, r.RatioEnd, r.ImagesPerSecond
				}
			}
			if there {
				arm.Runs = append(arm.Runs, run)
			}
		}
		arm.Summary = Sentence(own)
		out.Arms = append(out.Arms, arm)
	}
	return out, nil
}

// loadRun reads a run's records; there is false for one that was not started.
func loadRun(dir string, a arm, seed uint64, gray Gray, run *plots.Run) (there bool, err error) {
	folder := runFolder(dir, a.Name, seed)
	if _, err := os.Stat(filepath.Join(folder, stepsFile)); err != nil {
		return false, nil
	}
	epochs, err := readTable(filepath.Join(folder, epochsFile))
	if err != nil {
		return false, err
	}
	for column, series := range map[string]*plots.Series{"train_loss": &run.Train, "heldout_mse": &run.HeldOut} {
		values, err := epochs.numbers(column)
		if err != nil {
			return false, err
		}
		for i, y := range values {
			*series = append(*series, plots.Point{X: float64(i + 1), Y: y})
		}
	}
	steps, err := readTable(filepath.Join(folder, stepsFile))
	if err != nil {
		return false, err
	}
	if run.Gradients.Steps, err = steps.numbers("step"); err != nil {
		return false, err
	}
	if steps.len() > 0 {
		for _, layer := range a.trained() {
			norms, err := steps.numbers(layer + "/gradient_norm")
			if err != nil {
				return false, err
			}
			run.Gradients.Norms = append(run.Gradients.Norms, norms)
		}
	}
	path := filepath.Join(folder, reconstructionsFile)
	if _, err := os.Stat(path); err == nil {
		arrays, err := npz.Read(path)
		if err != nil {
			return false, err
		}
		for _, array := range arrays {
			run.Reconstructions = gray.pictures(array)
		}
	}
	return true, nil
}
