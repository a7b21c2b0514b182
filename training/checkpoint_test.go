package training

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/graph/arithmetic"
)

var errKilled = errors.New("killed")

// killer ends a run at a step or, if that is the epoch's last, also at the epoch's end, without a checkpoint.
type killer struct {
	step     int
	epochEnd bool
	last     int
}

func (k *killer) Step(r *StepRecord) error {
	k.last = r.Step
	if r.Step == k.step && !k.epochEnd {
		return errKilled
	}
	return nil
}

func (k *killer) Epoch(*EpochRecord) error {
	if k.epochEnd && k.last >= k.step {
		return errKilled
	}
	return nil
}

// recorded is a folder with a run's records and its checkpoint.
type recorded struct {
	dir           string
	steps, epochs *os.File
}

func openRecords(t testing.TB, dir string) *recorded {
	t.Helper()
	r := &recorded{dir: dir}
	for name, file := range map[string]**os.File{"steps.csv": &r.steps, "epochs.csv": &r.epochs} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		*file = f
	}
	return r
}

func (r *recorded) checkpoint() string { return filepath.Join(r.dir, "run.checkpoint") }

func (r *recorded) close() {
	_ = r.steps.Close()
	_ = r.epochs.Close()
}

// scribble leaves half a line, as a program that is killed does.
func (r *recorded) scribble(t *testing.T) {
	t.Helper()
	for _, f := range []*os.File{r.steps, r.epochs} {
		if _, err := f.Seek(0, io.SeekEnd); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("7,8,0.12"); err != nil {
			t.Fatal(err)
		}
	}
}

// outcome is all that must be the same, to the bit.
func outcome(t testing.TB, dir string, r *Result) string {
	t.Helper()
	var out strings.Builder
	for _, name := range []string{"steps.csv", "epochs.csv"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out.Write(content)
	}
	fmt.Fprintln(&out, r.Params.Snapshot(), r.Optimizer, r.Steps, r.Epochs, r.Diverged)
	if r.Best != nil {
		fmt.Fprintln(&out, *r.Best)
	}
	return out.String()
}

var resumedConfigs = []struct {
	name   string
	config Config
}{
	{"adam", Config{Optimizer: Adam{LearningRate: 0.01}, CheckpointEvery: 3}},
	{"adam at epochs' ends", Config{Optimizer: Adam{LearningRate: 0.01}, KeepBest: true}},
	{"sgd with momentum", Config{Optimizer: SGD{LearningRate: 0.05, Momentum: 0.9, Base: Base{GlobalClipNorm: 0.1}}, CheckpointEvery: 1}},
	{"rmsprop with schedule", Config{
		Optimizer:       RMSprop{Momentum: 0.5, Centered: true, Base: Base{Schedule: CosineDecayRestarts{InitialLearningRate: 0.01, FirstDecaySteps: 5}}},
		CheckpointEvery: 5,
	}},
	{"rmsprop with plateau", Config{
		Optimizer: RMSprop{LearningRate: 0.02, Momentum: 0.9}, Plateau: &Plateau{Factor: 0.5, Patience: 1, MinDelta: 0.01, Cooldown: 1},
		CheckpointEvery: 2, KeepBest: true,
	}},
	{"adamw", Config{Optimizer: AdamW{LearningRate: 0.01, AMSGrad: true}, CheckpointEvery: 7, Seed: 9}},
	{"nadam", Config{Optimizer: Nadam{LearningRate: 0.01}, CheckpointEvery: 4, Seed: 2}},
}

// noisyModel draws anew in each step.
func noisyModel() *graph.Model {
	return graph.Sequential("noisy", graph.Shape{6, 6, 1},
		graph.GaussianNoise{StdDev: 0.1},
		graph.Conv2D{Filters: 4, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU},
		graph.BatchNormalization{},
		graph.Flatten{},
		graph.Dropout{Rate: 0.3},
		graph.Dense{Units: 36, Activation: graph.Sigmoid},
		graph.Reshape{Target: graph.Shape{6, 6, 1}},
	)
}

// A run that is killed again and again, at any step, must leave the same records and weights as one that is not.
func TestResumeGivesTheSameBytes(t *testing.T) {
	const steps = 6 * 4 // 50 images in batches of 16 and one of 2
	for _, c := range resumedConfigs {
		t.Run(c.name, func(t *testing.T) {
			config := c.config
			config.Epochs, config.Batch, config.Seed = 6, 16, config.Seed+1
			config.CheckpointPath, config.CheckpointEvery = "", 0
			undisturbed := openRecords(t, t.TempDir())
			defer undisturbed.close()
			r, err := Fit(context.Background(), noisyModel(), stripes{50}, stripes{20}, config, NewStepsCSV(undisturbed.steps), NewEpochsCSV(undisturbed.epochs))
			if err != nil || r.Steps != steps {
				t.Fatalf("%d steps, %v", r.Steps, err)
			}
			want := outcome(t, undisturbed.dir, r)

			random := rand.New(rand.NewPCG(1, uint64(len(c.name))))
			for range 2 {
				dir := t.TempDir()
				run := Fit
				for kills := 0; ; kills++ {
					rec := openRecords(t, dir)
					config.CheckpointPath, config.CheckpointEvery = rec.checkpoint(), c.config.CheckpointEvery
					death := &killer{step: 1 + random.IntN(steps), epochEnd: random.IntN(4) == 0}
					if kills > 5 {
						death.step = steps + 1
					}
					recorders := []Recorder{NewStepsCSV(rec.steps), NewEpochsCSV(rec.epochs)}
					if random.IntN(2) == 0 {
						recorders = append(recorders, death)
					} else {
						recorders = slices.Insert(recorders, 1, Recorder(death))
					}
					r, err := run(context.Background(), noisyModel(), stripes{50}, stripes{20}, config, recorders...)
					if err == nil {
						if got := outcome(t, dir, r); got != want {
							t.Fatalf("after %d kills:\n%s\nwant\n%s", kills, got, want)
						}
						rec.close()
						break
					}
					if !errors.Is(err, errKilled) {
						t.Fatal(err)
					}
					rec.scribble(t)
					rec.close()
					run = Resume
				}
			}
		})
	}
}

func TestPlateauLowersTheRateOnRecord(t *testing.T) {
	var rec memory
	config := resumedConfigs[4].config
	config.Epochs, config.Batch = 6, 16
	r, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, config, &rec)
	if err != nil {
		t.Fatal(err)
	}
	if first, last := rec.steps[0].LearningRate, rec.steps[23].LearningRate; first != 0.02 || last >= first || last < r.Optimizer.LearningRate {
		t.Errorf("the rate went from %g to %g, at the end it is %g", first, last, r.Optimizer.LearningRate)
	}
	best := slices.MinFunc(rec.epochs, func(a, b EpochRecord) int {
		if a.HeldOut.MSE < b.HeldOut.MSE {
			return -1
		}
		return 1
	})
	if r.Best == nil || r.Best.Epoch != best.Epoch || r.Best.HeldOut != best.HeldOut {
		t.Fatalf("best epoch %+v, on record it is %+v", r.Best, best)
	}
	if err := r.Params.Restore(r.Best.Values); err != nil {
		t.Fatal(err)
	}
	e, err := NewEvaluator(smallModel(), graph.MSE, r.Params, stripes{20}, 0, MeanTarget(stripes{50}, 36), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if s, err := e.Scores(); err != nil || s != best.HeldOut {
		t.Errorf("the best epoch's values score %+v, %v; on record is %+v", s, err, best.HeldOut)
	}
}

func TestScheduledRateIsOnRecord(t *testing.T) {
	var rec memory
	s := PiecewiseConstantDecay{Boundaries: []int{1, 5}, Values: []float64{0.5, 0.25, 0.125}}
	config := Config{Epochs: 2, Batch: 16, Optimizer: SGD{Base: Base{Schedule: s}}}
	if _, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, config, &rec); err != nil {
		t.Fatal(err)
	}
	var rates []float64
	for _, r := range rec.steps {
		rates = append(rates, r.LearningRate)
	}
	if want := []float64{0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125}; !slices.Equal(rates, want) {
		t.Errorf("rates %v, want %v", rates, want)
	}
}

// A run that is asked to end goes on from the very step, and does not look at held-out images before it ends.
func TestCancelledRunContinuesWhereItStood(t *testing.T) {
	for _, last := range []int{6, 8} { // the second is the last of an epoch
		t.Run(fmt.Sprint(last), func(t *testing.T) { cancelAndGoOn(t, last) })
	}
}

func cancelAndGoOn(t *testing.T, last int) {
	dir := t.TempDir()
	rec := openRecords(t, dir)
	defer rec.close()
	ctx, cancel := context.WithCancel(context.Background())
	config := Config{Epochs: 3, Batch: 16, CheckpointPath: rec.checkpoint()}
	stop := recorderFunc(func(r *StepRecord) {
		if r.Step == last {
			cancel()
		}
	})
	if r, err := Fit(ctx, smallModel(), stripes{50}, stripes{20}, config, NewStepsCSV(rec.steps), stop); !errors.Is(err, context.Canceled) || r.Epochs != 1 {
		t.Fatal(r.Epochs, err)
	}
	first := 0
	watch := recorderFunc(func(r *StepRecord) {
		if first == 0 {
			first = r.Step
		}
	})
	r, err := Resume(context.Background(), smallModel(), stripes{50}, stripes{20}, config, NewStepsCSV(rec.steps), watch)
	if err != nil || first != last+1 || r.Steps != 12 || r.Epochs != 3 {
		t.Errorf("went on at step %d to %d steps, %v", first, r.Steps, err)
	}
	if r, err = Resume(context.Background(), smallModel(), stripes{50}, stripes{20}, config, NewStepsCSV(rec.steps)); err != nil || r.Steps != 12 || r.Epochs != 3 {
		t.Errorf("a finished run resumed: %+v, %v", r, err)
	}

	// More epochs are the same as if they had been asked for at first.
	config.Epochs = 5
	r, err = Resume(context.Background(), smallModel(), stripes{50}, stripes{20}, config, NewStepsCSV(rec.steps))
	if err != nil {
		t.Fatal(err)
	}
	longer := openRecords(t, t.TempDir())
	defer longer.close()
	config.CheckpointPath = ""
	want, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, config, NewStepsCSV(longer.steps))
	if err != nil {
		t.Fatal(err)
	}
	if outcome(t, dir, r) != outcome(t, longer.dir, want) {
		t.Error("a run that was made longer differs from one that always was as long")
	}
}

type recorderFunc func(*StepRecord)

func (f recorderFunc) Step(r *StepRecord) error { f(r); return nil }
func (recorderFunc) Epoch(*EpochRecord) error   { return nil }

func TestResumeRefusesWhatIsNotItsOwn(t *testing.T) {
	config := func() Config {
		return Config{Epochs: 2, Batch: 16, Optimizer: SGD{Momentum: 0.5}, KeepBest: true}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string, c *Config) (*graph.Model, Source)
		want   string
	}{
		{"seed", func(_ *testing.T, _ string, c *Config) (*graph.Model, Source) {
			c.Seed = 1
			return smallModel(), stripes{50}
		}, "its seed is 0, this run's is 1"},
		{"batch", func(_ *testing.T, _ string, c *Config) (*graph.Model, Source) {
			c.Batch = 8
			return smallModel(), stripes{50}
		}, "its batch size is 16, this run's is 8"},
		{"optimizer", func(_ *testing.T, _ string, c *Config) (*graph.Model, Source) {
			c.Optimizer = SGD{Momentum: 0.6}
			return smallModel(), stripes{50}
		}, "its optimizer is sgd(learning_rate=0.01, momentum=0.5, nesterov=false), this run's is sgd(learning_rate=0.01, momentum=0.6, nesterov=false)"},
		{"model", func(_ *testing.T, _ string, _ *Config) (*graph.Model, Source) {
			m := smallModel()
			m.Nodes[2].Layer = graph.MaxPooling2D{Padding: graph.Same}
			return m, stripes{50}
		}, "its model is not this run's"},
		{"images", func(_ *testing.T, _ string, _ *Config) (*graph.Model, Source) { return smallModel(), stripes{51} }, "its images are not this run's"},
		{"record cut off", func(t *testing.T, dir string, _ *Config) (*graph.Model, Source) {
			if err := os.Truncate(filepath.Join(dir, "steps.csv"), 100); err != nil {
				t.Fatal(err)
			}
			return smallModel(), stripes{50}
		}, "a record is 100 bytes long"},
		{"other program's file", func(t *testing.T, _ string, c *Config) (*graph.Model, Source) {
			if err := os.WriteFile(c.CheckpointPath, []byte("PK\x03\x04 and so on"), 0o644); err != nil {
				t.Fatal(err)
			}
			return smallModel(), stripes{50}
		}, "this is no checkpoint of this program"},
		{"other bits", func(t *testing.T, _ string, c *Config) (*graph.Model, Source) {
			setBits(t, c.CheckpointPath, 99)
			return smallModel(), stripes{50}
		}, fmt.Sprintf("bits number 99 of the %s kernels, this program has number %d", arithmetic.Chosen(), arithmetic.Chosen().Bits())},
		{"older program's file", func(t *testing.T, _ string, c *Config) (*graph.Model, Source) {
			setBits(t, c.CheckpointPath, 0)
			return smallModel(), stripes{50}
		}, "an older program, whose bits had no number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := openRecords(t, t.TempDir())
			defer rec.close()
			conf := config()
			conf.CheckpointPath = rec.checkpoint()
			if _, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, conf, NewStepsCSV(rec.steps)); err != nil {
				t.Fatal(err)
			}
			model, images := c.change(t, rec.dir, &conf)
			_, err := Resume(context.Background(), model, images, stripes{20}, conf, NewStepsCSV(rec.steps))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// setBits gives a checkpoint another number of bits.
func setBits(t *testing.T, path string, number int) {
	t.Helper()
	var c checkpoint
	values, _, err := readCheckpoint(path, &c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Arrays {
		for range c.Arrays[i].Count {
			c.Arrays[i].values = append(c.Arrays[i].values, math.Float32frombits(binary.LittleEndian.Uint32(values)))
			values = values[4:]
		}
	}
	c.Run.Bits = number
	if err := writeCheckpoint(path, c, c.Arrays); err != nil {
		t.Fatal(err)
	}
}

// Every bit counts: whichever is flipped and wherever the file is cut off, it is refused, and nothing panics.
func TestDamagedCheckpointIsRefused(t *testing.T) {
	var file bytes.Buffer
	values := []float32{1, 2, 3}
	if err := encodeCheckpoint(&file, []byte(`{"Arrays":[{"Name":"a","Count":3}]}`), []array{{Name: "a", Count: 3, values: values}}); err != nil {
		t.Fatal(err)
	}
	var header checkpoint
	got, err := decodeCheckpoint(file.Bytes(), &header)
	if err != nil || len(got) != 12 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	own := []array{{Name: "a", Count: 3, values: make([]float32, 3)}}
	if err := checkArrays(own, header.Arrays, got); err != nil {
		t.Fatal(err)
	}
	if fillArrays(own, got); !slices.Equal(own[0].values, values) {
		t.Fatal(own)
	}
	for bit := range file.Len() * 8 {
		content := bytes.Clone(file.Bytes())
		content[bit/8] ^= 1 << (bit % 8)
		if _, err := decodeCheckpoint(content, &header); err == nil {
			t.Errorf("flipping bit %d goes unnoticed", bit)
		}
	}
	for n := range file.Len() {
		if _, err := decodeCheckpoint(file.Bytes()[:n], &header); err == nil {
			t.Errorf("being cut off after %d bytes goes unnoticed", n)
		}
	}
}

func TestAbandonedFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	abandoned := filepath.Join(dir, ".run.checkpoint123456")
	others := []string{"run.checkpoint.old", ".run.checkpoint", ".run.checkpoint12a"}
	for _, name := range append(others, filepath.Base(abandoned)) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "run.checkpoint")
	if _, err := Fit(context.Background(), smallModel(), stripes{16}, stripes{20}, Config{CheckpointPath: path}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(abandoned); err == nil {
		t.Error("what a killed program left is still there")
	}
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	var file bytes.Buffer
	if err := encodeCheckpoint(&file, []byte(`{"Steps":3,"At":{"Epoch":1,"LossSum":"NaN"}}`), []array{{values: []float32{1}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte(checkpointMagic))
	f.Fuzz(func(t *testing.T, content []byte) {
		var header checkpoint
		if values, err := decodeCheckpoint(content, &header); err == nil && len(values) >= len(content) {
			t.Errorf("%d bytes of arrays in a file of %d", len(values), len(content))
		}
	})
}
