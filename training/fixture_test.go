package training

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"dcae/graph"
	"dcae/models"
	"dcae/training/dataset/npz"
)

// Twenty steps on one batch must give the losses, weights and moving statistics that Keras computed in float64.
func TestTwentyStepsAgreeWithKeras(t *testing.T) {
	for _, fx := range []struct {
		name  string
		model *graph.Model
		rate  float64
	}{{"sigmoid", models.Sigmoid(), 0.001}, {"highlr", models.HighLR(), 0.1}, {"improved", models.Improved(), 0.001}} {
		t.Run(fx.name, func(t *testing.T) {
			folder := filepath.Join("..", "..", "shared", "fixtures") // beside the repository, which leaves out what takes 30 MB
			if _, err := os.Stat(folder); err != nil {
				t.Skip("needs what Keras computed: ", err)
			}
			arrays, err := npz.Read(filepath.Join(folder, fx.name+".npz"))
			if err != nil {
				t.Fatal(err)
			}
			get := func(key string) []float64 {
				for _, a := range arrays {
					if a.Name == key && a.Float64 != nil {
						return a.Float64
					} else if a.Name == key {
						out := make([]float64, len(a.Float32))
						for i, v := range a.Float32 {
							out[i] = float64(v)
						}
						return out
					}
				}
				t.Fatalf("the fixture has no %s", key)
				return nil
			}
			params, err := fx.model.Init(1, graph.Float32)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range params.Trainable() {
				if err := v.Set(get("param/" + v.Path())); err != nil {
					t.Fatal(err)
				}
			}
			s, err := newStepper(fx.model, params, Config{Optimizer: Adam{LearningRate: fx.rate}, Batch: 8}, 8)
			if err != nil {
				t.Fatal(err)
			}
			defer s.program.Close()
			if err := s.program.SetInputs(get("x"), get("target")); err != nil {
				t.Fatal(err)
			}
			for i, want := range get("losses") {
				r, err := s.take(1, 8)
				if err != nil {
					t.Fatal(err)
				}
				if e := math.Abs(r.Loss-want) / want; !(e <= 1e-4) {
					t.Errorf("loss %d is %.8g, Keras has %.8g: relative difference %.2g", i+1, r.Loss, want, e)
				}
			}
			for _, v := range params.All {
				key, bound := "final/", 1e-3
				if !v.Trainable {
					key, bound = "moving/", 1e-4
				}
				want, got := get(key+v.Path()), v.Values()
				d, n := 0.0, 0.0
				for i := range want {
					d += (got[i] - want[i]) * (got[i] - want[i])
					n += want[i] * want[i]
				}
				if e := math.Sqrt(d / n); !(e <= bound) {
					t.Errorf("%s%s: relative difference %.2g", key, v.Path(), e)
				}
			}
		})
	}
}
