package training

import (
	"fmt"
	"testing"
)

var torchGroup = []string{"layer/2", "layer/3"}

var torchOptimizers = []struct {
	name string
	o    Optimizer
}{
	{"sgd", TorchSGD{}},
	{"sgd_momentum", TorchSGD{LearningRate: 0.05, Momentum: 0.9, Dampening: 0.3}},
	{"sgd_nesterov_decay", TorchSGD{LearningRate: 0.02, Momentum: 0.8, Nesterov: true, Base: Base{WeightDecay: 0.1}}},
	{"adam", TorchAdam{}},
	{"adam_settings", TorchAdam{LearningRate: 0.01, Betas: [2]float64{0.8, 0.95}, Eps: 1e-3, Base: Base{WeightDecay: 0.2}}},
	{"adam_amsgrad", TorchAdam{LearningRate: 0.01, AMSGrad: true}},
	{"adamw", TorchAdamW{}},
	{"adamw_settings", TorchAdamW{LearningRate: 0.02, Eps: 1e-4, Base: Base{WeightDecay: 0.3}}},
	{"nadam", TorchNAdam{}},
	{"nadam_settings", TorchNAdam{LearningRate: 0.01, Betas: [2]float64{0.85, 0.99}, MomentumDecay: 0.01, Decoupled: true, Base: Base{WeightDecay: 0.1}}},
	{"radam", TorchRAdam{}},
	{"radam_settings", TorchRAdam{LearningRate: 0.01, Betas: [2]float64{0.8, 0.9}, Eps: 1e-3, Base: Base{WeightDecay: 0.1}}},
	{"adamax", TorchAdamax{}},
	{"adamax_settings", TorchAdamax{LearningRate: 0.05, Betas: [2]float64{0.7, 0.9}, Eps: 1e-3, Base: Base{WeightDecay: 0.02}}},
	{"rmsprop", TorchRMSprop{}},
	{"rmsprop_all", TorchRMSprop{LearningRate: 0.005, Alpha: 0.9, Momentum: 0.5, Centered: true, Eps: 1e-2, Base: Base{WeightDecay: 0.1}}},
	{"adagrad", TorchAdagrad{}},
	{"adagrad_settings", TorchAdagrad{LearningRate: 0.1, RateDecay: 0.1, InitialAccumulatorValue: 0.5, Eps: 1e-3, Base: Base{WeightDecay: 0.1}}},
	{"adadelta", TorchAdadelta{}},
	{"adadelta_settings", TorchAdadelta{LearningRate: 0.5, Rho: 0.8, Eps: 1e-4, Base: Base{WeightDecay: 0.1}}},
	{"groups_sgd", TorchSGD{LearningRate: 0.05, Momentum: 0.9, Base: Base{WeightDecay: 0.1, Groups: []Group{{torchGroup, 4, 0}}}}},
	{"groups_adamw", TorchAdamW{LearningRate: 0.02, Base: Base{WeightDecay: 0.3, Groups: []Group{{torchGroup, 0.1, 0}}}}},
}

// After each of 20 steps, all values must be those that PyTorch computes in float64, also where the optimizer begins in the state that another left
// after half of them.
func TestOptimizersAgreeWithPyTorch(t *testing.T) {
	k := readKeras(t, "torch_optimizers.npz")
	for _, c := range torchOptimizers {
		t.Run(c.name, func(t *testing.T) {
			variables, gradients := kerasStart(t, k)
			u, err := NewUpdater(c.o, variables, nil)
			if err != nil {
				t.Fatal(err)
			}
			for step := range gradients[0] {
				if step == len(gradients[0])/2 {
					state := u.State()
					if u, err = NewUpdater(c.o, variables, &state); err != nil {
						t.Fatal(err)
					}
				}
				u.Step(nil, func(i int) []float32 { return gradients[i][step] })
				for i, v := range variables {
					all, _ := k.get(t, fmt.Sprintf("%s/%d", c.name, i))
					got := v.Values()
					if d := distance(got, all[step*len(got):(step+1)*len(got)]) / largest(all); !(d <= 2e-6) {
						t.Fatalf("step %d, variable %d: off by %.2g of the largest value", step, i, d)
					}
				}
			}
		})
	}
}
