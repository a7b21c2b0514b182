package experiments

import (
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

// Study asks a question and answers it by training arms over several random seeds. It is a [Plan] made for some images.
type Study struct {
	Name     string
	Question string
	Images   *dataset.Set
	Groups   []Group
	Budget   Budget
	Plan     *Plan // what it was made of; nil for a single run of dcae train
}

// Group is a set of arms to be compared with one of them, the control.
type Group struct {
	Name    string
	Control string // an arm's name
	Arms    []Arm
	Seeds   []uint64 // default the budget's
}

// Arm is one variant of a study.
type Arm struct {
	Name       string
	Factors    []string // in which it differs from its group's control
	Model      *graph.Model
	Optimizer  training.Optimizer
	Loss       graph.Loss
	Plateau    *training.Plateau
	Changes    []training.Change // during training
	Treatment  dataset.Treatment // of the study's images; default none
	FullEpochs int               // length as the variant was first published
	Settings   Settings          // what it was made of
}

// Budget is how long and on what each run trains.
type Budget struct {
	Seeds            []uint64
	Epochs           int  // of every arm, unless Full
	Full             bool // each arm's own full length, on all images
	Images           int  // the first so many of the training part; 0: all
	Batch            int
	ValidationImages int // looked at after each epoch; 0: all
	TestImages       int // looked at once, at the end; 0: all
}

// epochs is how long an arm trains.
func (b Budget) epochs(a Arm) int {
	if b.Full {
		return a.FullEpochs
	}
	return b.Epochs
}

// Arms are all arms of all groups, in order.
func (s Study) Arms() []Arm {
	var out []Arm
	for _, g := range s.Groups {
		out = append(out, g.Arms...)
	}
	return out
}

// RunOf is one run: an arm with a seed.
type RunOf struct {
	Arm  Arm
	Seed uint64
}

// Runs are all runs: every group's first seed, then every group's second, so that a study that is cut off has a bit of each arm.
func (s Study) Runs() []RunOf {
	var out []RunOf
	for k := 0; ; k++ {
		before := len(out)
		for _, g := range s.Groups {
			if seeds := s.seeds(g); k < len(seeds) {
				for _, a := range g.Arms {
					out = append(out, RunOf{a, seeds[k]})
				}
			}
		}
		if len(out) == before {
			return out
		}
	}
}

func (s Study) seeds(g Group) []uint64 {
	if g.Seeds != nil {
		return g.Seeds
	}
	return s.Budget.Seeds
}
