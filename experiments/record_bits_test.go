package experiments

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/graph/graphtest"
	"dcae/training"
	"dcae/training/dataset"
)

var update = flag.Bool("update", false, "write the digests of testdata/bits.json that are missing or of an older number")

// familyBits are the digests of what a family of kernels computes, of the number that they belong to.
type familyBits struct {
	Number  int               `json:"number"`
	Digests map[string]string `json:"digests"`
}

const bitsFile = "testdata/bits.json"

// TestBits ties the numbers of bits to digests of what is computed: each kind of layer, forms of convolutions, optimizers, schedules, losses,
// initializers, treatments of images, principal components, and short runs of the variants, with each family of kernels that the
// machine has. A process has one family, so that others than the best have a process of their own.
func TestBits(t *testing.T) {
	recorded := map[string]*familyBits{}
	if err := readJSON(bitsFile, &recorded); err != nil && !*update {
		t.Fatal(err)
	}
	for f := arithmetic.Portable; f <= arithmetic.Best(); f++ {
		there := recorded[f.String()]
		if there == nil || there.Number < f.Bits() && *update {
			there = &familyBits{Number: f.Bits(), Digests: map[string]string{}}
			recorded[f.String()] = there
		}
		if there.Number != f.Bits() {
			t.Errorf("the digests are of bits number %d of the %s kernels, the program has number %d: go test ./experiments -run TestBits -update", there.Number, f, f.Bits())
			continue
		}
		for name, digest := range digestsOf(t, f) {
			switch want := there.Digests[name]; {
			case want == "" && *update:
				there.Digests[name] = digest
			case want == "":
				t.Errorf("%s kernels: %s has no digest: go test ./experiments -run TestBits -update", f, name)
			case digest != want:
				t.Errorf("%s kernels: the bits of %s have changed; if they are to, raise the family's number in graph/arithmetic/bits.go, then go test ./experiments -run TestBits -update", f, name)
			}
		}
	}
	if *update {
		if err := writeJSON(bitsFile, recorded); err != nil {
			t.Fatal(err)
		}
	}
}

// familyVariable names the family to the process of TestDigestsOfOneFamily, and digestsVariable the file that it writes.
const familyVariable, digestsVariable = "DCAE_TEST_KERNELS", "DCAE_TEST_DIGESTS"

func digestsOf(t *testing.T, f arithmetic.Family) map[string]string {
	t.Helper()
	if arithmetic.Best() == f && arithmetic.Chosen() == f { // a process under an emulator may start no others
		return allDigests(t)
	}
	path := filepath.Join(t.TempDir(), "digests")
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(own, "-test.run", "^TestDigestsOfOneFamily$")
	child.Env = append(os.Environ(), familyVariable+"="+f.String(), digestsVariable+"="+path)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%s kernels: %v: %s", f, err, out)
	}
	digests := map[string]string{}
	if err := readJSON(path, &digests); err != nil {
		t.Fatal(err)
	}
	return digests
}

func TestDigestsOfOneFamily(t *testing.T) {
	path := os.Getenv(digestsVariable)
	if path == "" {
		t.Skip("TestBits runs it in a process of its own")
	}
	family, err := arithmetic.ParseFamily(os.Getenv(familyVariable))
	if err != nil {
		t.Fatal(err)
	}
	if err := arithmetic.Choose(family); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(allDigests(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func allDigests(t *testing.T) map[string]string {
	d := digests{t: t, of: map[string]string{}}
	d.layers()
	d.convolutions()
	d.trainings()
	d.images()
	return d.of
}

// digests takes digests by the names of what was computed.
type digests struct {
	t  *testing.T
	of map[string]string
}

func (d *digests) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *digests) add(name string, h hash.Hash) {
	d.t.Helper()
	if d.of[name] != "" {
		d.t.Fatalf("two digests are called %s", name)
	}
	d.of[name] = fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// write adds numbers to a digest; all that are not a number are the same.
func write[T float32 | float64](h hash.Hash, values ...T) {
	for _, v := range values {
		fmt.Fprintf(h, "%x ", v)
	}
}

// noise is random images.
type noise struct {
	n, size int
}

func (s noise) Len() int { return s.n }

func (s noise) Read(dst []float32, indices []int) {
	for k, i := range indices {
		r := graph.Random(1, "images", "", i)
		for p := range s.size {
			dst[k*s.size+p] = r.Float32()
		}
	}
}

func (d *digests) layers() {
	examples := map[string]int{}
	for _, e := range graphtest.Layers() {
		class := e.Layer.Class()
		examples[class]++
		d.steps(fmt.Sprintf("layer %s, example %d", class, examples[class]), behindRectifier(e.Model()))
	}
}

// behindRectifier puts a layer with variables before a model, so that there is something to train.
func behindRectifier(m *graph.Model) *graph.Model {
	nodes := []graph.Node{{Name: "before", Layer: graph.ParametricRectifier{AlphaInit: graph.Constant{Value: 0.5}}, Inputs: []int{-1}}}
	for _, n := range m.Nodes {
		inputs := make([]int, len(n.Inputs))
		for k, from := range n.Inputs {
			inputs[k] = from + 1
		}
		n.Inputs = inputs
		nodes = append(nodes, n)
	}
	m.Nodes = nodes
	return m
}

// steps takes the digest of two steps of a model, without updates, and of its output in evaluation.
func (d *digests) steps(name string, m *graph.Model) {
	d.t.Helper()
	const batch = 5
	h := sha256.New()
	params, err := m.Init(1, graph.Float32)
	d.check(err)
	x := make([]float32, batch*m.Input.Size())
	noise{batch, len(x) / batch}.Read(x, []int{0, 1, 2, 3, 4})
	p, err := graph.NewTraining(m, params, graph.Loss{}, graph.Options{Batch: batch, Seed: 3})
	trains := err == nil
	if trains {
		defer p.Close()
		own, target := p.Inputs(batch)
		copy(own, x)
		noise{batch, len(target) / batch}.Read(target, []int{5, 6, 7, 8, 9})
	} else if !strings.Contains(err.Error(), "nothing to train") { // no gradient comes back through some layers
		d.check(err)
	}
	for range 2 {
		if !trains {
			break
		}
		loss, err := p.Step(batch)
		d.check(err)
		p.UpdateStatistics()
		write(h, loss, p.PenalizedLoss())
		for i := range params.Trainable() {
			write(h, p.Gradient(i).Data().([]float32)...)
		}
	}
	e, err := graph.NewEvaluation(m, params, graph.Options{Batch: batch})
	d.check(err)
	defer e.Close()
	copy(e.Input(batch), x)
	out, err := e.Run(batch)
	d.check(err)
	write(h, out.Data().([]float32)...)
	d.add(name, h)
}

// convolutions go over the forms that fast kernels take: few and many channels on both sides, sizes, strides, dilations.
func (d *digests) convolutions() {
	image := graph.Shape{13, 11, 2}
	for _, channels := range [][2]int{{1, 17}, {3, 5}, {16, 16}, {24, 3}, {33, 40}} {
		for _, c := range []struct{ kernel, stride, dilation int }{{1, 1, 1}, {3, 1, 1}, {3, 2, 1}, {3, 1, 2}, {2, 1, 1}, {2, 2, 1}, {4, 2, 1}, {5, 1, 1}, {5, 2, 1}} {
			square := graph.Square
			before := graph.Conv2D{Filters: channels[0], Kernel: square(1)}
			conv := graph.Conv2D{Filters: channels[1], Kernel: square(c.kernel), Strides: square(c.stride), Dilation: square(c.dilation), Padding: graph.Same, Activation: graph.ReLU}
			name := fmt.Sprintf("of %d to %d channels, kernel %d, stride %d, dilation %d", channels[0], channels[1], c.kernel, c.stride, c.dilation)
			d.steps("convolution "+name, graph.Sequential("digest", image, before, conv, graph.BatchNormalization{}, graph.MaxPooling2D{Padding: graph.Same}))
			if c.dilation == 1 {
				d.steps("transposed convolution "+name, graph.Sequential("digest", image, before,
					graph.Conv2DTranspose{Filters: channels[1], Kernel: conv.Kernel, Strides: conv.Strides, Padding: graph.Same, Activation: graph.Tanh}))
			}
		}
	}
	d.steps("convolution of a large image, kernel 4, stride 2", graph.Sequential("digest", graph.Shape{64, 64, 2}, graph.Conv2D{Filters: 32, Kernel: graph.Square(1)},
		graph.Conv2D{Filters: 40, Kernel: graph.Square(4), Strides: graph.Square(2), Padding: graph.Same}))
}

func (d *digests) trainings() {
	prefixes := map[saved.Framework]string{saved.Keras: "", saved.PyTorch: "of PyTorch "}
	for f, prefix := range prefixes {
		for _, name := range saved.OptimizerNames(f) {
			o, err := saved.OptimizerByName(name, f)
			d.check(err)
			d.training("optimizer "+prefix+name, miniature(graph.HeNormal()), noise{40, 8 * 8 * 3}, training.Config{Optimizer: o})
		}
	}
	base := func(b training.Base) training.Config { return training.Config{Optimizer: training.SGD{Base: b}} }
	for name, c := range map[string]training.Config{
		"clipping by norm": base(training.Base{ClipNorm: 0.1}), "clipping by global norm": base(training.Base{GlobalClipNorm: 0.1}),
		"clipping by value": base(training.Base{ClipValue: 0.01}), "weight decay": base(training.Base{WeightDecay: 0.1}),
		"momentum": {Optimizer: training.SGD{Momentum: 0.9}}, "Nesterov's momentum": {Optimizer: training.SGD{Momentum: 0.9, Nesterov: true}},
		"AMSGrad": {Optimizer: training.Adam{AMSGrad: true}}, "centered RMSprop": {Optimizer: training.RMSprop{Centered: true, Momentum: 0.5}},
		"plateau": {Optimizer: training.SGD{}, Plateau: &training.Plateau{Patience: 1}},
	} {
		d.training(name, miniature(graph.HeNormal()), noise{40, 8 * 8 * 3}, c)
	}
	for f, prefix := range prefixes {
		for _, loss := range saved.LossNames(f) {
			l, err := saved.LossByName(loss, f)
			d.check(err)
			d.training("loss "+prefix+loss, miniature(graph.HeNormal()), noise{40, 8 * 8 * 3}, training.Config{Optimizer: training.Adam{}, Loss: l})
		}
	}
	d.training("loss summed", miniature(graph.HeNormal()), noise{40, 8 * 8 * 3}, training.Config{Optimizer: training.SGD{LearningRate: 1e-5}, Loss: graph.Loss{Sum: true}})
	d.training("loss of logits", miniature(graph.HeNormal()), noise{40, 8 * 8 * 3}, training.Config{Optimizer: training.Adam{},
		Loss: graph.Loss{Function: graph.BinaryCrossentropy, LabelSmoothing: 0.1, FromLogits: true}})
	for i, init := range []graph.Initializer{
		graph.RandomNormal{StdDev: 0.05}, graph.RandomUniform{Min: -0.05, Max: 0.05}, graph.RandomTruncatedNormal{StdDev: 0.05}, graph.GlorotUniform(), graph.LecunNormal(), graph.Orthogonal{},
	} {
		d.training(fmt.Sprintf("initializer %d, %s", i+1, init), miniature(init), noise{40, 8 * 8 * 3}, training.Config{Optimizer: training.Adam{}})
	}
	for _, s := range []training.Schedule{
		training.StepDecay{InitialLearningRate: 0.1, DecaySteps: 3}, training.ExponentialDecay{InitialLearningRate: 0.1, DecaySteps: 7, DecayRate: 0.9},
		training.InverseTimeDecay{InitialLearningRate: 0.1, DecaySteps: 7, DecayRate: 0.9}, training.PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 70, Power: 1.5},
		training.PiecewiseConstantDecay{Boundaries: []int{3}, Values: []float64{0.1, 0.03}},
		training.CosineDecay{InitialLearningRate: 0.01, DecaySteps: 70, WarmupTarget: 0.1, WarmupSteps: 9}, training.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 7, TMul: 1.3, MMul: 0.9},
	} {
		d.check(s.Check())
		h := sha256.New()
		for step := range 100 {
			write(h, s.Rate(step))
		}
		d.add("schedule "+s.String(), h)
	}
}

// miniature is an autoencoder of 8x8 images of 3 channels.
func miniature(init graph.Initializer) *graph.Model {
	conv := func(filters int, a graph.Activation) graph.Conv2D {
		return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: a, KernelInit: init}
	}
	return graph.Sequential("miniature", graph.Shape{8, 8, 3}, conv(9, graph.ReLU), graph.BatchNormalization{}, graph.MaxPooling2D{}, conv(6, graph.ELU),
		graph.Conv2DTranspose{Filters: 9, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.Tanh, KernelInit: init}, conv(3, graph.Sigmoid))
}

// training takes the digest of a short run's records and of the final values.
func (d *digests) training(name string, m *graph.Model, images training.Source, c training.Config) {
	d.t.Helper()
	h := sha256.New()
	c.Seed, c.Epochs, c.Batch = 1, 2, 16
	steps := training.NewStepsCSV(h)
	result, err := training.Fit(context.Background(), m, images, images, c, steps, training.NewEpochsCSV(h))
	d.check(err)
	d.check(steps.Flush())
	for _, v := range result.Params.All {
		write(h, v.Float32s()...)
	}
	d.add(name, h)
}

func (d *digests) images() {
	set, err := dataset.MNIST()
	d.check(err)
	for _, name := range saved.VariantNames() {
		m, err := saved.Open(name, set)
		d.check(err)
		d.training("variant "+name, m.Model, set.Train.Head(40), training.Config{Optimizer: m.Optimizer, Loss: m.Loss})
	}
	open := func(size dataset.Size, scale dataset.Scale) *dataset.Set {
		set, err := dataset.Open("pneumonia", dataset.Options{Resize: size, Scale: scale, Images: 300})
		d.check(err)
		return set
	}
	read := func(name string, set *dataset.Set) {
		h := sha256.New()
		image := make([]float32, set.Shape().Size())
		for i := range 20 {
			set.Train.Read(image, []int{i})
			write(h, image...)
		}
		write(h, set.Train.Mean()...)
		d.add(name, h)
	}
	read("smaller images", open(dataset.Size{H: 11, W: 17}, dataset.ScaleStandardize))
	read("larger images", open(dataset.Size{H: 50, W: 31}, dataset.ScaleMinMax))
	plain := open(dataset.Size{H: 12, W: 12}, dataset.ScaleUnit)
	for _, t := range []dataset.Treatment{{Noise: 0.1}, {Multiply: 0.3}, {Outliers: 0.1, Clip: dataset.Quantiles{Low: 0.01, High: 0.99}}, {Outliers: 0.1, Scale: dataset.ScaleStandardize}} {
		treated, err := plain.Treated(t, 1)
		d.check(err)
		read("images treated by "+t.String(), treated)
	}
	h := sha256.New()
	fvu, err := plain.PCA([]int{1, 5, 20})
	d.check(err)
	write(h, fvu...)
	d.add("principal components", h)
}
