package training

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/training/files"
)

// checkpoint is what a checkpoint's header holds. The order of the images is not in it: it follows from seed and epoch.
type checkpoint struct {
	Run          identity
	At           place
	Steps        int
	Epochs       int
	Iterations   int
	LearningRate exact
	Plateau      plateauState
	Best         *bestEpoch `json:",omitempty"`
	Recorders    []recorderState
	Arrays       []array
}

type bestEpoch struct {
	Epoch  int
	Scores [4]exact // MSE, FVU, spread, mean
}

type recorderState struct {
	Type  string
	State []byte
}

// identity is all that a run's results depend on: a checkpoint continues no other run.
type identity struct {
	Model, FirstValues, Images string // checksums
	Seed                       uint64
	Batch                      int
	Optimizer, Loss, Plateau   string
	Changes                    string `json:",omitempty"`
	ValidationImages           int
	KeepBest                   bool
	Kernels                    string
	Bits                       int // the kernels' number
}

func (r *run) identify(m *graph.Model, mean []float32) (identity, error) {
	c := r.config
	id := identity{
		Seed: c.Seed, Batch: c.Batch, Optimizer: c.Optimizer.String(), Loss: fmt.Sprint(c.Loss), Plateau: "none",
		ValidationImages: c.ValidationImages, KeepBest: c.KeepBest, Kernels: arithmetic.Chosen().String(),
		Bits: arithmetic.Chosen().Bits(), Changes: DescribeChanges(c.Changes),
	}
	if c.Plateau != nil {
		id.Plateau = c.Plateau.String()
	}
	var err error
	if id.Model, err = modelChecksum(m); err != nil {
		return id, err
	}
	first := fmt.Append(nil, r.stepper.updates.iterations)
	for _, a := range r.state() {
		first = appendFloats(append(first, a.Name...), a.values)
	}
	id.FirstValues = checksum(first)
	// The mean of the training images and the held-out images' distance from it are at hand, and differ for other images.
	id.Images = checksum(fmt.Append(appendFloats(nil, mean), r.images.Len(), r.held.n, r.held.baseline, r.held.variance))
	return id, nil
}

// modelChecksum depends on every setting of every layer.
func modelChecksum(m *graph.Model) (string, error) {
	text := fmt.Sprint(m.Input)
	for _, n := range m.Nodes {
		settings, err := json.Marshal(n)
		if err != nil {
			return "", errors.Wrapf(err, "settings of layer %s", n.Name)
		}
		text += fmt.Sprintf("\n%s %s", n.Layer.Class(), settings)
	}
	return checksum([]byte(text)), nil
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// check tells in what the checkpoint's run is another one than this.
func (id identity) check(this identity) error {
	if err := arithmetic.CheckBits(id.Kernels, id.Bits); err != nil {
		return errors.Errorf("the checkpoint can't be gone on from: %v", err)
	}
	if id.Model != this.Model {
		return errors.New("the checkpoint belongs to another run: its model is not this run's")
	}
	for _, x := range []struct {
		name       string
		that, this any
	}{
		{"seed", id.Seed, this.Seed}, {"batch size", id.Batch, this.Batch}, {"optimizer", id.Optimizer, this.Optimizer},
		{"loss", id.Loss, this.Loss}, {"plateau", id.Plateau, this.Plateau}, {"list of changes", id.Changes, this.Changes}, {"number of held-out images", id.ValidationImages, this.ValidationImages},
		{"keeping of the best epoch", id.KeepBest, this.KeepBest}, {"kernel family", id.Kernels, this.Kernels},
	} {
		if x.that != x.this {
			return errors.Errorf("the checkpoint belongs to another run: its %s is %v, this run's is %v", x.name, x.that, x.this)
		}
	}
	if id.Images != this.Images {
		return errors.New("the checkpoint belongs to another run: its images are not this run's")
	}
	if id.FirstValues != this.FirstValues {
		return errors.New("the checkpoint belongs to another run: it began with other values than this run's")
	}
	return nil
}

// state is the arrays that change with training, in the run's own memory.
func (r *run) state() []array {
	var out []array
	for _, v := range r.result.Params.All {
		out = append(out, array{Name: v.Path(), Count: v.Shape.Size(), values: v.Float32s()})
	}
	for _, s := range r.stepper.updates.rule.slots() {
		out = append(out, array{Name: "optimizer/" + s.Variable + "/" + s.Name, Count: len(s.Values), values: s.Values})
	}
	return out
}

// bestArrays is memory for the best epoch's values.
func (r *run) bestArrays() []array {
	var out []array
	for _, v := range r.result.Params.All {
		n := v.Shape.Size()
		out = append(out, array{Name: "best/" + v.Path(), Count: n, values: make([]float32, n)})
	}
	return out
}

// checkpoint writes the run as it is between two steps, if it is to have checkpoints.
func (r *run) checkpoint() error {
	if r.config.CheckpointPath == "" {
		return nil
	}
	u := r.stepper.updates
	c := checkpoint{
		Run: r.identity, At: r.at, Steps: r.result.Steps, Epochs: r.result.Epochs,
		Iterations: u.iterations, LearningRate: exact(u.rate), Plateau: r.plateau, Arrays: r.state(),
	}
	if best := r.result.Best; best != nil {
		h := best.HeldOut
		c.Best = &bestEpoch{best.Epoch, [4]exact{exact(h.MSE), exact(h.FVU), exact(h.Spread), exact(h.Mean)}}
		arrays := r.bestArrays()
		for i, values := range best.Values {
			for k, x := range values {
				arrays[i].values[k] = float32(x)
			}
		}
		c.Arrays = append(c.Arrays, arrays...)
	}
	for _, recorder := range r.recorders {
		if recorder, ok := recorder.(Resumable); ok {
			state, err := recorder.Checkpoint()
			if err != nil {
				return err
			}
			c.Recorders = append(c.Recorders, recorderState{fmt.Sprintf("%T", recorder), state})
		}
	}
	return writeCheckpoint(r.config.CheckpointPath, c, c.Arrays)
}

// begin makes the run ready to be continued, or continues it.
func (r *run) begin(resume bool) error {
	path := r.config.CheckpointPath
	_ = files.RemoveAbandoned(filepath.Dir(path), filepath.Base(path)) // they disturb nothing if they stay
	if !resume {
		return r.checkpoint() // so that an older run's is not taken for this one's
	}
	var c checkpoint
	values, found, err := readCheckpoint(path, &c)
	if err != nil {
		return err
	}
	if !found {
		if err := r.resumeRecorders(nil); err != nil {
			return err
		}
		return r.checkpoint()
	}
	return errors.WithMessage(r.restore(&c, values), path)
}

// check tells why the run cannot go on from a checkpoint; nil if it can.
func (r *run) check(c *checkpoint, values []byte) error {
	if err := c.Run.check(r.identity); err != nil {
		return err
	}
	if c.At.Epoch < 1 || c.At.Images < 0 || c.At.Images > len(r.order) {
		return errors.Errorf("the checkpoint is at image %d of epoch %d, where no run comes", c.At.Images, c.At.Epoch)
	}
	if done := c.At.Epoch - 1; done > r.config.Epochs || done == r.config.Epochs && c.At.Images > 0 {
		return errors.Errorf("the run has come to epoch %d, past the %d epochs that it is to have: ask for more", c.At.Epoch, r.config.Epochs)
	}
	return checkArrays(r.restored(c), c.Arrays, values)
}

// restored are the arrays that a checkpoint gives their values.
func (r *run) restored(c *checkpoint) []array {
	own := r.state()
	if c.Best != nil {
		own = append(own, r.bestArrays()...)
	}
	return own
}

// restore makes the run what it was when the checkpoint was written.
func (r *run) restore(c *checkpoint, values []byte) error {
	if err := r.check(c, values); err != nil {
		return err
	}
	own := r.restored(c)
	fillArrays(own, values)
	if c.Recorders == nil {
		c.Recorders = []recorderState{}
	}
	if err := r.resumeRecorders(c.Recorders); err != nil {
		return err
	}
	r.at, r.plateau = c.At, c.Plateau
	r.result.Steps, r.result.Epochs = c.Steps, c.Epochs
	r.stepper.resume(c.Steps, c.Iterations, float64(c.LearningRate))
	if err := r.restoreChanges(); err != nil {
		return err
	}
	if c.Best != nil {
		s := c.Best.Scores
		r.result.Best = &Best{Epoch: c.Best.Epoch, HeldOut: Scores{float64(s[0]), float64(s[1]), float64(s[2]), float64(s[3])}}
		for _, a := range own[len(own)-len(r.result.Params.All):] {
			r.result.Best.Values = append(r.result.Best.Values, float64s(a.values))
		}
	}
	return nil
}

// checkArrays tells why a checkpoint's arrays are not those that the run has.
func checkArrays(own, saved []array, values []byte) error {
	total := 0
	for i, a := range own {
		if i >= len(saved) || saved[i].Name != a.Name || saved[i].Count != a.Count {
			return errors.Errorf("the checkpoint belongs to another run: it does not hold %s with %d values", a.Name, a.Count)
		}
		total += a.Count
	}
	if len(saved) != len(own) || len(values) != 4*total {
		return errors.New("the checkpoint belongs to another run: it holds more arrays")
	}
	return nil
}

// fillArrays gives the arrays the values of a checkpoint's, which are those that the run has.
func fillArrays(own []array, values []byte) {
	for _, a := range own {
		for k := range a.values {
			a.values[k] = math.Float32frombits(binary.LittleEndian.Uint32(values[4*k:]))
		}
		values = values[4*a.Count:]
	}
}

// resumeRecorders takes every resumable recorder back to its state, or to the beginning if states is nil.
func (r *run) resumeRecorders(states []recorderState) error {
	n := 0
	for _, recorder := range r.recorders {
		recorder, ok := recorder.(Resumable)
		if !ok {
			continue
		}
		var state []byte
		if states != nil {
			if kind := fmt.Sprintf("%T", recorder); n >= len(states) || states[n].Type != kind {
				return errors.Errorf("the checkpoint was made with other recorders: it has no state for recorder %d, %s", n+1, kind)
			}
			state = states[n].State
		}
		if err := recorder.Resume(state); err != nil {
			return err
		}
		n++
	}
	if n < len(states) {
		return errors.Errorf("the checkpoint was made with other recorders: %d instead of %d", len(states), n)
	}
	return nil
}

func float64s(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}
