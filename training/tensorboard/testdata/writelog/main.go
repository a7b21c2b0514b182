// Command writelog trains small models with a tensorboard.Writer, and writes what the event files must hold to expected.json,
// for check_tensorboard.py.
//
// usage: writelog DIR
//
//	DIR/resumed   is killed at step 8, two steps after a checkpoint, and goes on from there: 3 epochs of 5 steps
//	DIR/color     an epoch on images of three channels, values -1 to 1
//	DIR/diverged  a learning rate so high that the loss is not finite after some steps
package main

import (
	"context"
	"encoding/json"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
	"dcae/training/tensorboard"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: writelog DIR")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func write(dir string) error {
	resumed, color, diverged := &witness{stop: 8}, &witness{}, &witness{}
	config := training.Config{Seed: 1, Epochs: 3, Batch: 10, CheckpointPath: filepath.Join(dir, "checkpoint"), CheckpointEvery: 3}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := call(training.Fit, filepath.Join(dir, "resumed"), 1, config, tensorboard.Config{}, resumed); !errors.Is(err, errKilled) {
		return errors.Errorf("the first call ended with %v", err)
	}
	resumed.forget(6)
	resumed.stop = 0
	if err := call(training.Resume, filepath.Join(dir, "resumed"), 1, config, tensorboard.Config{}, resumed); err != nil {
		return err
	}
	if err := call(training.Fit, filepath.Join(dir, "color"), 3, training.Config{Seed: 1, Batch: 10}, tensorboard.Config{Images: 3, Black: -1, White: 1, HistogramEvery: 2}, color); err != nil {
		return err
	}
	high := training.Config{Seed: 1, Epochs: 3, Batch: 10, Optimizer: training.SGD{LearningRate: 1e15}}
	if err := call(training.Fit, filepath.Join(dir, "diverged"), 1, high, tensorboard.Config{HistogramEvery: -1}, diverged); err != nil {
		return err
	}
	text, err := json.Marshal(struct{ Resumed, Color, Diverged *witness }{resumed, color, diverged})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "expected.json"), text, 0o644)
}

type fit func(context.Context, *graph.Model, training.Source, training.Source, training.Config, ...training.Recorder) (*training.Result, error)

// call is one call of the program: a writer of its own.
func call(train fit, dir string, channels int, c training.Config, shown tensorboard.Config, w *witness) (err error) {
	model := graph.Sequential("small", graph.Shape{6, 8, channels},
		graph.Conv2D{Filters: 4, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU},
		graph.BatchNormalization{},
		graph.Conv2D{Filters: channels, Kernel: graph.Square(3), Padding: graph.Same},
	)
	writer := tensorboard.NewWriter(dir, shown)
	defer func() {
		if e := writer.Close(); err == nil {
			err = e
		}
	}()
	w.writer = writer
	_, err = train(context.Background(), model, noise{50, 48 * channels}, noise{20, 48 * channels}, c, writer, w)
	return err
}

// noise is a source of n images of so many values from 0 to 1.
type noise struct{ n, size int }

func (s noise) Len() int { return s.n }
func (s noise) Read(dst []float32, indices []int) {
	for i, index := range indices {
		random := rand.New(rand.NewPCG(uint64(index), 1))
		for k := range s.size {
			dst[i*s.size+k] = random.Float32()
		}
	}
}

var errKilled = errors.New("killed")

// number goes into JSON as text, since it may be infinite or NaN.
type number float64

func (n number) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

func numbers(values []float32) []number {
	out := make([]number, len(values))
	for i, v := range values {
		out[i] = number(v)
	}
	return out
}

// witness keeps what a writer is told.
type witness struct {
	Scalars    []point
	Histograms []array
	Pictures   []picture
	writer     *tensorboard.Writer
	stop       int
}

type point struct {
	Tag   string
	Step  int
	Value number
}

type array struct {
	Tag    string
	Step   int
	Values []number
}

type picture struct {
	Step              int
	Originals, Output [][]number
}

// forget is what happens to all after a step where a run goes on from a checkpoint after it.
func (w *witness) forget(after int) {
	w.Scalars = before(w.Scalars, func(p point) bool { return p.Step <= after })
	w.Histograms = before(w.Histograms, func(a array) bool { return a.Step <= after })
	w.Pictures = before(w.Pictures, func(p picture) bool { return p.Step <= after })
}

func before[T any](all []T, keep func(T) bool) []T {
	var out []T
	for _, x := range all {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

func (w *witness) add(tag string, step int, v float64) {
	w.Scalars = append(w.Scalars, point{tag, step, number(v)})
}

func (w *witness) Step(r *training.StepRecord) error {
	w.add("train/loss", r.Step, r.Loss)
	w.add("train/learning_rate", r.Step, r.LearningRate)
	for _, l := range r.Layers {
		w.add("gradient_norm/"+l.Layer, r.Step, l.GradientNorm)
		w.add("update_ratio/"+l.Layer, r.Step, l.UpdateRatio)
	}
	if r.Step == w.stop {
		return errKilled
	}
	return nil
}

func (w *witness) Epoch(r *training.EpochRecord) error {
	w.add("train/epoch_loss", r.Step, r.TrainLoss)
	w.add("heldout/mse", r.Step, r.HeldOut.MSE)
	w.add("heldout/fvu", r.Step, r.HeldOut.FVU)
	for _, u := range r.Units {
		w.add("dead/"+u.Layer, r.Step, u.Dead)
		w.add("saturated/"+u.Layer, r.Step, u.Saturated)
	}
	return nil
}

func (w *witness) WantsSnapshot(step int) bool { return w.writer.WantsSnapshot(step) }

func (w *witness) Snapshot(s *training.Snapshot) error {
	if n := len(w.Histograms); n == 0 || w.Histograms[n-1].Step != s.Step {
		for _, v := range s.Params.All {
			w.Histograms = append(w.Histograms, array{"weights/" + v.Path(), s.Step, numbers(v.Float32s())})
		}
		for i, v := range s.Params.Trainable() {
			w.Histograms = append(w.Histograms, array{"gradients/" + v.Path(), s.Step, numbers(s.Gradients[i])})
		}
	}
	if !s.EpochEnd {
		return nil
	}
	originals, outputs, err := s.Reconstruct(8)
	if err != nil {
		return err
	}
	p := picture{Step: s.Step}
	for i := range originals {
		p.Originals = append(p.Originals, numbers(originals[i]))
		p.Output = append(p.Output, numbers(outputs[i]))
	}
	w.Pictures = append(w.Pictures, p)
	return nil
}
