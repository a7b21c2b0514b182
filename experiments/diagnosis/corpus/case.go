// Package corpus holds the models that `dcae diagnose` is measured with: healthy autoencoders, faulty ones made from them by
// mutation, and real cases rebuilt on built-in data. What each really does when it is trained stands in corpus.csv, which
// `go run ./experiments/diagnosis/corpus/check` writes; [Cases] are those that proved to be what they were made for.
package corpus

import (
	"dcae/experiments/diagnosis"
	"dcae/graph"
	"dcae/training"
)

// Case is a model, how it is trained and on what, and what is wrong with it.
type Case struct {
	Name   string // BASE, or BASE/CHANGE
	Base   string // the healthy model that it was made from
	Change string // what was done to the base; empty for the base itself
	Half   Half
	Causes []diagnosis.Cause // those that a right diagnosis may name, the best one first; none: the model is healthy
	Why    string            // why more than one cause is right, or what the case is to show
	Data   Data
	Model  *graph.Model
	Optim  training.Optimizer
	Loss   graph.Loss
	Rates  bool // whether another learning rate would do decides the cause: learning rate or optimizer
}

// Healthy tells whether there is nothing wrong with the case.
func (c Case) Healthy() bool { return len(c.Causes) == 0 }

// Half is the part of the corpus that a case belongs to. All cases of one base are in the same one.
type Half string

// The parts: Development is there to be looked at, HeldOut for the report alone; Real are cases from issue trackers.
const (
	Development Half = "development"
	HeldOut     Half = "heldout"
	Real        Half = "real"
)
