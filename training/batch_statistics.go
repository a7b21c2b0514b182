package training

import "dcae/graph"

// reestimationBatches is how many training batches give the statistics anew.
const reestimationBatches = 30

// HasStatistics tells whether a model has statistics that follow the data as moving averages.
func HasStatistics(p *graph.Params) bool {
	for _, v := range p.All {
		if !v.Trainable {
			return true
		}
	}
	return false
}

// ReestimateStatistics replaces batch normalization's moving averages by the mean of the statistics of the first training
// batches, in order, at the present weights. It fails if the model cannot be trained with this loss, or if a step fails; the averages may
// then be of fewer batches.
func ReestimateStatistics(m *graph.Model, params *graph.Params, train Source, c Config) error {
	c = c.withDefaults()
	batch := min(c.Batch, train.Len())
	program, err := graph.NewTraining(m, params, c.Loss, graph.Options{Batch: batch, Threads: c.Threads})
	if err != nil {
		return err
	}
	defer program.Close()
	indices := make([]int, batch)
	for k := range min(reestimationBatches, train.Len()/batch) {
		for i := range indices {
			indices[i] = k*batch + i
		}
		x, target := program.Inputs(batch)
		train.Read(x, indices)
		readTargets(train, target, x, indices)
		if _, err := program.Step(batch); err != nil {
			return err
		}
		program.AverageStatistics(k)
	}
	return nil
}
