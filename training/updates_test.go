package training

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"dcae/graph"
)

// Every optimizer takes the same steps, to the bit, on one thread and on three, and tells the same sums.
func TestUpdatesOnThreads(t *testing.T) {
	model := graph.Sequential("wide", graph.Shape{150}, graph.Dense{Units: 300}) // more than one block
	clip := Base{ClipNorm: 0.5, WeightDecay: 0.01}
	for _, o := range []Optimizer{
		Adam{}, Adam{AMSGrad: true}, Adam{Base: clip}, SGD{}, SGD{Momentum: Exactly(0.9)}, SGD{Momentum: Exactly(0.9), Nesterov: true, Base: clip},
		RMSprop{Centered: true, Momentum: 0.5}, Adagrad{}, Adadelta{}, Adamax{}, Nadam{}, Lion{},
	} {
		t.Run(o.String(), func(t *testing.T) {
			weights, sums, state := takeSteps(t, model, o, nil)
			threads := graph.NewThreads(3)
			defer threads.Close()
			sharedWeights, sharedSums, sharedState := takeSteps(t, model, o, threads)
			if !reflect.DeepEqual(weights, sharedWeights) || !reflect.DeepEqual(sums, sharedSums) || !reflect.DeepEqual(state, sharedState) {
				t.Error("steps differ")
			}
			if sums[0].Gradient == 0 || sums[0].Weight == 0 || sums[0].Step == 0 {
				t.Errorf("sums are %+v", sums[0])
			}
		})
	}
}

func takeSteps(t *testing.T, model *graph.Model, o Optimizer, threads *graph.Threads) (weights []float32, sums []graph.UpdateSums, state OptimizerState) {
	t.Helper()
	params, err := model.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	u, err := newUpdates(o, params.Trainable(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	gradients := make([][]float32, len(params.Trainable()))
	for i, v := range params.Trainable() {
		gradients[i] = make([]float32, v.Shape.Size())
	}
	for range 3 {
		for _, g := range gradients {
			for k := range g {
				g[k] = float32(r.NormFloat64())
			}
		}
		_, sums = u.step(threads, func(i int) []float32 { return gradients[i] })
	}
	for _, v := range params.Trainable() {
		weights = append(weights, v.Float32s()...)
	}
	return weights, sums, u.state()
}
