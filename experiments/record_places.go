package experiments

import "path"

// RunRecords says where the records of one of a study's runs lie, by paths from the study's folder with slashes. They are there as far as the
// run has come.
type RunRecords struct {
	Group, Arm            string
	Seed                  uint64
	PlannedSteps          int
	Steps, Epochs, Result string // CSV, CSV, JSON; the last once the run is finished
}

// Records are those of all runs of the study, in its order.
func (d *Definition) Records() []RunRecords {
	var out []RunRecords
	for _, g := range d.Groups {
		for _, a := range g.Arms {
			for _, seed := range g.Seeds {
				folder := path.Join(runsFolder, runID{a.Name, seed}.slashed())
				out = append(out, RunRecords{
					Group: g.Name, Arm: a.Name, Seed: seed, PlannedSteps: a.Epochs * d.stepsPerEpoch(a.Least),
					Steps: path.Join(folder, stepsFile), Epochs: path.Join(folder, epochsFile), Result: path.Join(folder, resultFile),
				})
			}
		}
	}
	return out
}
