package training

import (
	"dcae/graph"
)

// Snapshot is a run between two steps, in the run's own memory: it is valid during the call alone, and only to be read.
type Snapshot struct {
	Epoch, Step int  // the last that was taken; Step counts through all epochs
	EpochEnd    bool // the epoch is complete, and was told to Recorder.Epoch
	Params      *graph.Params
	// Gradients are by each of Params.Trainable(), of the last step's batch and before clipping; nil where the run was resumed
	// after that step.
	Gradients [][]float32
	Image     graph.Shape // height, width, channels
	// Reconstruct returns copies of the first n held-out images, or as many as there are up to 250, and the model's output for them.
	Reconstruct func(n int) (images, outputs [][]float32, err error)
}

// SnapshotRecorder is a Recorder that also looks at variables and gradients themselves. Runs without one do nothing for it.
type SnapshotRecorder interface {
	Recorder
	// WantsSnapshot tells whether to call Snapshot after a step, which then is told to Step before. It is called at the end of
	// every epoch and after the step in which a run diverges in any case.
	WantsSnapshot(step int) bool
	// Snapshot looks at the run. An error ends it.
	Snapshot(*Snapshot) error
}

// snapshotRecorders are those of the recorders that look at values.
func snapshotRecorders(recorders []Recorder) []SnapshotRecorder {
	var out []SnapshotRecorder
	for _, recorder := range recorders {
		if s, ok := recorder.(SnapshotRecorder); ok {
			out = append(out, s)
		}
	}
	return out
}

// snapshot shows the run to recorders that want to see it.
func (r *run) snapshot(epochEnd bool) error {
	for _, recorder := range r.snapshots {
		if !epochEnd && !r.result.Diverged && !recorder.WantsSnapshot(r.result.Steps) {
			continue
		}
		err := recorder.Snapshot(&Snapshot{
			Epoch: r.at.Epoch, Step: r.result.Steps, EpochEnd: epochEnd, Params: r.result.Params, Gradients: r.stepper.gradients(),
			Image: r.image, Reconstruct: r.reconstruct,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) reconstruct(n int) (images, outputs [][]float32, err error) {
	if outputs, err = r.held.Reconstruct(n); err != nil {
		return nil, nil, err
	}
	images = make([][]float32, len(outputs))
	for i := range images {
		images[i] = make([]float32, r.held.size)
		r.held.images.Read(images[i], []int{i})
	}
	return images, outputs, readError(r.held.images)
}
