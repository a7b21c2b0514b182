package training

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
)

// stripes is a source of small images that are easy to learn.
type stripes struct{ n int }

func (s stripes) Len() int { return s.n }
func (s stripes) Read(dst []float32, indices []int) {
	for i, index := range indices {
		for p := range 36 {
			dst[i*36+p] = float32((p+index)%3) / 2
		}
	}
}

func smallModel() *graph.Model {
	return graph.Sequential("small", graph.Shape{6, 6, 1},
		graph.Conv2D{Filters: 4, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU},
		graph.BatchNormalization{},
		graph.MaxPooling2D{},
		graph.Flatten{},
		graph.Dense{Units: 8, Activation: graph.Tanh},
		graph.Dense{Units: 36, Activation: graph.Sigmoid},
		graph.Reshape{Target: graph.Shape{6, 6, 1}},
	)
}

// memory keeps copies of all records.
type memory struct {
	steps  []StepRecord
	epochs []EpochRecord
}

func (m *memory) Step(r *StepRecord) error {
	c := *r
	c.Layers = slices.Clone(r.Layers)
	m.steps = append(m.steps, c)
	return nil
}

func (m *memory) Epoch(r *EpochRecord) error {
	m.epochs = append(m.epochs, *r)
	return nil
}

func TestFitLearnsAndRecordsEveryStep(t *testing.T) {
	var rec memory
	r, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, Config{Seed: 1, Epochs: 30, Batch: 16, Optimizer: Adam{LearningRate: 0.01}}, &rec)
	if err != nil {
		t.Fatal(err)
	}
	if r.Steps != 120 || len(rec.steps) != 120 || r.Epochs != 30 || len(rec.epochs) != 30 {
		t.Errorf("%d steps in %d epochs, %d and %d on record; want 120 (the last batch of each epoch has 2 images) and 30", r.Steps, r.Epochs, len(rec.steps), len(rec.epochs))
	}
	if last := rec.epochs[29].HeldOut; last.FVU > 0.2 {
		t.Errorf("FVU %.3f after training", last.FVU)
	}
	if got := len(rec.steps[0].Layers); got != 4 { // convolution, batch normalization, two dense layers
		t.Errorf("%d layers on record", got)
	}
}

// The norms on record must be those of the variables themselves.
func TestStepRecordHoldsTheNorms(t *testing.T) {
	m := smallModel()
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStepper(m, params, Config{Optimizer: SGD{LearningRate: 0.5, Momentum: 0.9}, Batch: 8}, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer s.program.Close()
	for range 3 {
		x, target := s.program.Inputs(8)
		stripes{}.Read(x, []int{0, 1, 2, 3, 4, 5, 6, 7})
		copy(target, x)
		before := params.Snapshot()
		r, err := s.take(1, 8)
		if err != nil {
			t.Fatal(err)
		}
		after := params.Snapshot()
		for _, l := range r.Layers {
			var grad, weight, step, n float64
			trained := 0
			for i, v := range params.All {
				if !v.Trainable {
					continue
				}
				if v.Layer == l.Layer {
					for k, g := range s.program.Gradient(trained).Data().([]float32) {
						grad += float64(g) * float64(g)
						weight += before[i][k] * before[i][k]
						d := after[i][k] - before[i][k]
						step += d * d
						n++
					}
				}
				trained++
			}
			for _, c := range []struct {
				what      string
				got, want float64
			}{
				{"gradient norm", l.GradientNorm, math.Sqrt(grad)}, {"gradient RMS", l.GradientRMS, math.Sqrt(grad / n)},
				{"weight norm", l.WeightNorm, math.Sqrt(weight)}, {"update ratio", l.UpdateRatio, math.Sqrt(step / weight)},
			} {
				if math.Abs(c.got-c.want) > 1e-5*c.want {
					t.Errorf("step %d, %s: %s %.8g, want %.8g", r.Step, l.Layer, c.what, c.got, c.want)
				}
			}
		}
	}
}

func TestOptimizersFollowKerasFormulas(t *testing.T) {
	gradients := [][]float32{{0.5, -1, 0}, {0.25, 2, 1e-4}, {-1, 0.5, 0}}
	for _, c := range []struct {
		o Optimizer
		// update is the formula, in float64; state starts at zero
		update func(t int, w, g *float64, state *[2]float64)
	}{
		{SGD{LearningRate: 0.1}, func(_ int, w, g *float64, _ *[2]float64) { *w -= 0.1 * *g }},
		{SGD{LearningRate: 0.1, Momentum: 0.9}, func(_ int, w, g *float64, s *[2]float64) {
			s[0] = 0.9*s[0] - 0.1**g
			*w += s[0]
		}},
		{SGD{Momentum: 0.8, Nesterov: true}, func(_ int, w, g *float64, s *[2]float64) {
			s[0] = 0.8*s[0] - 0.01**g
			*w += 0.8*s[0] - 0.01**g
		}},
		{Adam{}, func(t int, w, g *float64, s *[2]float64) {
			alpha := 0.001 * math.Sqrt(1-math.Pow(0.999, float64(t))) / (1 - math.Pow(0.9, float64(t)))
			s[0] += (*g - s[0]) * 0.1
			s[1] += (*g**g - s[1]) * 0.001
			*w -= alpha * s[0] / (math.Sqrt(s[1]) + 1e-7)
		}},
	} {
		m := graph.Sequential("m", graph.Shape{1}, graph.Dense{Units: 3, NoBias: true})
		params, err := m.Init(1, graph.Float32)
		if err != nil {
			t.Fatal(err)
		}
		want := params.All[0].Values()
		state := make([][2]float64, 3)
		u, err := newUpdates(c.o, params.All, nil)
		if err != nil {
			t.Fatal(err)
		}
		for step, g := range gradients {
			u.step(nil, func(int) []float32 { return slices.Clone(g) })
			for i := range want {
				gi := float64(g[i])
				c.update(step+1, &want[i], &gi, &state[i])
			}
		}
		for i, got := range params.All[0].Values() {
			if math.Abs(got-want[i]) > 1e-6 {
				t.Errorf("%v: value %d is %.8f, the formula gives %.8f", c.o, i, got, want[i])
			}
		}
	}
}

func TestUnitsAreDeadOrSaturated(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{36},
		graph.Dense{Units: 4, Activation: graph.ReLU, KernelInit: graph.Zeros{}, BiasInit: graph.Zeros{}},
		graph.Dense{Units: 2, Activation: graph.Sigmoid, KernelInit: graph.Zeros{}, BiasInit: graph.Constant{Value: 5}},
		graph.Dense{Units: 36, KernelInit: graph.Zeros{}})
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	bias := params.Lookup("dense/bias")
	if err := bias.Set([]float64{1, 0, 1, 1}); err != nil {
		t.Fatal(err)
	}
	e, err := NewEvaluator(m, graph.MSE, params, stripes{30}, 0, make([]float32, 36), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Scores(); err != nil {
		t.Fatal(err)
	}
	want := []UnitShares{{"dense", 0.25, 0}, {"dense_1", 0, 1}, {"dense_2", 1, 0}}
	if got := e.Units(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestScoresOfTheMeanImageAndOfBlack(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{36}, graph.Dense{Units: 36, KernelInit: graph.Zeros{}})
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	images := stripes{30}
	mean := MeanTarget(images, 36)
	e, err := NewEvaluator(m, graph.MSE, params, images, 0, mean, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s, err := e.Scores()
	if err != nil || math.Abs(s.MSE-1.25/3) > 1e-6 || s.Mean != 0 || s.Spread != 0 { // pixels are 0, 1/2 and 1
		t.Errorf("black scores %+v, %v", s, err)
	}
	as64 := make([]float64, 36)
	for i, v := range mean {
		as64[i] = float64(v)
	}
	if err := params.Lookup("dense/bias").Set(as64); err != nil {
		t.Fatal(err)
	}
	if s, err = e.Scores(); err != nil || math.Abs(s.FVU-1) > 1e-5 || s.Spread > 1e-3 {
		t.Errorf("the mean image scores %+v, %v", s, err)
	}
}

func TestDivergenceEndsTheRunWithItsRecords(t *testing.T) {
	var steps, epochs bytes.Buffer
	s, e := NewStepsCSV(&steps), NewEpochsCSV(&epochs)
	m := graph.Sequential("m", graph.Shape{6, 6, 1}, graph.Conv2D{Filters: 2, Kernel: graph.Square(3), Padding: graph.Same}, graph.Conv2D{Filters: 1, Kernel: graph.Square(3), Padding: graph.Same})
	r, err := Fit(context.Background(), m, stripes{64}, stripes{20}, Config{Seed: 1, Epochs: 50, Batch: 16, Optimizer: SGD{LearningRate: 1e6}}, s, e)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(steps.String()), "\n")
	if !r.Diverged || len(lines) != r.Steps+1 || r.Steps >= 200 {
		t.Errorf("diverged %t after %d steps, %d lines", r.Diverged, r.Steps, len(lines))
	}
}

type full struct{}

func (full) Step(*StepRecord) error   { return nil }
func (full) Epoch(*EpochRecord) error { return errors.New("disk full") }

func TestFitEndsOnErrorsAndOnRequest(t *testing.T) {
	if _, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, Config{}, full{}); err == nil || err.Error() != "disk full" {
		t.Errorf("a recorder's error became %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Fit(ctx, smallModel(), stripes{50}, stripes{20}, Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run ends with %v", err)
	}
	if _, err := Fit(context.Background(), smallModel(), stripes{0}, stripes{20}, Config{}); err == nil {
		t.Error("training on nothing is no error")
	}
}

func TestNumberOfThreadsChangesNoBit(t *testing.T) {
	for _, o := range []Optimizer{Adam{}, AdamW{Base: Base{GlobalClipNorm: 0.01}}, RMSprop{Centered: true, Base: Base{ClipNorm: 0.01}}} {
		var want string
		for threads := 1; threads <= 3; threads++ {
			var out bytes.Buffer
			steps := NewStepsCSV(&out)
			th := graph.NewThreads(threads)
			r, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, Config{Seed: 1, Epochs: 3, Batch: 16, Threads: th, Optimizer: o}, steps, NewEpochsCSV(&out))
			th.Close()
			if err != nil {
				t.Fatal(err)
			}
			got := out.String() + fmt.Sprint(r.Params.Snapshot())
			if threads == 1 {
				want = got
			} else if got != want {
				t.Errorf("%v: %d threads give other records than one", o, threads)
			}
		}
	}
}

func BenchmarkStepsCSV(b *testing.B) {
	r := &StepRecord{Layers: make([]LayerStep, 9)}
	for i := range r.Layers {
		r.Layers[i] = LayerStep{"conv2d", 0.123456789, 0.0012345, 12.345678, 0.00098765}
	}
	w := NewStepsCSV(&bytes.Buffer{})
	for b.Loop() {
		if err := w.Step(r); err != nil {
			b.Fatal(err)
		}
	}
}

func TestFitRefusesWhatDoesNotFit(t *testing.T) {
	wide, err := graph.Sequential("wide", graph.Shape{36}, graph.Dense{Units: 36}).Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	double, err := smallModel().Init(1, graph.Float64)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		c    Config
	}{
		{"two limits", Config{Optimizer: Adam{Base: Base{ClipNorm: 1, ClipValue: 1}}}},
		{"momentum", Config{Optimizer: SGD{Momentum: 1.5}}},
		{"schedule without length", Config{Optimizer: SGD{Base: Base{Schedule: CosineDecay{InitialLearningRate: 1}}}}},
		{"too many values", Config{Optimizer: SGD{Base: Base{Schedule: PiecewiseConstantDecay{[]int{1}, []float64{1, 2, 3}}}}}},
		{"falling boundaries", Config{Optimizer: SGD{Base: Base{Schedule: PiecewiseConstantDecay{[]int{2, 1}, []float64{1, 2, 3}}}}}},
		{"plateau under a schedule", Config{Plateau: &Plateau{}, Optimizer: SGD{Base: Base{Schedule: StepDecay{InitialLearningRate: 1, DecaySteps: 1}}}}},
		{"rising plateau", Config{Plateau: &Plateau{Factor: 1.5}}},
		{"another model's values", Config{Params: wide}},
		{"values in float64", Config{Params: double}},
		{"another optimizer's state", Config{State: &OptimizerState{Slots: []Slot{{Name: "velocity"}}}}},
		{"checkpoint in no folder", Config{CheckpointPath: "/no/such/folder/x"}},
	} {
		if _, err := Fit(context.Background(), smallModel(), stripes{16}, stripes{16}, c.c); err == nil {
			t.Errorf("%s: no error", c.name)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", c.name, err)
		}
	}
	if _, err := Resume(context.Background(), smallModel(), stripes{16}, stripes{16}, Config{}); err == nil {
		t.Error("resuming without a checkpoint's path is no error")
	}
}

// A run that is given another's last values and optimizer state must go on from there.
func TestFitContinuesFromGivenValues(t *testing.T) {
	config := Config{Batch: 16, Optimizer: Nadam{LearningRate: 0.01}}
	first, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{16}, config)
	if err != nil {
		t.Fatal(err)
	}
	values := first.Params.Snapshot()
	config.Params, config.State = first.Params, &first.Optimizer
	second, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{16}, config)
	if err != nil {
		t.Fatal(err)
	}
	if second.Params != first.Params || second.Optimizer.Iterations != 8 || second.Steps != 4 {
		t.Errorf("%d iterations after %d steps", second.Optimizer.Iterations, second.Steps)
	}
	// The same by hand.
	if err := first.Params.Restore(values); err != nil {
		t.Fatal(err)
	}
	s, err := newStepper(smallModel(), first.Params, config, 50)
	if err != nil {
		t.Fatal(err)
	}
	defer s.program.Close()
	order := make([]int, 50)
	shuffle(order, 0, 1)
	for i := 0; i < 50; i += 16 {
		batch := order[i:min(i+16, 50)]
		x, target := s.program.Inputs(len(batch))
		stripes{}.Read(x, batch)
		copy(target, x)
		if _, err := s.take(1, len(batch)); err != nil {
			t.Fatal(err)
		}
	}
	if s.updates.iterations != 8 || !slices.Equal(s.updates.state().Slots[0].Values, second.Optimizer.Slots[0].Values) {
		t.Error("the second run did not start from the first's state")
	}
}

// A gradient that is not finite must not be made to look healthy.
func TestClippingKeepsWhatIsNotFinite(t *testing.T) {
	nan := float32(math.NaN())
	g := []float32{1, nan, -3}
	dst := make([]float32, 3)
	for _, b := range []Base{{ClipNorm: 1}, {GlobalClipNorm: 1}, {ClipValue: 1}} {
		b.clip(dst, g, sumOfSquares(g))
		if dst[1] == dst[1] {
			t.Errorf("%+v: NaN became %g", b, dst[1])
		}
	}
}

// A loss that takes logits trains the same model as one that takes probabilities does, and is scored by the same images.
func TestLogitsAreScoredAsImages(t *testing.T) {
	fit := func(output graph.Activation, loss graph.Loss) Scores {
		m := graph.Sequential("m", graph.Shape{36}, graph.Dense{Units: 8, Activation: graph.Tanh}, graph.Dense{Units: 36, Activation: output})
		var rec memory
		if _, err := Fit(context.Background(), m, stripes{50}, stripes{20}, Config{Seed: 1, Epochs: 10, Batch: 16, Optimizer: Adam{LearningRate: 0.01}, Loss: loss}, &rec); err != nil {
			t.Fatal(err)
		}
		return rec.epochs[9].HeldOut
	}
	probabilities := fit(graph.Sigmoid, graph.Loss{Function: graph.BinaryCrossentropy})
	logits := fit(graph.Linear, graph.Loss{Function: graph.BinaryCrossentropy, FromLogits: true})
	if logits != probabilities || probabilities.FVU > 0.8 {
		t.Errorf("scores %+v from logits, %+v from probabilities", logits, probabilities)
	}
}

// A batch of more images than there are is all of them, however large it is said to be.
func TestBatchOfMoreThanAllImages(t *testing.T) {
	var losses []float64
	for _, batch := range []int{12, math.MaxInt} {
		var rec memory
		if _, err := Fit(context.Background(), smallModel(), stripes{12}, stripes{4}, Config{Seed: 1, Epochs: 2, Batch: batch}, &rec); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, rec.steps[len(rec.steps)-1].Loss)
	}
	if losses[0] != losses[1] {
		t.Errorf("losses %v", losses)
	}
}
