package training

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"dcae/graph"
	"dcae/training/dataset/npz"
)

// kerasArrays are arrays that testdata/make_optimizers.py made with Keras.
type kerasArrays []npz.Array

func readKeras(t *testing.T, file string) kerasArrays {
	t.Helper()
	arrays, err := npz.Read(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return arrays
}

func (k kerasArrays) get(t *testing.T, name string) (values []float64, shape []int) {
	t.Helper()
	for _, a := range k {
		if a.Name == name {
			if a.Float64 != nil || a.Float32 == nil {
				return a.Float64, a.Shape
			}
			return float64s(a.Float32), a.Shape
		}
	}
	t.Fatalf("the fixture has no %s", name)
	return nil, nil
}

// distance is the largest difference, and largest the largest absolute value.
func distance(got, want []float64) float64 {
	d := 0.0
	for i, w := range want {
		d = max(d, math.Abs(got[i]-w))
	}
	return d
}

func largest(values []float64) float64 {
	return max(slices.Max(values), -slices.Min(values))
}

const kerasVariables = 4

var kerasOptimizers = []struct {
	name string
	o    Optimizer
}{
	{"sgd", SGD{}},
	{"sgd_momentum", SGD{LearningRate: 0.05, Momentum: 0.9}},
	{"sgd_nesterov", SGD{LearningRate: 0.02, Momentum: 0.8, Nesterov: true}},
	{"sgd_momentum_decay", SGD{LearningRate: 0.05, Momentum: 0.9, Base: Base{WeightDecay: 0.1}}},
	{"adam", Adam{}},
	{"adam_settings", Adam{LearningRate: 0.01, Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-3}},
	{"adam_amsgrad", Adam{LearningRate: 0.01, AMSGrad: true}},
	{"adam_no_momentum", Adam{LearningRate: 0.01, Beta1: Zero}},
	{"adam_clipnorm", Adam{LearningRate: 0.01, Base: Base{ClipNorm: 1}}},
	{"adam_global_clipnorm", Adam{LearningRate: 0.01, Base: Base{GlobalClipNorm: 2}}},
	{"adam_clipvalue", Adam{LearningRate: 0.01, Base: Base{ClipValue: 0.25}}},
	{"adam_cosine", Adam{Base: Base{WeightDecay: 0.05, Schedule: CosineDecay{DecaySteps: 12, Alpha: 0.1, WarmupTarget: 0.02, WarmupSteps: 4}}}},
	{"adamw", AdamW{}},
	{"adamw_settings", AdamW{LearningRate: 0.01, AMSGrad: true, Base: Base{WeightDecay: 0.3, GlobalClipNorm: 1}}},
	{"adamw_no_decay", AdamW{LearningRate: 0.01, Base: Base{WeightDecay: Zero, ClipNorm: Zero}}},
	{"adamax", Adamax{}},
	{"adamax_settings", Adamax{LearningRate: 0.05, Beta1: 0.7, Beta2: 0.9, Epsilon: 1e-3, Base: Base{WeightDecay: 0.02}}},
	{"nadam", Nadam{}},
	{"nadam_settings", Nadam{LearningRate: 0.02, Beta1: 0.8, Beta2: 0.9, Epsilon: 1e-4, Base: Base{ClipNorm: 3}}},
	{"rmsprop", RMSprop{}},
	{"rmsprop_momentum", RMSprop{LearningRate: 0.005, Rho: 0.8, Momentum: 0.7}},
	{"rmsprop_centered", RMSprop{LearningRate: 0.005, Rho: 0.85, Centered: true, Epsilon: 1e-3}},
	{"rmsprop_all", RMSprop{LearningRate: 0.005, Momentum: 0.5, Centered: true, Epsilon: 1e-2, Base: Base{WeightDecay: 0.1, ClipValue: 0.5}}},
	{"rmsprop_no_rho", RMSprop{LearningRate: 0.005, Rho: Exactly(0)}},
	{"adagrad", Adagrad{}},
	{"adagrad_settings", Adagrad{LearningRate: 0.1, InitialAccumulatorValue: 0.5, Epsilon: 1e-3, Base: Base{ClipNorm: 0.5}}},
	{"adagrad_from_zero", Adagrad{LearningRate: 0.1, InitialAccumulatorValue: Zero}},
	{"adadelta", Adadelta{}},
	{"lion", Lion{}},
	{"lion_settings", Lion{LearningRate: 0.01, Beta1: 0.8, Beta2: 0.95, Base: Base{WeightDecay: 0.2, ClipNorm: 1}}},
	{"older_rmsprop", RMSprop{LearningRate: 0.005, Rho: 0.8, EpsilonAfterRoot: true}},
	{"older_rmsprop_centered", RMSprop{LearningRate: 0.005, Epsilon: 1e-3, Centered: true, EpsilonAfterRoot: true}},
	{"older_adagrad", Adagrad{LearningRate: 0.1, InitialAccumulatorValue: Zero, Epsilon: 1e-4, EpsilonAfterRoot: true}},
	{"older_nadam", Nadam{LearningRate: 0.01, MomentumDecay: 0.004}},
	{"older_nadam_settings", Nadam{LearningRate: 0.02, Beta1: 0.8, Beta2: 0.9, Epsilon: 1e-4, MomentumDecay: 0.1}},
	{"adadelta_paper", Adadelta{LearningRate: 1, Rho: 0.9, Epsilon: 1e-5, Base: Base{WeightDecay: 0.01}}},
}

func kerasStart(t *testing.T, k kerasArrays) (variables []*graph.Variable, gradients [][][]float32) {
	for i := range kerasVariables {
		values, shape := k.get(t, fmt.Sprintf("value/%d", i))
		all, _ := k.get(t, fmt.Sprintf("gradient/%d", i))
		v := &graph.Variable{Layer: "layer", Name: fmt.Sprint(i), Shape: shape, Trainable: true}
		v.Value = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(make([]float32, len(values))))
		if err := v.Set(values); err != nil {
			t.Fatal(err)
		}
		variables = append(variables, v)
		var steps [][]float32
		for s := 0; s < len(all); s += len(values) {
			step := make([]float32, len(values))
			for j := range step {
				step[j] = float32(all[s+j])
			}
			steps = append(steps, step)
		}
		gradients = append(gradients, steps)
	}
	return variables, gradients
}

// After each of 20 steps, all values must be those that Keras computes in float64; at the end, the optimizer's state too, in
// Keras' order. The sums must be of the gradient before clipping and the whole step, with weight decay.
func TestOptimizersAgreeWithKeras(t *testing.T) {
	k := readKeras(t, "optimizers.npz")
	for _, c := range kerasOptimizers {
		t.Run(c.name, func(t *testing.T) {
			variables, gradients := kerasStart(t, k)
			u, err := newUpdates(c.o, variables, nil)
			if err != nil {
				t.Fatal(err)
			}
			for step := range gradients[0] {
				before := make([][]float64, len(variables))
				for i, v := range variables {
					before[i] = v.Values()
				}
				_, sums := u.step(nil, func(i int) []float32 { return gradients[i][step] })
				for i, v := range variables {
					all, _ := k.get(t, fmt.Sprintf("%s/%d", c.name, i))
					got := v.Values()
					if d := distance(got, all[step*len(got):(step+1)*len(got)]) / largest(all); !(d <= 1e-6) {
						t.Fatalf("step %d, variable %d: off by %.2g of the largest value", step, i, d)
					}
					var want graph.UpdateSums
					for j, x := range got {
						g := float64(gradients[i][step][j])
						want.Gradient += g * g
						want.Weight += before[i][j] * before[i][j]
						want.Step += (x - before[i][j]) * (x - before[i][j])
					}
					pairs := [][2]float64{{sums[i].Gradient, want.Gradient}, {sums[i].Weight, want.Weight}, {sums[i].Step, want.Step}}
					for _, p := range pairs {
						if math.Abs(p[0]-p[1]) > 1e-6*p[1] {
							t.Errorf("step %d, variable %d: sums %+v, want %+v", step, i, sums[i], want)
							break
						}
					}
				}
			}
			checkState(t, u.state().Slots, k, c.name)
		})
	}
}

// checkState compares the optimizer's arrays with Keras', each as share of the largest value in all arrays of that name.
func checkState(t *testing.T, slots []Slot, k kerasArrays, name string) {
	t.Helper()
	want, _ := k.get(t, name+"/state")
	off, scale := map[string]float64{}, map[string]float64{}
	for _, slot := range slots {
		n := len(slot.Values)
		if n > len(want) {
			t.Fatalf("more state than Keras has: %s of %q", slot.Name, slot.Variable)
		}
		off[slot.Name] = max(off[slot.Name], distance(float64s(slot.Values), want[:n]))
		scale[slot.Name] = max(scale[slot.Name], largest(want[:n]))
		want = want[n:]
	}
	for slot, d := range off {
		if d /= scale[slot]; !(d <= 1e-6) {
			t.Errorf("%s is off by %.2g of the largest value", slot, d)
		}
	}
	if len(want) > 0 {
		t.Errorf("Keras has %d more values of state", len(want))
	}
}

// A state handed over must continue as if nothing had happened.
func TestOptimizersContinueFromAState(t *testing.T) {
	k := readKeras(t, "optimizers.npz")
	for _, c := range kerasOptimizers {
		variables, gradients := kerasStart(t, k)
		u, err := newUpdates(c.o, variables, nil)
		for step := range gradients[0] {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if step == 7 {
				state := u.state().clone()
				u, err = newUpdates(c.o, variables, &state)
			}
			u.step(nil, func(i int) []float32 { return gradients[i][step] })
		}
		for i, v := range variables {
			all, _ := k.get(t, fmt.Sprintf("%s/%d", c.name, i))
			got := v.Values()
			if d := distance(got, all[len(all)-len(got):]) / largest(all); !(d <= 1e-6) {
				t.Errorf("%s, variable %d: off by %.2g of the largest value", c.name, i, d)
			}
		}
	}
}

func TestSchedulesAgreeWithKeras(t *testing.T) {
	k := readKeras(t, "schedules.npz")
	for _, c := range []struct {
		name string
		s    Schedule
	}{
		{"exponential", ExponentialDecay{0.1, 30, 0.9, false}},
		{"exponential_staircase", ExponentialDecay{0.1, 30, 0.5, true}},
		{"exponential_staircase", StepDecay{InitialLearningRate: 0.1, DecaySteps: 30, DecayRate: 0.5}},
		{"inverse_time", InverseTimeDecay{0.1, 20, 0.5, false}},
		{"inverse_time_staircase", InverseTimeDecay{0.1, 20, 0.5, true}},
		{"polynomial", PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 150}},
		{"polynomial_settings", PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 120, EndLearningRate: 0.01, Power: 2}},
		{"polynomial_to_zero", PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 120, EndLearningRate: Zero, Power: 0.5}},
		{"polynomial_cycle", PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 50, EndLearningRate: 0.01, Power: 1.5, Cycle: true}},
		{"piecewise", PiecewiseConstantDecay{[]int{10, 60, 150}, []float64{0.1, 0.05, 0.01, 0.001}}},
		{"cosine", CosineDecay{InitialLearningRate: 0.1, DecaySteps: 150}},
		{"cosine_alpha", CosineDecay{InitialLearningRate: 0.1, DecaySteps: 150, Alpha: 0.2}},
		{"cosine_warmup", CosineDecay{InitialLearningRate: 0.01, DecaySteps: 120, Alpha: 0.1, WarmupTarget: 0.2, WarmupSteps: 30}},
		{"cosine_warmup_no_steps", CosineDecay{InitialLearningRate: 0.01, DecaySteps: 120, WarmupTarget: 0.2}},
		{"restarts", CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 25}},
		{"restarts_settings", CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 16, TMul: 1.5, MMul: 0.8, Alpha: 0.05}},
		{"restarts_even", CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 40, TMul: 1, MMul: 0.9}},
	} {
		if err := c.s.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		// Keras rounds to float32 on its way, which a sum that cancels shows: near the end of a cosine.
		want, _ := k.get(t, c.name)
		largest := slices.Max(want)
		for step, w := range want {
			if got := c.s.Rate(step); math.Abs(got-w) > 1e-6*w+0x1p-23*largest {
				t.Errorf("%s: rate %.9g at step %d, Keras has %.9g", c.name, got, step, w)
			}
		}
	}
}

func TestPlateauAgreesWithKeras(t *testing.T) {
	k := readKeras(t, "optimizers.npz")
	losses, _ := k.get(t, "plateau/loss")
	for _, c := range []struct {
		name string
		p    Plateau
	}{
		{"default", Plateau{Patience: 3}},
		{"cooldown", Plateau{Factor: 0.5, Patience: 2, Cooldown: 2, MinDelta: 0.01}},
		{"floor", Plateau{Factor: 0.2, Patience: 1, MinDelta: Zero, MinRate: 0.004}},
	} {
		want, _ := k.get(t, "plateau_"+c.name)
		var state plateauState
		rate, lowered := 0.1, 0
		for epoch, loss := range losses {
			before := rate
			if rate = state.next(c.p, loss, rate); rate != before {
				lowered++
			}
			if math.Abs(rate-want[epoch]) > 1e-6*want[epoch] {
				t.Errorf("%s: rate %g after epoch %d, Keras has %g", c.name, rate, epoch, want[epoch])
			}
		}
		if lowered < 2 {
			t.Errorf("%s: the losses lower the rate %d times only", c.name, lowered)
		}
	}
}
