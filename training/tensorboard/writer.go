// Package tensorboard records runs in event files, which TensorBoard shows while the run goes on.
//
// The format is not documented in one place: the framing and the messages are those of TensorFlow's record_writer.h and
// event.proto, and what is in a value is told by TensorBoard's plugins (tensorboard/plugins/{scalar,histogram,image}).
package tensorboard

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"

	"dcae/training"
	"dcae/training/files"
)

// Config is what a Writer shows of values. The zero value of a field means its default.
type Config struct {
	// HistogramEvery is the steps between histograms; there are some at the end of each epoch and where a run diverges in any
	// case. Default: after steps 1, 2, 4, 8 and so on, since what goes wrong does so early. Negative: no others.
	HistogramEvery int
	Images         int     // how many of the held-out images are shown with their reconstructions; default 8, negative none
	Black, White   float32 // the values that are shown as black and as white; default 0 and 1
}

func (c Config) withDefaults() Config {
	if c.Images == 0 {
		c.Images = 8
	}
	if c.Black == 0 && c.White == 0 {
		c.White = 1
	}
	return c
}

// Writer records one run. For each step:
//
//	train/loss                    of the step's batch
//	train/learning_rate
//	gradient_norm/LAYER           L2, over all trainable variables of the layer
//	update_ratio/LAYER            L2 of the step really taken / L2 of the weights
//
// At the end of each epoch, under the number of its last step:
//
//	train/epoch_loss              mean over the epoch's images, while the variables changed
//	heldout/mse, heldout/fvu      on held-out images
//	dead/LAYER, saturated/LAYER   shares of dead units and of saturated values; see [training.UnitShares]
//	heldout/reconstructions       picture: held-out images, and under each what the model makes of it; of one or three channels
//
// At the end of each epoch and after the steps that Config tells:
//
//	weights/LAYER/VARIABLE        histogram of all variables' values, after the step
//	gradients/LAYER/VARIABLE      histogram of the gradients by the trainable ones, of the step's batch, before clipping
//
// Histograms are of finite values; weights_not_finite/... and gradients_not_finite/... count the others, where there are any.
//
// Every event is in the file when the call returns. A run that goes on from a checkpoint gets another file, which tells
// TensorBoard to forget what earlier ones hold from there on; a Writer therefore takes no part in checkpoints.
type Writer struct {
	dir     string
	config  Config
	path    string
	file    io.WriteCloser // nil before the first event
	summary summary
	event   []byte
	record  []byte
	shown   int // step of the last histograms
}

var _ training.SnapshotRecorder = (*Writer)(nil)

// NewWriter records in a new file in dir, which the first event makes. A folder is for one run: TensorBoard names a run after
// its path.
func NewWriter(dir string, c Config) *Writer { return &Writer{dir: dir, config: c.withDefaults()} }

// Close closes the file. It fails if the event file cannot be written.
func (w *Writer) Close() error {
	if w.file == nil {
		return nil
	}
	return w.failed(w.file.Close())
}

// Step writes the step's scalars. It fails if the event file cannot be written.
func (w *Writer) Step(r *training.StepRecord) error {
	if err := w.open(r.Step); err != nil {
		return err
	}
	s := &w.summary
	s.scalar("train", "loss", r.Loss)
	s.scalar("train", "learning_rate", r.LearningRate)
	for _, l := range r.Layers {
		s.scalar("gradient_norm", l.Layer, l.GradientNorm)
		s.scalar("update_ratio", l.Layer, l.UpdateRatio)
	}
	return w.writeSummary(r.Step)
}

// Epoch writes the epoch's scalars. It fails if the event file cannot be written.
func (w *Writer) Epoch(r *training.EpochRecord) error {
	// Where this is a file's first event, the run was resumed after the epoch's last step: an earlier file holds that.
	if err := w.open(r.Step + 1); err != nil {
		return err
	}
	s := &w.summary
	s.scalar("train", "epoch_loss", r.TrainLoss)
	s.scalar("heldout", "mse", r.HeldOut.MSE)
	s.scalar("heldout", "fvu", r.HeldOut.FVU)
	for _, u := range r.Units {
		s.scalar("dead", u.Layer, u.Dead)
		s.scalar("saturated", u.Layer, u.Saturated)
	}
	return w.writeSummary(r.Step)
}

// WantsSnapshot tells whether there are to be histograms after a step.
func (w *Writer) WantsSnapshot(step int) bool {
	if every := w.config.HistogramEvery; every != 0 {
		return every > 0 && step%every == 0
	}
	return step&(step-1) == 0 // a power of 2
}

// Snapshot writes histograms and, at the end of an epoch, reconstructions. It fails if the event file cannot be written.
func (w *Writer) Snapshot(s *training.Snapshot) error {
	if err := w.open(s.Step + 1); err != nil {
		return err
	}
	if w.shown != s.Step { // an epoch's last step may have had its own
		w.shown = s.Step
		for _, v := range s.Params.All {
			w.addHistogram("weights", v.Path(), v.Float32s())
		}
		if s.Gradients != nil {
			for i, v := range s.Params.Trainable() {
				w.addHistogram("gradients", v.Path(), s.Gradients[i])
			}
		}
	}
	if s.EpochEnd && w.config.Images > 0 {
		if err := w.addReconstructions(s); err != nil {
			return err
		}
	}
	return w.writeSummary(s.Step)
}

func (w *Writer) addHistogram(group, name string, values []float32) {
	buckets, notFinite := histogramOf(values)
	w.summary.histogram(group, name, buckets)
	if notFinite > 0 {
		w.summary.scalar(group+"_not_finite", name, float64(notFinite))
	}
}

func (w *Writer) addReconstructions(s *training.Snapshot) error {
	originals, outputs, err := s.Reconstruct(w.config.Images)
	if err != nil {
		return err
	}
	width, height, encoded, err := w.config.drawPairs(originals, outputs, s.Image)
	if err != nil || encoded == nil {
		return err
	}
	w.summary.image("heldout", "reconstructions", "above: held-out images; below: what the model makes of them", width, height, encoded)
	return nil
}

// open makes the file, unless it is there, for a run that goes on with the given step.
func (w *Writer) open(step int) error {
	if w.file != nil {
		return nil
	}
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return errors.Errorf("cannot make the folder %s: %v", w.dir, files.Reason(err))
	}
	w.path = filepath.Join(w.dir, nextName(w.dir, time.Now()))
	file, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return errors.Errorf("cannot write the event file %s: %v", w.path, files.Reason(err))
	}
	return w.begin(file, step)
}

// begin writes what a file begins with: its version, and from which step on it takes the place of earlier files.
func (w *Writer) begin(file io.WriteCloser, step int) error {
	w.file, w.summary = file, summary{known: map[string]bool{}}
	w.event = appendEvent(w.event[:0], time.Now(), 0, eventFileVersion, []byte(fileVersion))
	w.record = appendRecord(w.record[:0], w.event)
	w.event = appendEvent(w.event[:0], time.Now(), step, eventSessionLog, appendVarint(nil, sessionStatus, sessionStart))
	w.record = appendRecord(w.record, w.event)
	_, err := w.file.Write(w.record)
	return w.failed(err)
}

// writeSummary writes the values that were added as one event.
func (w *Writer) writeSummary(step int) error {
	if len(w.summary.bytes) == 0 {
		return nil
	}
	w.event = appendEvent(w.event[:0], time.Now(), step, eventSummary, w.summary.bytes)
	w.summary.reset()
	w.record = appendRecord(w.record[:0], w.event)
	_, err := w.file.Write(w.record)
	return w.failed(err)
}

func (w *Writer) failed(err error) error {
	if err == nil {
		return nil
	}
	return errors.Errorf("cannot write the event file %s: %v", w.path, files.Reason(err))
}

// nextName is the name of a folder's next event file. TensorBoard knows such files by "tfevents" and reads them in the order of
// their names, so that the time in it must be later than that in all others.
func nextName(dir string, now time.Time) string {
	const before = "events.out.tfevents."
	second := now.Unix()
	others, _ := os.ReadDir(dir) // if it cannot be read, the file cannot be made
	for _, entry := range others {
		var other int64
		if _, err := fmt.Sscanf(entry.Name(), before+"%d", &other); err == nil {
			second = max(second, other+1)
		}
	}
	return fmt.Sprintf("%s%010d.dcae", before, second)
}
