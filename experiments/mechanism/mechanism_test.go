package mechanism

import (
	"math"
	"slices"
	"testing"

	"dcae/experiments/outcome"
)

// constructed is a run of 4 steps an epoch and 2 epochs in which nothing stands out, but that it did not learn. Layers: a, the bottleneck b, the
// output c with a sigmoid.
func constructed() *Run {
	layer := func(name string, units int) Layer {
		return Layer{
			Name: name, Kernel: true, Units: units, Gradient: slices.Repeat([]float64{0.1}, 8), Update: slices.Repeat([]float64{0.05}, 8),
			Weight: slices.Repeat([]float64{2}, 8), Dead: []float64{0, 0}, Saturated: []float64{0, 0},
		}
	}
	r := &Run{
		Arm: "arm", Seed: 1, Outcome: outcome.Stuck, Loss: []float64{1, 0.9, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7}, Epochs: []float64{0.85, 0.7},
		Layers: []Layer{layer("a", 8), layer("b", 8), layer("c", 1)}, FVU: 0.9, Reestimated: math.NaN(), HeldOutMean: 0.4,
		Output: Output{Layer: "c", Activation: "sigmoid", Low: 0, High: 1, DataLow: 0, DataHigh: 1},
	}
	r.Layers[1].Narrowest = true
	return r
}

// with is the constructed run changed in one or several ways.
func with(changes ...func(*Run)) *Run {
	r := constructed()
	for _, change := range changes {
		change(r)
	}
	return r
}

func gradients(layer int, values ...float64) func(*Run) {
	return func(r *Run) { r.Layers[layer].Gradient = values }
}

func faint(factor float64) func(*Run) {
	return func(r *Run) {
		r.Layers[0].Gradient = slices.Repeat([]float64{0.1 * factor}, 8)
		r.Layers[0].Gradient[0] = 0.01
		r.Layers[1].Gradient = slices.Repeat([]float64{0.01}, 8)
		r.Layers[0].Saturated = []float64{0.5, 0.9}
		r.Layers[0].Update = slices.Repeat([]float64{2e-5}, 8)
	}
}

func atLimit(share, mean float64) func(*Run) {
	return func(r *Run) { r.Layers[2].Saturated, r.HeldOutMean = []float64{share, share}, mean }
}

func dead(layer int, shares ...float64) func(*Run) {
	return func(r *Run) { r.Layers[layer].Dead = shares }
}

// singleEpoch makes a run of one epoch, whose losses end with the given ones.
func singleEpoch(last ...float64) func(*Run) {
	return func(r *Run) { r.Loss, r.Epochs = append(r.Loss[:4:4], last...), []float64{0.8} }
}

func ended(o outcome.Outcome) func(*Run) { return func(r *Run) { r.Outcome = o } }

// Each rule holds for a run, with its numbers in its words, and no longer does once the number is altered that decides.
func TestEachRuleHoldsByItsNumbers(t *testing.T) {
	falling := gradients(2, 0.1, 0.1, 0.002, 0.0005, 0.0005, 0.0005, 0.003, 0.0001)
	none := gradients(2, 0.1, 0.1, 0, 0, 0, 0, 0, 0)
	long := func(ratio float64) func(*Run) { return func(r *Run) { r.Layers[1].Update[1] = ratio } }
	loss := func(values ...float64) func(*Run) { return func(r *Run) { r.Loss = values } }
	for _, c := range []struct {
		kind    Kind
		run     *Run
		words   string
		altered *Run
	}{
		{Unreachable, with(func(r *Run) {
			r.Output.DataLow, r.Output.DataHigh, r.Output.Beyond, r.Output.Floor = -0.4, 2.8, 0.97, 0.61
		}),
			"the output, sigmoid, goes from 0 to 1 and the images from -0.4 to 2.8: 97% of their values cannot be printed, which alone leaves an FVU of 0.61 or more",
			with(func(r *Run) { r.Output.Beyond, r.Output.Floor = 0.97, 0.04 })},
		{Unreachable, with(func(r *Run) { r.Output.DataHigh, r.Output.Beyond, r.Output.Floor = 2, 0.5, 0.61 }),
			"the output, sigmoid, goes from 0 to 1 and the images from 0 to 2: 50% of their values cannot be printed, which alone leaves an FVU of 0.61 or more",
			with(func(r *Run) { r.Output = Output{DataHigh: 2, Beyond: 0.5, Floor: 0.61} })}, // of no epoch: its limits are not known
		{LongSteps, with(long(1.6), loss(1, 0.9, 3, 2, 1, 1, 1, 1)),
			"steps are too long, step 2 changes b by 1.6 times its weights, and the loss rises to 3 times its start",
			with(long(0.9), loss(1, 0.9, 3, 2, 1, 1, 1, 1))},
		{LongSteps, with(long(1.6), loss(1, 0.9, 3, 2, 1, 1, 1, 1)),
			"steps are too long, step 2 changes b by 1.6 times its weights, and the loss rises to 3 times its start",
			with(long(1.6), loss(1, 0.9, 1.05, 0.9, 1, 1, 1, 1))},
		{NotANumber, with(ended(outcome.Diverged), loss(1, 0.9, math.NaN())), "the loss is not a number from step 3 on", with(ended(outcome.Diverged), loss(1, 0.9, 0.8))},
		{Diverged, with(ended(outcome.Diverged), func(r *Run) { r.Epochs[1] = 12 }), "the last epoch's loss is 12 times the first step's", with(func(r *Run) { r.Epochs[1] = 12 })},
		{ZeroKernels, with(gradients(0, 0, 0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1), func(r *Run) {
			for i := range r.Layers {
				r.Layers[i].Weight[0] = 0
			}
		}), "all 3 kernels start at zero, and in the first 2 of 8 steps no gradient reaches a",
			with(gradients(0, 0, 0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1), func(r *Run) { r.Layers[0].Weight[0], r.Layers[1].Weight[0] = 0, 0 })},
		{Lagging, with(func(r *Run) { r.Reestimated = 0.3 }),
			"the moving statistics of batch normalization lag: FVU 0.9 with them, 0.3 with statistics taken anew from the same weights",
			with(func(r *Run) { r.Reestimated = 0.6 })},
		{Saturated, with(atLimit(0.99, 0.0002), falling),
			"the output saturates, and in step 4 the gradient of c falls under 1% of the first step's; in the end 99% of its values are at a limit, with a mean slope of 0.0002 at most",
			with(atLimit(0.9, 0.0002), falling)},
		{Saturated, with(atLimit(1, 0), none),
			"the output saturates, and from step 3 on no gradient comes back from it; in the end 100% of its values are at a limit, with a mean slope of 0 at most",
			with(atLimit(1, 0), gradients(2, 0.1, 0.1, 0, 0, 0, 0, 0, 0.01))},
		{Saturated, with(atLimit(0.99, 0.0002), falling),
			"the output saturates, and in step 4 the gradient of c falls under 1% of the first step's; in the end 99% of its values are at a limit, with a mean slope of 0.0002 at most",
			with(atLimit(0.99, 0.3), falling)},
		{Dead, with(dead(0, 1, 1), gradients(0, 0.1, 0.1, 0.1, 0, 0, 0, 0, 0)), "by step 4 all 8 units of a are dead, and no gradient is left in it or before it",
			with(dead(0, 1, 0.7), gradients(0, 0.1, 0.1, 0.1, 0, 0, 0, 0, 0))},
		{Dead, with(dead(1, 0, 1), gradients(1, 0.1, 0.1, 0.1, 0, 0, 0, 0, 0)), "by step 4 all 8 units of b are dead on held-out images, though training images leave a gradient of up to 0.1 in it or before it",
			with(dead(1, 0, 0.7))},
		{NoGradient, with(gradients(0, 0, 0, 0, 0, 0, 0, 0, 0), gradients(1, 0, 0, 0, 0, 0, 0, 0, 0)), "from the first step to the last no gradient at all reaches a to b",
			with(gradients(0, 0, 0, 0, 0, 0, 0, 0, 1), gradients(1, 0, 0, 0, 0, 0, 0, 0, 0))},
		{ShortSteps, with(func(r *Run) {
			for i := range r.Layers {
				r.Layers[i].Update = slices.Repeat([]float64{1e-5}, 8)
			}
		}), "the steps are too short or too few, all 8 together move each layer by under 0.1% of its weights",
			with(func(r *Run) {
				for i := range r.Layers {
					r.Layers[i].Update = slices.Repeat([]float64{0.02}, 8)
				}
			})},
		{ShortSteps, with(func(r *Run) {
			for i := range r.Layers {
				r.Layers[i].Update = slices.Repeat([]float64{0.01}, 8)
			}
		}), "the steps are too short or too few, all 8 together move no layer by more than 8% of its weights",
			with(func(r *Run) {
				for i := range r.Layers {
					r.Layers[i].Update = slices.Repeat([]float64{0.02}, 8)
				}
			})},
		{Vanishing, with(faint(1e-6)),
			"the gradient vanishes, by a factor of 1000 a layer, a gets 1e-06 of what c gets (under 0.001 from step 2 on; 0.1 in the first), and most of that, a factor of 1e+05, is lost at a, of whose values 90% are saturated; a step changes a by 2e-05 of its weights",
			with(faint(1e-3))},
		{Fading, with(faint(1e-6), func(r *Run) { r.Layers[0].Update[7] = 0.003 }),
			"the gradient fades, by a factor of 1000 a layer, a gets 1e-06 of what c gets (under 0.001 from step 2 on; 0.1 in the first), and most of that, a factor of 1e+05, is lost at a, of whose values 90% are saturated; a step changes a by 0.003 of its weights all the same, so that this alone does not say why",
			with(faint(1e-3), func(r *Run) { r.Layers[0].Update[7] = 0.003 })},
		{Bottleneck, with(dead(1, 0.5, 0.75)), "the bottleneck, b, has lost 6 of its 8 units", with(dead(1, 0.5, 0.25))},
		{Bottleneck, with(dead(1, 0.25, 0.25), ended(outcome.Learned)), "the bottleneck, b, has lost 2 of its 8 units", with(dead(1, 0, 0), ended(outcome.Learned))},
		{DeadUnits, with(dead(0, 0.75, 0.875)), "88% of the units of a are dead in the end, over 75% by step 4", with(dead(0, 0.75, 0.5))},
		{BestConstant, with(ended(outcome.MedianImage), gradients(0, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001)),
			"the output is the median image that the loss likes best of all constant ones (FVU 0.9), and the first layer's gradient is 0.01 of the last one's", with(ended(outcome.Constant))},
		{Unfinished, with(ended(outcome.Slow)), "the training ended too early: the last of 2 epochs still lowered the loss by 18%", with(ended(outcome.Stuck))},
		{Unfinished, with(singleEpoch(0.8, 0.8, 0.6, 0.6)), "the training ended too early: the last quarter of its single epoch still lowered the loss by 25%",
			with(singleEpoch(0.7, 0.7, 0.7, 0.68))},
		{Undecided, constructed(), "the records do not decide why", with(ended(outcome.Learned))},
	} {
		found := Explain(c.run)
		if len(found) == 0 || found[0].Kind != c.kind {
			t.Errorf("%s: found %v", c.kind, found)
			continue
		}
		if got := Words([][]Finding{found[:1]}); got != c.words {
			t.Errorf("%s\ngot  %s\nwant %s", c.kind, got, c.words)
		}
		if slices.ContainsFunc(Explain(c.altered), func(f Finding) bool { return f.Kind == c.kind }) {
			t.Errorf("%s still holds after the number was altered: %v", c.kind, Explain(c.altered))
		}
	}
}

// A long step after which the output saturates at once began it, although the loss never rose; long before or after, it did not.
func TestALongStepBeginsWhatFollowsAtOnce(t *testing.T) {
	run := func(step int) *Run {
		return with(atLimit(1, 0), gradients(2, 0.1, 0.1, 0, 0, 0, 0, 0, 0), func(r *Run) { r.Layers[0].Update[step-1] = 2 })
	}
	found := Explain(run(2))
	want := "steps are too long, step 2 changes a by 2 times its weights; then the output saturates, and from step 3 on no gradient comes back from it; in the end 100% of its values are at a limit, with a mean slope of 0 at most"
	if got := Words([][]Finding{found}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if found := Explain(run(4)); found[0].Kind != Saturated {
		t.Errorf("a step after the saturation began it: %v", found)
	}
}

// Numbers of several runs go from the smallest to the largest, and all layers are named.
func TestWordsOfSeveralRuns(t *testing.T) {
	runs := [][]Finding{
		{{Kind: Dead, Layer: "a", Numbers: []float64{12, 8, 0}}}, {{Kind: Dead, Layer: "b", Numbers: []float64{3, 8, 0}}}, {{Kind: Dead, Layer: "a", Numbers: []float64{7, 8, 0}}},
	}
	want := "by step 3 to 12 all 8 units of a or b are dead, and no gradient is left in it or before it"
	if got := Words(runs); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := Words(nil); got != "" {
		t.Errorf("of no runs: %q", got)
	}
}

func TestPercentSaysAllOrNoneOfThoseAlone(t *testing.T) {
	for x, want := range map[float64]string{0: "0%", 1: "100%", 0.99998: "over 99.9%", 0.996: "99.6%", 0.5: "50%", 0.004: "0.4%", 1e-6: "under 0.1%"} {
		if got := percent(x); got != want {
			t.Errorf("%g is %s, not %s", x, got, want)
		}
	}
}

func TestNumbersHaveTwoDigits(t *testing.T) {
	for x, want := range map[float64]string{38501: "39000", 6229: "6200", 99999: "100000", 196: "200", 95.2: "95", 0.00123: "0.0012", 1.2e6: "1.2e+06"} {
		if got := two(x); got != want {
			t.Errorf("%g: %s, want %s", x, got, want)
		}
	}
}
