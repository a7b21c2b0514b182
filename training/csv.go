package training

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"
	"strconv"

	"github.com/pkg/errors"

	"dcae/training/names"
)

// Column is the name of a layer's column in steps.csv or epochs.csv, as in conv2d/gradient_norm. What no line can hold, or a
// spreadsheet would run, is escaped in the layer's name; different names give different columns.
func Column(layer, quantity string) string { return names.Column(layer) + "/" + quantity }

// StepsCSV writes a line for each step: epoch, step, loss, learning rate, then for each layer the columns
// LAYER/gradient_norm, gradient_rms, weight_norm and update_ratio. Call Flush at the end.
type StepsCSV struct{ w *csvWriter }

// NewStepsCSV writes to w.
func NewStepsCSV(w io.Writer) *StepsCSV { return &StepsCSV{newCSVWriter(w)} }

// Step writes the line. It fails where the file cannot be written.
func (c *StepsCSV) Step(r *StepRecord) error {
	if c.w.written == 0 {
		header := []string{"epoch", "step", "loss", "learning_rate"}
		for _, l := range r.Layers {
			header = append(header, Column(l.Layer, "gradient_norm"), Column(l.Layer, "gradient_rms"), Column(l.Layer, "weight_norm"), Column(l.Layer, "update_ratio"))
		}
		if err := c.w.header(header); err != nil {
			return err
		}
	}
	c.w.int(r.Epoch)
	c.w.int(r.Step)
	c.w.float32(r.Loss)
	c.w.float(r.LearningRate)
	for _, l := range r.Layers {
		c.w.float32(l.GradientNorm, l.GradientRMS, l.WeightNorm, l.UpdateRatio)
	}
	return c.w.end()
}

// Checkpoint writes out what is buffered and returns the file's length. It fails where the file cannot be written.
func (c *StepsCSV) Checkpoint() ([]byte, error) { return c.w.checkpoint() }

// Resume cuts the file off where the checkpoint was made. It fails if the file is shorter than it was then, or is no file.
func (c *StepsCSV) Resume(state []byte) error { return c.w.resume(state) }

// Epoch makes the lines of the epoch visible in the file. It fails as Flush does.
func (c *StepsCSV) Epoch(*EpochRecord) error { return c.Flush() }

// Flush writes out what is buffered. It fails where the file cannot be written.
func (c *StepsCSV) Flush() error { return c.w.flush() }

// EpochsCSV writes a line for each epoch: epoch, training loss, held-out scores, then for each layer with units the
// columns LAYER/dead and LAYER/saturated.
type EpochsCSV struct{ w *csvWriter }

// NewEpochsCSV writes to w.
func NewEpochsCSV(w io.Writer) *EpochsCSV { return &EpochsCSV{newCSVWriter(w)} }

// Checkpoint writes out what is buffered and returns the file's length. It fails where the file cannot be written.
func (c *EpochsCSV) Checkpoint() ([]byte, error) { return c.w.checkpoint() }

// Resume cuts the file off where the checkpoint was made. It fails if the file is shorter than it was then, or is no file.
func (c *EpochsCSV) Resume(state []byte) error { return c.w.resume(state) }

// Step does nothing. It never fails.
func (c *EpochsCSV) Step(*StepRecord) error { return nil }

// Epoch writes the line. It fails where the file cannot be written.
func (c *EpochsCSV) Epoch(r *EpochRecord) error {
	if c.w.written == 0 {
		header := []string{"epoch", "train_loss", "heldout_mse", "heldout_fvu", "heldout_spread", "heldout_mean"}
		for _, u := range r.Units {
			header = append(header, Column(u.Layer, "dead"), Column(u.Layer, "saturated"))
		}
		if err := c.w.header(header); err != nil {
			return err
		}
	}
	c.w.int(r.Epoch)
	c.w.float(r.TrainLoss, r.HeldOut.MSE, r.HeldOut.FVU, r.HeldOut.Spread, r.HeldOut.Mean)
	for _, u := range r.Units {
		c.w.float(u.Dead, u.Saturated)
	}
	if err := c.w.end(); err != nil {
		return err
	}
	return c.w.flush()
}

// csvWriter writes numbers in the shortest form that reads back to the same bits.
type csvWriter struct {
	out     io.Writer
	b       *bufio.Writer
	line    []byte
	written int64 // bytes, with those that are buffered
}

func newCSVWriter(w io.Writer) *csvWriter { return &csvWriter{out: w, b: bufio.NewWriter(w)} }

func (c *csvWriter) comma() {
	if len(c.line) > 0 {
		c.line = append(c.line, ',')
	}
}

// header writes the columns' names, quoted where they need it.
func (c *csvWriter) header(columns []string) error {
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	w.Write(columns) // to memory
	w.Flush()
	c.line = bytes.TrimSuffix(line.Bytes(), []byte{'\n'})
	return c.end()
}

func (c *csvWriter) int(n int) {
	c.comma()
	c.line = strconv.AppendInt(c.line, int64(n), 10)
}

func (c *csvWriter) float(values ...float64) {
	for _, v := range values {
		c.comma()
		c.line = strconv.AppendFloat(c.line, v, 'g', -1, 64)
	}
}

// float32 is for values computed in float32: more digits would be noise.
func (c *csvWriter) float32(values ...float64) {
	for _, v := range values {
		c.comma()
		c.line = strconv.AppendFloat(c.line, v, 'g', -1, 32)
	}
}

func (c *csvWriter) end() error {
	c.line = append(c.line, '\n')
	n, err := c.b.Write(c.line)
	c.line = c.line[:0]
	c.written += int64(n)
	return errors.Wrap(err, "writing a record")
}

func (c *csvWriter) flush() error { return errors.Wrap(c.b.Flush(), "writing a record") }

func (c *csvWriter) checkpoint() ([]byte, error) {
	if err := c.flush(); err != nil {
		return nil, err
	}
	if file, ok := c.out.(interface{ Sync() error }); ok { // the checkpoint must not outlive the lines before it
		if err := file.Sync(); err != nil {
			return nil, errors.Wrap(err, "writing a record")
		}
	}
	return strconv.AppendInt(nil, c.written, 10), nil
}

func (c *csvWriter) resume(state []byte) error {
	length := int64(0)
	if state != nil {
		var err error
		if length, err = strconv.ParseInt(string(state), 10, 64); err != nil || length < 0 {
			return errors.Errorf("%q is no length of a record", state)
		}
	}
	file, ok := c.out.(interface {
		io.Seeker
		Truncate(size int64) error
	})
	if !ok {
		return errors.Errorf("a record can be continued in a file only, not in %T", c.out)
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Wrap(err, "continuing a record")
	}
	if end < length {
		return errors.Errorf("a record is %d bytes long, but was %d when the checkpoint was made: it was changed since", end, length)
	}
	if err := file.Truncate(length); err != nil {
		return errors.Wrap(err, "continuing a record")
	}
	_, err = file.Seek(length, io.SeekStart)
	c.b.Reset(c.out)
	c.line, c.written = c.line[:0], length
	return errors.Wrap(err, "continuing a record")
}
