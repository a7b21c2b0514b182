package experiments

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/plots"
	"dcae/training"
	"dcae/training/dataset/npz"
	"dcae/training/names"
)

// pictures are the figures that each group of a study gets.
var pictures = []struct {
	file    string
	title   string
	caption string // what to look for
	draw    func(plots.Study) (*plots.Figure, error)
}{
	{"loss.png", "Loss", "Thick: median over the seeds; thin: each seed. Does the loss fall at all, does it fall below the mean image's, and do the seeds agree?", plots.Loss},
	{"gradients.png", "Gradient norms", "From the first layer to the last. Lines far apart mean that layers learn at different speeds. Adam's step hardly depends on the gradient's scale until it nears epsilon, so a small norm alone proves nothing; a norm of zero does.", plots.Gradients},
	{"gradient-map.png", "Gradient norms of every layer, over training", "Dark rows are layers that hear little of the error.", plots.GradientMap},
	{"profile.png", "Gradient norm from layer to layer", "A line that falls towards the first layer fades, one that rises explodes.", plots.Profile},
	{"reconstructions.png", "What the arms make of test images", "One row a run, of an arm with many seeds the first ones. The same picture in every column means that the output does not depend on the input.", plots.Reconstructions},
	{"report.png", "All in one", "", plots.Report},
}

// pageFile is the report as one page.
const pageFile = "report.html"

// mostShown is how many arms of a group one picture shows; of more, some are chosen.
const mostShown = 8

// mostPictured is how many runs of an arm have their reconstructions shown: the first ones.
const mostPictured = 10

// mostNamed is the number of layers up to which pictures name them where arms differ in depth; beyond, they are numbered.
const mostNamed = 10

// Draw makes the pictures and the page of a study from the records in its folder, finished or not. Speeds, which no record
// holds, come from results. Where another process writes to the folder it waits, and says so to notice, which may be nil. It fails
// if a record is damaged, if a picture cannot be written, or when ctx ends; then former pictures and the page stay.
func Draw(ctx context.Context, dir string, results []*Result, notice func(string)) error {
	d, err := ReadDefinition(dir)
	if err != nil {
		return err
	}
	inUse, err := shareFolder(dir)
	if err != nil {
		return err
	}
	defer inUse.Release()
	held, err := waitForFolder(ctx, dir, notice) // or a task that begins would clear away half a picture
	if err != nil {
		return err
	}
	defer held.Release()
	if err := sweepFolder(dir); err != nil {
		return err
	}
	why, err := d.explain(dir, results)
	if err != nil {
		return err
	}
	page := &page{}
	defer page.out.Discard()
	if err := d.fill(ctx, page, dir, results, why); err != nil {
		return err
	}
	base, gray, err := d.base(dir)
	if err != nil {
		return err
	}
	for i, g := range d.Groups {
		study, err := d.load(dir, base, gray, g, results, why)
		if err != nil {
			return err
		}
		page.Curves.Add(study, float64(d.stepsPerEpoch(g.Arms[0].Least)))
		for _, p := range pictures {
			if err := ctx.Err(); err != nil {
				return err
			}
			figure, err := p.draw(study)
			if err != nil {
				return errors.WithMessagef(err, "group %s, %s", g.Name, p.file)
			}
			file := d.pictureFile(i, p.file)
			if p.caption == "" { // all of it is on the page already
				if _, err := page.picture(dir, file, figure); err != nil {
					return err
				}
				continue
			}
			title := p.title
			if len(d.Groups) > 1 {
				title = g.Name + ": " + title
			}
			if err := page.add(dir, file, figure, title, p.caption); err != nil {
				return err
			}
		}
	}
	return page.save(filepath.Join(dir, pageFile))
}

// pictureFile is a picture's name: that of the i-th group stands before it if there are several.
func (d *Definition) pictureFile(i int, file string) string {
	if len(d.Groups) == 1 {
		return file
	}
	return fmt.Sprintf("%d-%s-%s", i+1, slug(d.Groups[i].Name), file)
}

// slug is a name as part of a file's.
func slug(name string) string {
	short := []rune(name)
	short = short[:min(len(short), 60)]
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, string(short)), "-")
}

// base is what the pictures of all groups have in common; gray is the brightness of the images shown.
func (d *Definition) base(dir string) (out plots.Study, gray saved.Gray, err error) {
	out = plots.Study{
		Title: d.Question, LossName: "MSE",
		References: []plots.Reference{{Label: "mean image", Y: d.Data.MeanImage}, {Label: "all black", Y: d.Data.AllBlack}},
		Moments: []plots.Moment{
			{Label: "first step", Step: 1}, {Label: "after one epoch", Step: float64(d.stepsPerEpoch(d.arms()[0].Least))}, {Label: "end", Step: math.Inf(1)},
		},
	}
	path := filepath.Join(dir, imagesFile)
	if d.RecordedBy != "" && !exists(path) { // no held-out images were given
		return out, saved.Gray{Black: 0, White: 1}, nil
	}
	shown, err := npz.Read(path)
	if err != nil {
		return out, gray, err
	}
	gray = grayOf(shown)
	for _, a := range shown {
		switch images := gray.Pictures(a); {
		case a.Name == "test":
			out.Originals = images
		case a.Name == "target":
			out.Targets = images
		case a.Name == "mean" && len(images) > 0:
			out.MeanImage = images[0]
		}
	}
	return out, gray, nil
}

// gray is the same brightness for treated values.
func (u *rescaling) gray(g saved.Gray) saved.Gray {
	if u == nil {
		return g
	}
	return saved.Gray{Black: float32(u.Factor*float64(g.Black) + u.Shift), White: float32(u.Factor*float64(g.White) + u.Shift)}
}

// common is a squared error of treated values in units of the study's own, so that arms can be compared.
func (u *rescaling) common(mse float64) float64 {
	if u == nil {
		return mse
	}
	return mse / (u.Factor * u.Factor)
}

// grayOf maps the range of the shown images to black and white.
func grayOf(shown []npz.Array) saved.Gray {
	for _, a := range shown {
		if a.Name == "test" {
			return saved.Gray{}.Widened(a.Float32).OrUnit()
		}
	}
	return saved.Gray{Black: 0, White: 1}
}

// subtitle says what was trained with the given seeds.
func (d *Definition) subtitle(seeds string) string {
	if d.RecordedBy != "" {
		return fmt.Sprintf("recorded by %s; %d held-out images, whose own mean stands for that of the training images", d.RecordedBy, d.Data.Held)
	}
	return fmt.Sprintf("%s, %d training images, %d held out for validation, %d for test; batch %d; seeds %s", strings.ToUpper(d.Data.Name),
		d.Data.Train, d.Data.Held, d.Data.Test, d.Budget.Batch, seeds)
}

// groupSubtitle is that of a group's pictures.
func (d *Definition) groupSubtitle(g recordedGroup) string {
	s := d.subtitle(FormatSeeds(g.Seeds))
	if len(d.Groups) > 1 {
		s = g.Name + ": " + s
	}
	return s
}

// load reads a group's records back.
func (d *Definition) load(dir string, base plots.Study, brightness saved.Gray, g recordedGroup, results []*Result, why Explained) (plots.Study, error) {
	out := base
	out.Subtitle = d.groupSubtitle(g)
	shown := shownArms(g)
	var depths []int
	for _, a := range shown {
		depths = append(depths, len(a.trained()))
	}
	slices.Sort(depths)
	n := len(depths)
	numbered := n > 0 && depths[n-1] > mostNamed && depths[0] < depths[n-1]
	for _, a := range shown {
		arm := plots.Arm{Name: a.Name, Layers: layerLabels(a.trained(), numbered)}
		gray := a.Rescaling.gray(brightness)
		var own []*Result
		for _, seed := range g.Seeds {
			run := plots.Run{Seed: seed, HeldOutMSE: math.NaN(), FVU: math.NaN(), RatioStart: math.NaN(), RatioEnd: math.NaN(), ImagesPerSecond: math.NaN()}
			there, err := loadRun(dir, a, seed, gray, &run)
			if err != nil {
				return out, err
			}
			for _, r := range results {
				if r.Arm == a.Name && r.Seed == seed {
					own = append(own, r)
					run.Outcome, run.HeldOutMSE, run.FVU = string(r.Outcome), a.Rescaling.common(r.Test.MSE), r.Test.FVU
					run.RatioStart, run.RatioEnd, run.ImagesPerSecond = r.RatioStart, r.RatioEnd, r.ImagesPerSecond
				}
			}
			if len(arm.Runs) >= mostPictured {
				run.Reconstructions = nil
			}
			if there {
				arm.Runs = append(arm.Runs, run)
			}
		}
		arm.Summary = why.Sentence(own)
		out.Arms = append(out.Arms, arm)
	}
	return out, nil
}

// layerLabels are the layers' names as pictures show them; their numbers instead where two would look alike, and if numbered: the
// same name would stand for layers at different depths.
func layerLabels(layers []string, numbered bool) []string {
	out, seen := make([]string, len(layers)), map[string]bool{}
	for i, name := range layers {
		out[i] = names.Shown(name)
		numbered = numbered || seen[out[i]]
		seen[out[i]] = true
	}
	if numbered {
		for i := range out {
			out[i] = fmt.Sprint(i + 1)
		}
	}
	return out
}

// shownArms are a group's arms, or if there are too many for a picture its control and others at even distances.
func shownArms(g recordedGroup) []recordedArm {
	if len(g.Arms) <= mostShown {
		return g.Arms
	}
	var out []recordedArm
	control := slices.IndexFunc(g.Arms, func(a recordedArm) bool { return a.Name == g.Control })
	chosen := map[int]bool{control: true}
	for i := range mostShown - 1 {
		chosen[i*(len(g.Arms)-1)/(mostShown-2)] = true
	}
	for i, a := range g.Arms {
		if chosen[i] {
			out = append(out, a)
		}
	}
	return out
}

// loadRun reads a run's records; there is false for one that was not started.
func loadRun(dir string, a recordedArm, seed uint64, gray saved.Gray, run *plots.Run) (there bool, err error) {
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
			*series = append(*series, plots.Point{X: float64(i + 1), Y: a.Rescaling.common(y)})
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
			norms, err := steps.numbers(training.Column(layer, "gradient_norm"))
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
			run.Reconstructions = gray.Pictures(array)
		}
	}
	return true, nil
}

// Redraw makes the pictures and the page of a study's folder again, from its records. It waits and fails as [Draw] does.
func Redraw(ctx context.Context, dir string, notice func(string)) error {
	results, err := readResults(dir)
	if err != nil {
		return err
	}
	return Draw(ctx, dir, results, notice)
}
