// Package experiments holds studies as data, runs them, judges how runs ended, and reports.
package experiments

import (
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
)

// Study asks a question and answers it by training arms over several random seeds.
type Study struct {
	Name     string
	Question string
	Data     string // "mnist"
	Groups   []Group
	Budget   Budget // default
}

// Group is a set of arms to be compared with one of them, the control.
type Group struct {
	Name    string
	Control string // an arm's name
	Arms    []Arm
}

// Arm is one variant of a study.
type Arm struct {
	Name       string
	Factors    []string // in which it differs from its group's control
	Model      *graph.Model
	Optimizer  training.Optimizer
	Loss       graph.Loss
	FullEpochs int // length as the variant was first published
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

// Only keeps the named arms, in the study's order. It fails on a name that the study does not have.
func (s Study) Only(names []string) (Study, error) {
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	out := s
	out.Groups = nil
	var known []string
	for _, g := range s.Groups {
		kept := g
		kept.Arms = nil
		for _, a := range g.Arms {
			known = append(known, a.Name)
			if wanted[a.Name] {
				kept.Arms = append(kept.Arms, a)
				delete(wanted, a.Name)
			}
		}
		if len(kept.Arms) > 0 {
			out.Groups = append(out.Groups, kept)
		}
	}
	for _, n := range names {
		if wanted[n] {
			return Study{}, errors.Errorf("study %s has no arm %q; its arms are %s", s.Name, n, strings.Join(known, ", "))
		}
	}
	return out, nil
}

// Builtin lists the studies that come with the program.
func Builtin() []Study { return []Study{failureModes()} }

// Lookup finds a built-in study by name.
func Lookup(name string) (Study, error) {
	var known []string
	for _, s := range Builtin() {
		if s.Name == name {
			return s, nil
		}
		known = append(known, s.Name)
	}
	return Study{}, errors.Errorf("there is no study %q; there is %s", name, strings.Join(known, ", "))
}

// LookupArm finds an arm of a built-in study by name.
func LookupArm(name string) (Arm, error) {
	var known []string
	for _, s := range Builtin() {
		for _, a := range s.Arms() {
			if a.Name == name {
				return a, nil
			}
			known = append(known, a.Name)
		}
	}
	return Arm{}, errors.Errorf("there is no arm %q; there are %s", name, strings.Join(known, ", "))
}
