package experiments

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/training/dataset"
	"dcae/training/files"
	"dcae/training/names"
)

// Plan is a study as it is written down, in YAML: a question, data, and groups of arms, each arm given by the settings in which
// it departs from its group's. [Plan.Study] makes the models for the data.
type Plan struct {
	Name     string        `yaml:"name" json:"name"`
	Question string        `yaml:"question" json:"question"`
	Data     DataPlan      `yaml:"data,omitempty" json:"data"`
	Seeds    SeedList      `yaml:"seeds,omitempty" json:"seeds"` // default 1-5
	Budget   PlanBudget    `yaml:"budget,omitempty" json:"budget"`
	Groups   []GroupPlan   `yaml:"groups" json:"groups"`
	Measures []Measure     `yaml:"measures,omitempty" json:"measures,omitempty"`
	Confirm  *Confirmation `yaml:"confirm,omitempty" json:"confirm,omitempty"`

	from PathsFrom
}

// Confirmation keeps apart the seeds by which an arm was chosen and those that confirm the choice.
type Confirmation struct {
	Arm         string   `yaml:"arm" json:"arm"`
	Control     string   `yaml:"control" json:"control"` // what it was chosen to improve on
	ChosenOn    SeedList `yaml:"chosen_on" json:"chosen_on"`
	ConfirmedOn SeedList `yaml:"confirmed_on" json:"confirmed_on"`
}

// GroupPlan is a group of arms, which are compared with its control.
type GroupPlan struct {
	Name    string    `yaml:"name" json:"name"`
	Control string    `yaml:"control" json:"control"`                       // an arm's name
	Common  Settings  `yaml:"settings,omitempty" json:"settings,omitempty"` // of all its arms, where they have no others
	Seeds   SeedList  `yaml:"seeds,omitempty" json:"seeds,omitempty"`       // default the study's
	Vary    []Vary    `yaml:"vary,omitempty" json:"-"`                      // makes one arm of each combination of values, before those in Arms
	Arms    []ArmPlan `yaml:"arms,omitempty" json:"arms"`
}

// ArmPlan is one variant.
type ArmPlan struct {
	Name       string   `yaml:"name" json:"name"`
	Factors    []string `yaml:"factors,omitempty" json:"factors,omitempty"`                   // default: the settings that are not the control's
	FullEpochs int      `yaml:"full_epochs,omitempty" json:"full_epochs,omitempty" least:"1"` // its length with --full; default the budget's
	Settings   `yaml:",inline"`
}

// Measure is a chart that a study's report has beside those of every study.
type Measure struct {
	Quantity  string   `yaml:"measure" json:"measure"`                         // one of Quantities
	Over      string   `yaml:"over,omitempty" json:"over,omitempty"`           // the setting that the arms of a group differ in
	As        string   `yaml:"as,omitempty" json:"as,omitempty"`               // lines (default): a line for each group; map: a row for each group
	Log       string   `yaml:"log,omitempty" json:"log,omitempty"`             // axes to be logarithmic: x, y or xy
	Groups    []string `yaml:"groups,omitempty" json:"groups,omitempty"`       // default all that have the setting
	Reference string   `yaml:"reference,omitempty" json:"reference,omitempty"` // pca: the error of as many principal components
	Title     string   `yaml:"title,omitempty" json:"title,omitempty"`
	Caption   string   `yaml:"caption,omitempty" json:"caption,omitempty"` // what to look for
}

// PlanBudget is how long and on what each run trains.
type PlanBudget struct {
	Epochs           int  `yaml:"epochs,omitempty" json:"epochs" least:"1"`                       // of every arm; default 8
	Images           int  `yaml:"images,omitempty" json:"images" least:"0"`                       // the first so many of the training part, or all if it has fewer; default 0: all
	Exactly          bool `yaml:"-" json:"-"`                                                     // fewer training images than Images are an error
	Batch            int  `yaml:"batch,omitempty" json:"batch" least:"1"`                         // images in a step; default 32
	ValidationImages int  `yaml:"validation_images,omitempty" json:"validation_images" least:"1"` // looked at after each epoch; default 1,000
	TestImages       int  `yaml:"test_images,omitempty" json:"test_images" least:"0"`             // looked at once, at the end; default 0: all
	Full             bool `yaml:"-" json:"full,omitempty"`                                        // each arm's own full length, on all images
}

func (b *PlanBudget) complete() error {
	if err := checkBounds(*b); err != nil {
		return errors.WithMessage(err, "budget")
	}
	for _, n := range []struct {
		value *int
		def   int
	}{{&b.Epochs, 8}, {&b.Batch, 32}, {&b.ValidationImages, 1000}} {
		if *n.value == 0 {
			*n.value = n.def
		}
	}
	return nil
}

// PathsFrom are the folders from which a plan's relative paths start; empty where that is the working directory. They are no part of
// study.json, which is the same wherever a study lies.
type PathsFrom struct {
	Models string `json:"models,omitempty"`
	Source string `json:"data,omitempty"`
	Target string `json:"target,omitempty"`
}

// PathsFrom are those of the plan's paths: of its file, but for what was set since.
func (p *Plan) PathsFrom() PathsFrom { return p.from }

// SetSource takes other images than the plan's, with all that belongs to them. A relative path starts from the working directory.
func (p *Plan) SetSource(source string) {
	p.Data = DataPlan{Source: source}
	p.from.Source, p.from.Target = workingDirectory(), workingDirectory()
}

// SetTarget takes other targets than the plan's. A relative path starts from the working directory.
func (p *Plan) SetTarget(target string) { p.Data.Target, p.from.Target = target, workingDirectory() }

// workingDirectory is empty if nobody knows it.
func workingDirectory() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
}

// startingFrom is a path that starts from a folder if it is relative.
func startingFrom(folder, path string) string {
	if folder == "" || path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// data is the plan's data with paths that start from the working directory.
func (p *Plan) data() DataPlan {
	d := p.Data
	for _, g := range p.Groups {
		for _, a := range g.Arms {
			d.ChannelsFirst = d.ChannelsFirst || saved.FrameworkOfFile(a.Model) == saved.PyTorch
		}
	}
	if !dataset.IsBuiltIn(d.Source) {
		d.Source = startingFrom(p.from.Source, d.Source)
	}
	if !dataset.IsBuiltIn(d.Target) {
		d.Target = startingFrom(p.from.Target, d.Target)
	}
	return d
}

// ReadPlan reads a study from a YAML file, from whose folder relative paths in it start. It fails where the file cannot be read or is no study; the error names line and column.
func ReadPlan(path string) (*Plan, error) {
	b, err := files.ReadFile(path)
	if err != nil {
		return nil, errors.Errorf("cannot read %s: %v", path, err)
	}
	p, err := parsePlan(b, path)
	if err != nil {
		return nil, err
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	p.from = PathsFrom{Models: folder, Source: folder, Target: folder}
	return p, nil
}

// ParsePlan reads a study from YAML, or JSON, which is YAML, too; origin is what messages call it, and relative paths start from the working
// directory. It fails as [ReadPlan] does.
func ParsePlan(text []byte, origin string) (*Plan, error) { return parsePlan(text, origin) }

// What a study may have at most: more are a mistake, and would fill the memory before anything is trained.
const (
	mostArms = 1_000
	mostRuns = 100_000
)

var safeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+=-]*$`)

// isSafe tells whether a name can be that of a folder on any system.
func isSafe(name string) bool { return safeName.MatchString(name) && names.File(name) == name }

// complete fills in defaults and varied arms, and checks what can be checked without the data.
func (p *Plan) complete() error {
	if !isSafe(p.Name) {
		return errors.Errorf("name %q: a study needs one of letters, digits and . _ + = -, which is its folder's, too", names.Shown(p.Name))
	}
	if p.Question == "" {
		return errors.New("a study needs a question")
	}
	if p.Data.Source == "" {
		p.Data.Source = "mnist"
	}
	if _, err := p.Data.Options(); err != nil {
		return errors.WithMessage(err, "data")
	}
	if p.Seeds == nil {
		p.Seeds = SeedList{1, 2, 3, 4, 5}
	}
	if err := p.Budget.complete(); err != nil {
		return err
	}
	if len(p.Groups) == 0 {
		return errors.New("a study needs a group of arms")
	}
	if n := len(p.Groups); n > mostArms {
		return errors.Errorf("%d groups: a study has %d at most", n, mostArms)
	}
	seen := map[string]bool{}
	var arms []ArmPlan
	for i := range p.Groups {
		g := &p.Groups[i]
		if err := g.complete(); err != nil {
			return errors.WithMessagef(err, "group %q", g.Name)
		}
		for _, a := range g.Arms {
			if arms = append(arms, a); len(arms) > mostArms {
				return errors.Errorf("over %d arms: a study has so many at most", mostArms)
			}
			if key := strings.ToLower(a.Name); seen[key] { // some file systems do not tell case apart
				return errors.Errorf("there are two arms named %s; each arm of a study needs a name of its own", a.Name)
			} else {
				seen[key] = true
			}
		}
	}
	for i := range p.Groups {
		if err := p.Groups[i].compareWith(arms); err != nil {
			return err
		}
	}
	for _, m := range p.Measures {
		if err := m.check(p); err != nil {
			return err
		}
	}
	if n := p.Runs(); n > mostRuns {
		return errors.Errorf("%d runs: a study has %d at most", n, mostRuns)
	}
	return p.Confirm.check(p)
}

func (g *GroupPlan) complete() error {
	if g.Name == "" {
		return errors.New("a group needs a name")
	}
	varied, err := combine(g.Vary)
	if err != nil {
		return err
	}
	g.Arms, g.Vary = append(varied, g.Arms...), nil
	if len(g.Arms) == 0 {
		return errors.New("no arms: give some under arms, or values under vary")
	}
	for i := range g.Arms {
		a := &g.Arms[i]
		a.Settings = g.Common.with(a.Settings)
		if err := a.check(); err != nil {
			return err
		}
	}
	g.Common = Settings{}
	return nil
}

// check tells what is wrong with an arm that is complete; nil if nothing is.
func (a *ArmPlan) check() error {
	if !isSafe(a.Name) {
		return errors.Errorf("arm %q: a name is of letters, digits and . _ + = -, since it is a folder's, too", names.Shown(a.Name))
	}
	if err := checkBounds(*a); err != nil {
		return errors.WithMessagef(err, "arm %s", a.Name)
	}
	return errors.WithMessagef(a.Settings.check(), "arm %s", a.Name)
}

// compareWith names the factors in which the group's arms differ from its control, which is one of the study's arms.
func (g *GroupPlan) compareWith(arms []ArmPlan) error {
	i := slices.IndexFunc(arms, func(a ArmPlan) bool { return a.Name == g.Control })
	if i < 0 {
		return errors.Errorf("group %q: its control %q is none of the arms; name the arm that the others are compared with", g.Name, g.Control)
	}
	for k := range g.Arms {
		if a := &g.Arms[k]; a.Factors == nil && a.Name != g.Control {
			a.Factors = a.Differences(arms[i].Settings)
		}
	}
	return nil
}

func (g *GroupPlan) arm(name string) *ArmPlan {
	for i := range g.Arms {
		if g.Arms[i].Name == name {
			return &g.Arms[i]
		}
	}
	return nil
}

func (c *Confirmation) check(p *Plan) error {
	if c == nil {
		return nil
	}
	arms := map[string]bool{}
	for _, g := range p.Groups {
		for _, a := range g.Arms {
			arms[a.Name] = true
		}
	}
	for _, name := range []string{c.Arm, c.Control} {
		if !arms[name] {
			return errors.Errorf("confirm: there is no arm %q", name)
		}
	}
	chosen := map[uint64]bool{}
	for _, s := range c.ChosenOn {
		chosen[s] = true
	}
	for _, s := range c.ConfirmedOn {
		if chosen[s] {
			return errors.Errorf("confirm: seed %d is among those that the arm was chosen on", s)
		}
	}
	return nil
}

// Arms names all arms, in order.
func (p *Plan) Arms() []string {
	var out []string
	for _, g := range p.Groups {
		for _, a := range g.Arms {
			out = append(out, a.Name)
		}
	}
	return out
}

// Only keeps the named arms, in the plan's order. It fails on a name that the plan does not have.
func (p *Plan) Only(names []string) error {
	if len(names) == 0 {
		return errors.Errorf("no arms are named; the arms of study %s are %s", p.Name, strings.Join(p.Arms(), ", "))
	}
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	var known []string
	var groups []GroupPlan
	for _, g := range p.Groups {
		kept := g
		kept.Arms = nil
		for _, a := range g.Arms {
			known = append(known, a.Name)
			if wanted[a.Name] {
				kept.Arms = append(kept.Arms, a)
				delete(wanted, a.Name)
			}
		}
		if len(kept.Arms) > 0 {
			groups = append(groups, kept)
		}
	}
	for _, n := range names {
		if wanted[n] {
			return errors.Errorf("study %s has no arm %q; its arms are %s", p.Name, n, strings.Join(known, ", "))
		}
	}
	p.Groups = groups
	return nil
}

// SetSeeds gives all groups the same seeds, as ParseSeeds reads them. It fails where that does.
func (p *Plan) SetSeeds(text string) error {
	seeds, err := ParseSeeds(text)
	if err != nil {
		return err
	}
	p.Seeds = seeds
	for i := range p.Groups {
		p.Groups[i].Seeds = nil
	}
	return nil
}
