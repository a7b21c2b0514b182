package diagnosis

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"dcae/graph"
	"dcae/models"
	"dcae/models/edit"
	"dcae/training"
	"dcae/training/dataset"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// dense is a small autoencoder for images of 14x14.
func dense(hidden, output graph.Activation, first graph.Initializer) *graph.Model {
	return graph.Sequential("small", graph.Shape{14, 14, 1}, graph.Flatten{},
		graph.Dense{Units: 16, Activation: hidden, KernelInit: first}, graph.Dense{Units: 8, KernelInit: first}, graph.Dense{Units: 16, Activation: hidden, KernelInit: first},
		graph.Dense{Units: 196, Activation: output}, graph.Reshape{Target: graph.Shape{14, 14, 1}})
}

// smallImages are a few chest X-rays, made small.
func smallImages(t *testing.T, treatment dataset.Treatment) *dataset.Set {
	t.Helper()
	set, err := few()
	must(t, err)
	set, err = set.Treated(treatment, 1)
	must(t, err)
	return set
}

var few = sync.OnceValues(func() (*dataset.Set, error) {
	set, err := dataset.Open("pneumonia", dataset.Options{Images: 600, Resize: dataset.Size{H: 14, W: 14}})
	if err != nil {
		return nil, err
	}
	set.Validation, set.Test = set.Validation.Head(100), set.Test.Head(100)
	return set, nil
})

// Each fault shows as a setting that stands out, under its cause, and the change takes it away; in a sound model nothing does.
func TestWhatStandsOut(t *testing.T) {
	unit, raw := dataset.Treatment{}, dataset.Treatment{Scale: dataset.ScaleNone}
	sound := dense(graph.ReLU, graph.Sigmoid, nil)
	adam := training.Adam{}
	bce := graph.Loss{Function: graph.BinaryCrossentropy}
	penalized := dense(graph.ReLU, graph.Sigmoid, nil)
	d := penalized.Nodes[1].Layer.(graph.Dense)
	d.KernelRegularizer = graph.Regularizer{L2: 1}
	penalized.Nodes[1].Layer = d
	for _, c := range []struct {
		name   string
		setup  setup
		images dataset.Treatment
		want   Cause
	}{
		{"sound", setup{model: sound, optimizer: adam, batch: 16}, unit, ""},
		{"sound, He", setup{model: dense(graph.ReLU, graph.Sigmoid, graph.HeNormal()), optimizer: training.SGD{}, batch: 16}, unit, ""},
		{"sound cross-entropy", setup{model: sound, optimizer: adam, loss: bce, batch: 16}, unit, Loss},
		{"tiny loss", setup{model: sound, optimizer: adam, loss: graph.Loss{Weight: 1e-6}, batch: 16}, unit, Loss},
		{"summed loss", setup{model: sound, optimizer: training.SGD{}, loss: graph.Loss{SumOfMeans: true}, batch: 16}, unit, Loss},
		{"high rate", setup{model: sound, optimizer: training.Adam{LearningRate: 0.1}, batch: 16}, unit, LearningRateHigh},
		{"low rate", setup{model: sound, optimizer: training.RMSprop{LearningRate: 1e-6}, batch: 16}, unit, LearningRateLow},
		{"Keras' Adadelta", setup{model: sound, optimizer: training.Adadelta{}, batch: 16}, unit, LearningRateLow},
		{"schedule", setup{model: sound, optimizer: training.Adam{Base: training.Base{Schedule: training.ExponentialDecay{InitialLearningRate: 0.001, DecaySteps: 10, DecayRate: 0.1}}}, batch: 16}, unit, LearningRateLow},
		{"rising schedule", setup{model: sound, optimizer: training.Adam{Base: training.Base{Schedule: late(10)}}, batch: 16}, unit, LearningRateHigh},
		{"biases", setup{model: biased(sound), optimizer: adam, batch: 16}, unit, Initialization},
		{"zeros", setup{model: dense(graph.ReLU, graph.Sigmoid, graph.Zeros{}), optimizer: adam, batch: 16}, unit, Initialization},
		{"wide", setup{model: dense(graph.ReLU, graph.Sigmoid, graph.RandomNormal{StdDev: 2}), optimizer: adam, batch: 16}, unit, Initialization},
		{"sigmoids", setup{model: dense(graph.Sigmoid, graph.Sigmoid, nil), optimizer: adam, batch: 16}, unit, Activation},
		{"softmax output", setup{model: dense(graph.ReLU, graph.Softmax, nil), optimizer: adam, batch: 16}, unit, OutputRange},
		{"raw", setup{model: dense(graph.ReLU, graph.Linear, nil), optimizer: adam, batch: 16}, raw, DataScale},
		{"tiny", setup{model: dense(graph.ReLU, graph.Sigmoid, nil), optimizer: adam, batch: 16}, dataset.Treatment{Multiply: 0.001}, DataScale},
		{"penalties", setup{model: penalized, optimizer: adam, batch: 16}, unit, Regularization},
		{"weight decay", setup{model: sound, optimizer: training.Adam{Base: training.Base{WeightDecay: 100}}, batch: 16}, unit, Regularization},
		{"clipping", setup{model: sound, optimizer: training.SGD{Base: training.Base{ClipNorm: 1e-9}}, batch: 16}, unit, Clipping},
	} {
		t.Run(c.name, func(t *testing.T) {
			images := newPool(smallImages(t, c.images), nil)
			l, err := thoroughLook(c.setup, images)
			must(t, err)
			for _, r := range l.restores(c.setup) {
				if r.departs() != (r.cause == c.want) {
					t.Errorf("%s (%s) departs by %.2f decades", r.what, r.cause, r.departure)
				}
				if r.cause != c.want {
					continue
				}
				changed, ok, err := r.apply(c.setup)
				must(t, err)
				if !ok {
					t.Errorf("%s changes nothing", r.what)
				}
				after, err := thoroughLook(changed, prepared(images, changed.prepare))
				must(t, err)
				if changed.prepare != (preparation{}) { // what it does to values is done
					changed.prepare = preparation{}
				}
				for _, left := range after.restores(changed) {
					if left.cause == c.want && left.departure >= r.departure {
						t.Errorf("%s leaves %s", r.what, left.what)
					}
				}
			}
		})
	}
}

// Settings of data, loss and batch that stand out, each with its change.
func TestMoreThatStandsOut(t *testing.T) {
	tails, dots := make([]float32, 16*400), make([]float32, 16*400)
	draw := graph.Random(1, "tails", "", 0)
	for i := range tails {
		tails[i] = float32(math.Exp(1.5 * draw.NormFloat64()))
		if draw.Float64() < 0.04 {
			dots[i] = 1
		}
	}
	sound := graph.Sequential("s", graph.Shape{4, 4, 1}, graph.Flatten{}, graph.Dense{Units: 16, Activation: graph.LeakyReLU}, graph.Dense{Units: 16, Activation: graph.Sigmoid}, graph.Reshape{Target: graph.Shape{4, 4, 1}})
	for what, c := range map[string]struct {
		images []float32
		batch  int
		want   string // of a change that stands out
		cause  Cause
	}{
		"heavy tails": {tails, 32, "values -> log(1 + value), and brought to 0..1", DataScale},
		"few dots":    {dots, 32, "loss mse -> binary_crossentropy", Loss},
		"batch of 1":  {uniform(400, 1), 1, "batch 1 -> 32 images", BatchSize},
		"batch of 16": {uniform(400, 1), 16, "", ""},
	} {
		s := setup{model: sound, optimizer: training.Adam{}, batch: c.batch}
		images := newPool(imagesOf(t, c.images, c.images[:16*40]), nil)
		l, err := thoroughLook(s, images)
		must(t, err)
		var got []string
		for _, r := range l.restores(s) {
			if r.departs() && r.cause == c.cause {
				got = append(got, r.what)
				after, ok, err := r.apply(s)
				must(t, err)
				if low, high := l.goals.after(after.aim); !ok || c.cause == DataScale && (low != 0 || math.Abs(high-1) > 1e-6) {
					t.Errorf("%s: values of %v to %v", what, low, high)
				}
			}
		}
		if c.want == "" && len(got) > 0 || c.want != "" && !slices.Contains(got, c.want) {
			t.Errorf("%s: %q stand out, want %q", what, got, c.want)
		}
	}
}

// biased begins with biases of -20 in the hidden layer.
func biased(m *graph.Model) *graph.Model {
	out := *m
	out.Nodes = slices.Clone(m.Nodes)
	d := out.Nodes[1].Layer.(graph.Dense)
	d.BiasInit = graph.Constant{Value: -20}
	out.Nodes[1].Layer = d
	return &out
}

// late is a schedule that does no harm in the first 200 steps.
func late(rate float64) training.Schedule {
	return training.PiecewiseConstantDecay{Boundaries: []int{200}, Values: []float64{0.003, rate}}
}

// Kernels stay as they are where biases alone stand out.
// What layers of PyTorch begin with by themselves does not stand out, however few inputs they have.
func TestBiasesOfPyTorchAreUsual(t *testing.T) {
	for _, c := range []struct {
		initializer graph.Initializer
		departure   float64
	}{
		{graph.RandomUniform{Min: -0.35, Max: 0.35}, 0}, {graph.RandomUniform{Min: -1, Max: 1}, 0}, {graph.Zeros{}, 0},
		{graph.RandomUniform{Min: 0.5, Max: 1.5}, 1 + math.Log10(1+1/math.Sqrt(12))}, {graph.RandomNormal{StdDev: 10}, 2}, {graph.Constant{Value: -1}, 1},
	} {
		if got := initializerDeparture(edit.Initialized{Variable: "bias", Initializer: c.initializer}); math.Abs(got-c.departure) > 1e-9 {
			t.Errorf("%v: %g, not %g", c.initializer, got, c.departure)
		}
	}
}

func TestBiasesAloneAreRestored(t *testing.T) {
	sound := dense(graph.ReLU, graph.Sigmoid, nil)
	s := setup{model: biased(sound), optimizer: training.Adam{}}
	l, err := thoroughLook(s, newPool(smallImages(t, dataset.Treatment{}), nil))
	must(t, err)
	restored, ok, err := l.initializerRestores()[0].apply(s)
	must(t, err)
	if !ok || !reflect.DeepEqual(restored.model.Nodes, sound.Nodes) {
		t.Errorf("%+v", restored.model.Nodes)
	}
}

// prepared are images of which a preparation is made good.
func prepared(p *pool, by preparation) *pool {
	out := &pool{train: p.train, held: p.held, test: p.test, means: map[preparation][]float32{}}
	for _, images := range []*samples{&out.train, &out.held} {
		images.images = slices.Clone(images.images)
		for i, v := range images.images {
			images.images[i] = by.value(v)
		}
	}
	return out
}

func TestOutliersAreFoundAndTakenOff(t *testing.T) {
	images := newPool(smallImages(t, dataset.Treatment{}), nil)
	clean := describe(images.train.images)
	if clean.OutlierFactor >= outlierFactor {
		t.Errorf("clean images have values %g times as far out", clean.OutlierFactor)
	}
	images.train.images[100], images.train.images[5000] = 500, float32(math.NaN())
	l := look{values: describe(images.train.images)}
	l.goals = l.values
	changes := l.dataRestores()
	if len(changes) != 1 || changes[0].cause != DataQuality || !strings.HasPrefix(changes[0].what, "values that are not a number -> 0.08235, values limited to 0.08235..0.902") {
		t.Fatalf("%+v", changes)
	}
	s, _, err := changes[0].apply(setup{})
	must(t, err)
	for i, v := range prepared(images, s.prepare).train.images {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("value %d is %v", i, v)
		}
	}
}

func TestOtherRatesAreAllDecadesWithinThree(t *testing.T) {
	want := map[float64]bool{20: true, 2: true, 0.2: true, 0.002: true, 0.0002: true, 0.00002: true}
	likely, unlikely := otherRates(training.SGD{LearningRate: 0.02})
	changes := append(likely, unlikely...)
	if len(changes) != len(want) {
		t.Errorf("%d rates", len(changes))
	}
	for _, c := range changes {
		s, _, err := c.apply(setup{optimizer: training.SGD{LearningRate: 0.02}})
		must(t, err)
		rate := training.LearningRate(s.optimizer)
		if !want[rate] || (rate > 0.02) != (c.cause == LearningRateLow) {
			t.Errorf("rate %g is put down to %s", rate, c.cause)
		}
	}
}

func TestWindowsMoveOverAllImages(t *testing.T) {
	five := []float32{0, 1, 2, 3, 4}
	w := newWindow(samples{images: five, size: 1}, setup{prepare: preparation{shift: 1, divisor: 2}}, 2)
	var got []float32
	for range 3 {
		dst := make([]float32, 2)
		w.Read(dst, []int{0, 1})
		got = append(got, dst...)
		w.move()
	}
	for i, v := range got {
		if want := (float32(i%5) - 1) / 2; v != want {
			t.Errorf("value %d is %v, want %v", i, v, want)
		}
	}
}

func TestBudgetFollowsFromTheModelAlone(t *testing.T) {
	seconds := func(m *graph.Model) float64 {
		work, err := WorkOf(m, training.Adam{}, graph.MSE, 32)
		must(t, err)
		return work.Seconds()
	}
	small, large := seconds(dense(graph.ReLU, graph.Sigmoid, nil)), seconds(models.Deep())
	if !(small > 0 && large > 100*small) {
		t.Errorf("a step takes %g and %g s", small, large)
	}
	b := newBudget(60, small)
	if b.short != shortSteps || b.long != longSteps {
		t.Errorf("%+v: a small model has time for all", b)
	}
	b = newBudget(60, large)
	if b.short < leastSteps || b.short%checkEvery != 0 || b.long < b.short {
		t.Errorf("%+v", b)
	}
	if longer := newBudget(600, large); longer.short < b.short || longer.total <= b.total {
		t.Errorf("%+v with ten times the time of %+v", longer, b)
	}
}

// The printed code counts layers by the numbers in their names, not as text.
func TestKindsAreCountedByTheirNumbers(t *testing.T) {
	m := &graph.Model{}
	for _, name := range []string{"dense_10", "decoder/out_2", "dense_9", "encoder/dense", "code", "dense_x"} {
		m.Nodes = append(m.Nodes, graph.Node{Name: name, Layer: graph.Dense{Units: 1}})
	}
	m.Nodes = append(m.Nodes, graph.Node{Name: "code/2", Layer: graph.Dense{Units: 1}, SharedWith: "code"})
	want := []string{"code", "encoder/dense", "dense_9", "dense_10", "dense_x", "decoder/out_2"}
	if got := kindsOf(m)["Dense"]; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestKerasCode(t *testing.T) {
	from := setup{model: dense(graph.Sigmoid, graph.Softmax, graph.Zeros{}), optimizer: training.Adam{LearningRate: 0.1}, loss: graph.Loss{Function: graph.Huber, Delta: 2}}
	to := from
	to.model = dense(graph.LeakyReLU, graph.Sigmoid, graph.HeNormal())
	to.optimizer = training.SGD{LearningRate: 0.5, Momentum: 0.9, Nesterov: true}
	to.prepare = preparation{divisor: 255}
	code, data := kerasCode(from, to, false)
	for _, want := range []string{
		`("Dense", 0): {"activation": "leaky_relu", "kernel_initializer": "he_normal"},  # dense`, `("Dense", 3): {"activation": "sigmoid"},  # dense_3`, `of_kind = {"Dense": 4}`, "clone_model",
		`model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.5, momentum=0.9, nesterov=True), loss=keras.losses.Huber(delta=2.0))`,
	} {
		if !strings.Contains(code, want) {
			t.Errorf("no %s in\n%s", want, code)
		}
	}
	if data == nil || !strings.Contains(*data, "/ 255") {
		t.Errorf("data %v", data)
	}
	to.prepare = preparation{clip: true, low: -1, high: 3, shift: -1, divisor: 4}
	to.aim = preparation{log: true, origin: 2, divisor: 0.5}
	if _, data = kerasCode(from, to, true); data == nil || *data != `import numpy as np

x = (np.clip(np.nan_to_num(x.astype("float32"), nan=-1), -1, 3) - -1) / 4
y = np.log1p(np.maximum(y.astype("float32") - 2, 0)) / 0.5
# held-out images in the same way, with the same figures
` {
		t.Errorf("data %v", *data)
	}
	from.optimizer = training.Adam{Base: training.Base{Schedule: training.ExponentialDecay{InitialLearningRate: 0.1, DecaySteps: 5, DecayRate: 0.5}}}
	code, data = kerasCode(from, from, false)
	if want := "learning_rate=keras.optimizers.schedules.ExponentialDecay(initial_learning_rate=0.1, decay_steps=5, decay_rate=0.5, staircase=False)"; !strings.Contains(code, want) || data != nil || strings.Contains(code, "clone") {
		t.Error(code)
	}
}

// Batches that were made smaller for time or memory are no setting of the user's.
func TestTheUsersBatchIsRestored(t *testing.T) {
	s := scripted(t, nil)
	for _, c := range []struct {
		users, examined int
		want            bool
	}{{32, 2, false}, {2, 2, true}, {512, 16, true}, {512, usualBatch, false}} {
		s.look.batch, s.given.setup.batch = c.users, c.examined
		got := false
		for _, change := range s.look.restores(s.given.setup) {
			if change.cause == BatchSize {
				var err error
				_, got, err = change.apply(s.given.setup)
				must(t, err)
			}
		}
		if got != c.want {
			t.Errorf("batches of %d, examined with %d: restored %v", c.users, c.examined, got)
		}
	}
}

// Values that use 0..1 already stay, and changes are called by what they become beside each other.
func TestChangesAreCalledByWhatTheyDo(t *testing.T) {
	m := graph.Sequential("s", graph.Shape{16}, graph.Dense{Units: 4}, graph.Dense{Units: 16, Activation: graph.Softmax})
	settings, err := edit.Inspect(m)
	must(t, err)
	upTo := func(most float32) values {
		var all []float32
		for i := range 256 {
			all = append(all, most*float32(i)/255)
		}
		return describe(all)
	}
	unit, raw := upTo(0.875), upTo(255)
	for what, c := range map[string]struct {
		look                look
		scale, output, both string
		images, targets     preparation
		whose, do           string
	}{
		"pixels": {look{values: raw, goals: raw}, "values of 0..255 brought to 0..1", "output activation softmax -> linear", "output activation softmax -> sigmoid",
			preparation{divisor: 255}, preparation{divisor: 255}, "the images'", "the images"},
		"masks": {look{values: unit, goals: raw, targets: true}, "targets of 0..255 brought to 0..1", "output activation softmax -> linear", "output activation softmax -> sigmoid",
			preparation{}, preparation{divisor: 255}, "the targets'", "the targets"},
		"pixels, masks in 0..1": {look{values: raw, goals: unit, targets: true}, "images of 0..255 brought to 0..1", "output activation softmax -> sigmoid", "output activation softmax -> sigmoid",
			preparation{divisor: 255}, preparation{}, "the targets'", "the targets"},
		"both raw": {look{values: raw, goals: raw, targets: true}, "images of 0..255 and targets of 0..255 brought to 0..1", "output activation softmax -> linear", "output activation softmax -> sigmoid",
			preparation{divisor: 255}, preparation{divisor: 255}, "the targets'", "the targets"},
	} {
		l := c.look
		l.settings = settings
		given := setup{model: m}
		scale, output := l.dataRestores()[0], l.outputRestores(given)[0]
		changed, _, err := scale.apply(given)
		must(t, err)
		if changed.prepare != c.images || changed.aim != c.targets {
			t.Errorf("%s: %+v, %+v", what, changed.prepare, changed.aim)
		}
		if scale.what != c.scale || output.in(given) != c.output {
			t.Errorf("%s: %q, %q", what, scale.what, output.in(given))
		}
		if a := (attempt{changes: []change{scale, output}, setup: changed}); a.what() != c.scale+", "+c.both {
			t.Errorf("%s: %q", what, a.what())
		}
		if whose, do := l.wanted(); whose != c.whose || do != c.do {
			t.Errorf("%s: %s, %s", what, whose, do)
		}
	}
}
