package experiments

import (
	"testing"

	"dcae/experiments/outcome"
	"dcae/graph"
	"dcae/training"
)

// biasOnly is a model whose first layer prints zero for every image, so that the bias of its last layer, which begins at a value, learns
// the constant image that the loss likes best.
func biasOnly(begin float64) *graph.Model {
	return graph.Sequential("bias-only", graph.Shape{28, 28, 1},
		graph.Flatten{},
		graph.Dense{Units: 1, Activation: graph.ReLU, BiasInit: graph.Constant{Value: -1000}},
		graph.Dense{Units: 784, BiasInit: graph.Constant{Value: begin}},
		graph.Reshape{Target: graph.Shape{28, 28, 1}},
	)
}

func TestAConstantOutputIsNamedAfterWhatItsLossLikesBest(t *testing.T) {
	s := small(t)
	s.Budget = Budget{Seeds: []uint64{1}, Epochs: 12, Images: 320, Batch: 32, ValidationImages: 40, TestImages: 500}
	mae := graph.Loss{Function: graph.MeanAbsoluteError}
	want := map[string]outcome.Outcome{}
	var arms []Arm
	for _, c := range []struct {
		name        string
		loss        graph.Loss
		begin, rate float64
		want        outcome.Outcome
	}{
		{"mse", graph.MSE, 0, 0.02, outcome.MeanImage},
		{"mae", mae, 0, 0.02, outcome.MedianImage},
		{"small-errors", graph.Loss{Function: graph.LogCosh}, 0, 0.02, outcome.MeanImage}, // are squared by log_cosh
		{"large-errors", graph.Loss{Function: graph.Huber, Delta: 0.05}, 0, 0.02, outcome.BestConstant},
		{"too-slow", mae, 0.5, 1e-6, outcome.Constant}, // stays grey
	} {
		want[c.name] = c.want
		arms = append(arms, Arm{Name: c.name, Model: biasOnly(c.begin), Optimizer: training.Adam{LearningRate: c.rate}, Loss: c.loss})
	}
	s.Groups = []Group{{Name: "losses", Control: "mse", Arms: arms}}
	_, results := runIn(t, s, 1)
	for _, r := range results {
		if r.Outcome != want[r.Arm] {
			t.Errorf("%s: %s (%s), want %s", r.Arm, r.Outcome, r.Why, want[r.Arm])
		}
	}
	if len(results) != len(arms) {
		t.Errorf("%d results, want %d", len(results), len(arms))
	}
}
