package training

import (
	"testing"

	"dcae/graph"
	"dcae/models"
	"dcae/training/dataset"
)

// BenchmarkEvaluation scores 1,000 images of the improved variant, with and without observing units, and once each the 187
// steps of an epoch of 6,000 images, to compare with.
func BenchmarkEvaluation(b *testing.B) {
	set, err := dataset.MNIST()
	if err != nil {
		b.Fatal(err)
	}
	m := models.Improved()
	for _, units := range []bool{false, true} {
		name := map[bool]string{false: "scores", true: "scores and units"}[units]
		b.Run(name, func(b *testing.B) {
			params, err := m.Init(1, graph.Float32)
			if err != nil {
				b.Fatal(err)
			}
			e, err := NewEvaluator(m, graph.MSE, params, set.Validation, 1000, set.Train.Mean(), nil, units)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			for b.Loop() {
				if _, err := e.Scores(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("training epoch", func(b *testing.B) {
		for b.Loop() {
			if _, err := MeasureSpeed(m, set.Train.Head(6000), Config{}, 1, 187); err != nil {
				b.Fatal(err)
			}
		}
	})
}
