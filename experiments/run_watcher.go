package experiments

import "dcae/training"

// Watcher is told of a study's progress, from several goroutines at once.
type Watcher interface {
	Started(arm string, seed uint64, steps int)
	Stepped(arm string, seed uint64, step int, loss float64)
	EpochEnded(arm string, seed uint64, epochs int, r *training.EpochRecord)
	Finished(r *Result)
	Warned(arm string, seed uint64, warning string) // something went wrong, but the study goes on
}
