package experiments

import (
	"path"

	"dcae/training"
)

// RunRecords says where the records of one of a study's runs lie, by paths from the study's folder with slashes. They are there as far as the
// run has come.
type RunRecords struct {
	Group, Arm            string
	Seed                  uint64
	PlannedSteps          int
	Steps, Epochs, Result string // CSV, CSV, JSON; the last once the run is finished
}

// changesOf are an arm's changes during training, which a plan alone has.
func (d *Definition) changesOf(arm string) []training.Change {
	var out []training.Change
	if d.Plan == nil {
		return nil
	}
	for _, g := range d.Plan.Groups {
		for _, a := range g.Arms {
			if a.Name == arm {
				for _, c := range a.Changes {
					out = append(out, c.Training())
				}
			}
		}
	}
	return out
}

// Records are those of all runs of the study, in its order.
func (d *Definition) Records() []RunRecords {
	var out []RunRecords
	for _, g := range d.Groups {
		for _, a := range g.Arms {
			for _, seed := range g.Seeds {
				folder := path.Join(runsFolder, runID{a.Name, seed}.slashed())
				out = append(out, RunRecords{
					Group: g.Name, Arm: a.Name, Seed: seed, PlannedSteps: training.PlannedSteps(a.Epochs, d.Data.Train, d.Budget.Batch, a.Least, d.changesOf(a.Name)),
					Steps: path.Join(folder, stepsFile), Epochs: path.Join(folder, epochsFile), Result: path.Join(folder, resultFile),
				})
			}
		}
	}
	return out
}
