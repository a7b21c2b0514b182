package experiments

import (
	"fmt"
	"os"
	"sync"

	"github.com/pkg/errors"

	"dcae/training"
)

// timing is timing.csv: how long each epoch of each run took, in the order in which they ended.
type timing struct {
	mu   sync.Mutex
	file *os.File
}

func newTiming(path string, goOn bool) (*timing, error) {
	if goOn {
		if f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o644); err == nil {
			return &timing{file: f}, nil
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, errors.Errorf("cannot write %s: %v", path, reason(err))
	}
	_, err = fmt.Fprintln(f, "arm,seed,epoch,images,training_seconds,evaluation_seconds,images_per_second")
	return &timing{file: f}, errors.Wrap(err, path)
}

func (t *timing) write(arm string, seed uint64, r *training.EpochRecord) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds := r.Training.Seconds()
	_, err := fmt.Fprintf(t.file, "%s,%d,%d,%d,%.4f,%.4f,%.1f\n", arm, seed, r.Epoch, r.Images, seconds, r.Held.Seconds(), float64(r.Images)/seconds)
	return errors.Wrap(err, "writing timing.csv")
}

func (t *timing) close() error { return errors.Wrap(t.file.Close(), "writing timing.csv") }
