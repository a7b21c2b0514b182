package experiments

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/pkg/errors"

	"dcae/training"
	"dcae/training/files"
)

const timingHeader = "arm,seed,epoch,images,training_seconds,evaluation_seconds,images_per_second\n"

// timing is timing.csv: how long each epoch of each run took, in the order in which they ended. After an
// interruption, an epoch's line counts only the images that were trained on since then.
type timing struct {
	mu   sync.Mutex
	file *os.File
}

// newTiming opens the file. If the run continues, lines are added; else the file begins anew.
func newTiming(path string, goOn bool) (*timing, error) {
	flags := os.O_RDWR | os.O_CREATE | os.O_APPEND
	if !goOn {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, errors.Errorf("cannot write %s: %v", path, files.Reason(err))
	}
	if err := beginLine(f); err != nil {
		_ = f.Close()
		return nil, errors.Errorf("cannot write %s: %v", path, files.Reason(err))
	}
	return &timing{file: f}, nil
}

// beginLine writes the header into an empty file, and ends a last line that was not written whole.
func beginLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		_, err = f.WriteString(timingHeader)
		return err
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = f.WriteString("\n")
	}
	return err
}

func (t *timing) write(arm string, seed uint64, r *training.EpochRecord) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds := r.Training.Seconds()
	_, err := fmt.Fprintf(t.file, "%s,%d,%d,%d,%.4f,%.4f,%.1f\n", arm, seed, r.Epoch, r.Images, seconds, r.Held.Seconds(), float64(r.Images)/seconds)
	return errors.Wrap(err, "writing timing.csv")
}

func (t *timing) close() error { return errors.Wrap(t.file.Close(), "writing timing.csv") }

// runID names a run.
type runID struct {
	arm  string
	seed uint64
}

// folder is the run's, below runs/ or tensorboard/.
func (r runID) folder() string { return filepath.FromSlash(r.slashed()) }

// slashed is folder with slashes on every system.
func (r runID) slashed() string { return fmt.Sprintf("%s/seed-%d", r.arm, r.seed) }

// String is for messages.
func (r runID) String() string { return fmt.Sprintf("%s seed %d", r.arm, r.seed) }

// readSpeeds gives the images/s of each epoch on record in a folder, of all tasks. Lines that make no sense are left out: no
// result depends on them.
func readSpeeds(dir string) map[runID][]float64 {
	out := map[runID][]float64{}
	for _, path := range allTasks(dir, timingFile) {
		t, err := readTable(path)
		if err != nil {
			continue
		}
		arm, seed, speed := t.column("arm"), t.column("seed"), t.column("images_per_second")
		if min(arm, seed, speed) < 0 {
			continue
		}
		for _, row := range t.rows[1:] {
			if len(row) <= max(arm, seed, speed) {
				continue
			}
			s, err := strconv.ParseUint(row[seed], 10, 64)
			v, bad := strconv.ParseFloat(row[speed], 64)
			if err == nil && bad == nil {
				id := runID{row[arm], s}
				out[id] = append(out[id], v)
			}
		}
	}
	return out
}
