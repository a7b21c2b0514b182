package experiments

import (
	"encoding/json"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/names"
	"dcae/training/plainjson"
)

// Definition is what study.json holds: all that the bits of the records depend on.
type Definition struct {
	Format   int             `json:"format"`
	Kernels  string          `json:"kernels"` // the family
	Bits     int             `json:"bits"`    // its number; 0 in records from before there were numbers
	Name     string          `json:"name"`
	Question string          `json:"question"`
	Data     Data            `json:"data"`
	Budget   Length          `json:"budget"`
	Groups   []recordedGroup `json:"groups"`
	Plan     *Plan           `json:"plan,omitempty"` // what the study was made of, and can be made of again
	PCA      []principal     `json:"pca,omitempty"`  // where a measure is set beside it

	// RecordedBy names what the run was trained with, where that was not this program but a recorder of the Python package. Such records can
	// be drawn and looked at, and not be gone on with.
	RecordedBy string `json:"recorded_by,omitempty"`
}

// rescaling is what a treatment does to values: treated = Factor * value + Shift.
type rescaling struct {
	Factor float64 `json:"factor"`
	Shift  float64 `json:"shift"`
}

// principal is how much the first principal components leave unexplained.
type principal struct {
	Components int     `json:"components"`
	FVU        float64 `json:"fvu"`
}

// Data names and describes a study's images.
type Data struct {
	Name      string  `json:"name"`
	Checksum  string  `json:"sha256"`
	Shape     []int   `json:"shape"`
	Train     int     `json:"train_images"`
	Held      int     `json:"validation_images"`
	Test      int     `json:"test_images"`
	MeanImage float64 `json:"mse_of_mean_image"` // on the validation images
	AllBlack  float64 `json:"mse_of_all_black"`
}

// Length is a study's budget.
type Length struct {
	Seeds []uint64 `json:"seeds"`
	Batch int      `json:"batch"`
	Full  bool     `json:"full"`
}

// recordedGroup is a [Group] as study.json holds it.
type recordedGroup struct {
	Name    string        `json:"name"`
	Control string        `json:"control"`
	Seeds   []uint64      `json:"seeds"`
	Arms    []recordedArm `json:"arms"`
}

// recordedArm is an [Arm] as study.json holds it: all that its bits depend on.
type recordedArm struct {
	Name      string          `json:"name"`
	Factors   []string        `json:"differs_from_control_in"`
	Epochs    int             `json:"epochs"`
	Optimizer string          `json:"optimizer"`
	Plateau   string          `json:"plateau,omitempty"`
	Changes   string          `json:"changes,omitempty"` // during training
	Loss      string          `json:"loss"`
	Treatment string          `json:"treatment,omitempty"` // of the images
	Rescaling *rescaling      `json:"units,omitempty"`     // of values by the treatment
	Input     []int           `json:"input"`
	Layers    []recordedLayer `json:"layers"`
	OwnLoss   []recordedLayer `json:"own_loss,omitempty"`    // layers of a loss that the model computes itself
	Least     int             `json:"least_batch,omitempty"` // images in a step, of a model that does not take any number
}

// recordedLayer is a layer as study.json holds it.
type recordedLayer struct {
	Name      string          `json:"name"`
	Class     string          `json:"class"`
	Settings  json.RawMessage `json:"settings"`
	Output    []int           `json:"output"`
	Values    int             `json:"values"`           // in its variables
	HasKernel bool            `json:"kernel"`           // whether it has one
	Frozen    bool            `json:"frozen,omitempty"` // whether it has variables, none of which is trained
}

// define describes a study on its data; mean is the mean training image, scaling what a treatment makes of that of the data.
func define(s Study, set *dataset.Set, mean []float32, scaling func(dataset.Treatment) dataset.Scaling) (*Definition, error) {
	d := &Definition{
		Format: 1, Kernels: arithmetic.Chosen().String(), Bits: arithmetic.Chosen().Bits(), Name: s.Name, Question: s.Question,
		Budget: Length{Seeds: s.Budget.Seeds, Batch: s.Budget.Batch, Full: s.Budget.Full}, Plan: s.Plan,
	}
	meanLevel, black := levels(set.Validation.Targets(), mean)
	d.Data = Data{
		Name: set.Name, Checksum: set.Checksum, Shape: []int{set.Shape().H, set.Shape().W, set.Shape().C},
		Train: set.Train.Len(), Held: set.Validation.Len(), Test: set.Test.Len(), MeanImage: meanLevel, AllBlack: black,
	}
	for _, g := range s.Groups {
		out := recordedGroup{Name: g.Name, Control: g.Control, Seeds: s.seeds(g)}
		for _, a := range g.Arms {
			described, err := describe(a, s.Budget.epochs(a))
			if err != nil {
				return nil, errors.WithMessagef(err, "arm %s", a.Name)
			}
			described.Rescaling = rescalingOf(set.Scaling, scaling(a.Treatment))
			out.Arms = append(out.Arms, described)
		}
		d.Groups = append(d.Groups, out)
	}
	var err error
	d.PCA, err = principals(s, set)
	return d, err
}

// rescalingOf is nil where values stay as they are.
func rescalingOf(from, to dataset.Scaling) *rescaling {
	if from == to {
		return nil
	}
	for _, s := range []*dataset.Scaling{&from, &to} {
		if s.Divisor == 0 {
			s.Divisor = 1
		}
	}
	return &rescaling{Factor: from.Divisor / to.Divisor, Shift: (from.Shift - to.Shift) / to.Divisor}
}

// treatmentSeed is the seed of treatments. They are part of the data, and so the same in every run.
const treatmentSeed = 0

// principals measures the data's principal components, as many as the arms' bottlenecks have units, if the study asks for them.
func principals(s Study, set *dataset.Set) ([]principal, error) {
	if s.Plan == nil || !slices.ContainsFunc(s.Plan.Measures, func(m Measure) bool { return m.Reference == "pca" }) {
		return nil, nil
	}
	var sizes []int
	for _, a := range s.Arms() {
		if n := a.Settings.Bottleneck; n > 0 && !slices.Contains(sizes, n) {
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	fvu, err := set.PCA(sizes)
	if err != nil {
		return nil, err
	}
	out := make([]principal, len(sizes))
	for i, n := range sizes {
		out[i] = principal{n, fvu[i]}
	}
	return out, nil
}

func describe(a Arm, epochs int) (recordedArm, error) {
	out := recordedArm{Name: a.Name, Factors: append([]string{}, a.Factors...), Epochs: epochs, Optimizer: a.Optimizer.String(), Loss: a.Loss.String(), Input: a.Model.Input}
	if least := a.Model.Batch.Least; least > 1 {
		out.Least = least
	}
	if a.Plateau != nil {
		out.Plateau = a.Plateau.String()
	}
	out.Changes = training.DescribeChanges(a.Changes)
	if a.Treatment != (dataset.Treatment{}) {
		out.Treatment = a.Treatment.String()
	}
	shapes, err := a.Model.Shapes()
	if err != nil {
		return out, err
	}
	params, err := a.Model.Init(0, graph.Float32)
	if err != nil {
		return out, err
	}
	if out.Layers, err = recordLayers(a.Model.Nodes, shapes, params); err != nil {
		return out, err
	}
	if a.Loss.Function == graph.Given {
		out.OwnLoss, err = recordLayers(a.Model.OwnLoss, nil, params)
	}
	return out, err
}

func recordLayers(nodes []graph.Node, shapes []graph.Shape, params *graph.Params) ([]recordedLayer, error) {
	var out []recordedLayer
	for i, n := range nodes {
		settings, err := json.Marshal(n.Layer)
		if err != nil {
			return out, errors.Wrap(err, n.Name)
		}
		l := recordedLayer{Name: n.Name, Class: n.Layer.Class(), Settings: settings}
		if shapes != nil {
			l.Output = shapes[i]
		}
		trainable := false
		for _, v := range params.All {
			if v.Layer == n.Name {
				l.Values += v.Shape.Size()
				l.HasKernel = l.HasKernel || v.Name == "kernel"
				trainable = trainable || v.Trainable
			}
		}
		l.Frozen = l.Values > 0 && !trainable
		out = append(out, l)
	}
	return out, nil
}

// levels are the mean squared errors of printing the mean training image, and of printing black.
func levels(images training.Source, mean []float32) (meanImage, allBlack float64) {
	buffer, index := make([]float32, len(mean)), make([]int, 1)
	for index[0] = 0; index[0] < images.Len(); index[0]++ {
		images.Read(buffer, index)
		for i, v := range buffer {
			d := float64(v) - float64(mean[i])
			meanImage += float64(d * d)
			allBlack += float64(float64(v) * float64(v))
		}
	}
	n := float64(images.Len() * len(mean))
	return meanImage / n, allBlack / n
}

// ReadDefinition reads the study.json in a study's folder. It fails if the file cannot be read, is damaged, or is of another format.
func ReadDefinition(dir string) (*Definition, error) {
	path := filepath.Join(dir, studyFile)
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseDefinition(b, path)
}

// ParseDefinition reads the text of a study.json; origin is what messages call it. It fails as [ReadDefinition] does.
func ParseDefinition(b []byte, origin string) (*Definition, error) {
	d := &Definition{}
	if err := plainjson.Decode(b, d); err != nil {
		return nil, errors.Errorf("%s is damaged: %v", origin, err)
	}
	if d.Format == 0 {
		return nil, errors.Errorf("%s is damaged, or not of this program: it does not tell its format", origin)
	}
	if d.Format != 1 {
		return nil, errors.Errorf("%s has format %d; this program reads format 1", origin, d.Format)
	}
	if err := d.check(); err != nil {
		return nil, errors.Errorf("%s is damaged, or not of this program: %v", origin, err)
	}
	return d, nil
}

// check tells what is wrong with a definition; nil if nothing is. Folders are named after arms, so that no name may lead out of the study's folder.
func (d *Definition) check() error {
	if s := d.Data.Shape; len(s) != 3 || slices.Min(s) < 1 || min(d.Data.Train, d.Data.Held, d.Data.Test) < 0 {
		return errors.Errorf("its images are of %v, %d to train on, %d and %d held out", s, d.Data.Train, d.Data.Held, d.Data.Test)
	}
	if d.Budget.Batch < 1 {
		return errors.Errorf("its batch is %d", d.Budget.Batch)
	}
	if d.RecordedBy != "" && len(d.arms()) != 1 {
		return errors.New("it was recorded elsewhere, and has not one run")
	}
	var own []string
	for _, a := range d.arms() {
		isName := names.File(a.Name) == a.Name
		if len(d.arms()) > 1 { // as in a study's YAML: names of these letters alone are told apart by every file system
			isName = isSafe(a.Name)
		}
		if !isName || slices.ContainsFunc(own, func(other string) bool { return names.SameFile(other, a.Name) }) {
			return errors.Errorf("an arm is named %q, which cannot be a folder's name, or is another's", names.Shown(a.Name))
		}
		if a.Epochs < 1 {
			return errors.Errorf("arm %s has %d epochs", a.Name, a.Epochs)
		}
		own = append(own, a.Name)
	}
	if d.Plan != nil && !slices.Equal(d.Plan.Arms(), own) {
		return errors.New("the plan in it has other arms")
	}
	return nil
}

// kernelLayers are the first and the last trained layer with a kernel; empty if there is none.
func (a recordedArm) kernelLayers() (first, last string) {
	for _, l := range a.Layers {
		if l.HasKernel && !l.Frozen {
			if first == "" {
				first = l.Name
			}
			last = l.Name
		}
	}
	return first, last
}

// trained are the layers with variables that are trained, in order.
func (a recordedArm) trained() []string {
	var out []string
	for _, l := range a.Layers {
		if l.Values > 0 && !l.Frozen {
			out = append(out, l.Name)
		}
	}
	return out
}

func (d *Definition) arms() []recordedArm {
	var out []recordedArm
	for _, g := range d.Groups {
		out = append(out, g.Arms...)
	}
	return out
}

// stepsPerEpoch is the number of steps in one epoch of a model that takes so many images in a step at least, before anything changes.
func (d *Definition) stepsPerEpoch(least int) int {
	return training.PlannedSteps(1, d.Data.Train, d.Budget.Batch, least, nil)
}

// RecordedKernels is the family of kernels that the study in a folder was computed with; the machine's best if the folder holds no
// study. It fails where the machine does not have the study's.
func RecordedKernels(dir string) (arithmetic.Family, error) {
	if !exists(filepath.Join(dir, studyFile)) {
		return arithmetic.Best(), nil
	}
	d, err := ReadDefinition(dir)
	if err != nil {
		return 0, err
	}
	if d.RecordedBy != "" {
		return 0, errors.Errorf("%s holds records of %s, which cannot be gone on with or run again: draw them with dcae plot, and see dcae diagnose --records", dir, names.Shown(d.RecordedBy))
	}
	family, err := arithmetic.ParseFamily(d.Kernels)
	if err != nil {
		return 0, errors.WithMessage(err, filepath.Join(dir, studyFile))
	}
	if best := arithmetic.Best(); family > best {
		return 0, errors.Errorf("the study in %s was computed with the %s kernels, and this machine has %s at best: go on with it on a machine that has them; a study that was run with --kernels portable goes on, and can be verified, on every machine",
			dir, family, best)
	}
	return family, nil
}
