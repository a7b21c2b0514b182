package training

import (
	"math"

	"dcae/graph/arithmetic"
)

// CosineDecay falls along half a cosine (Loshchilov and Hutter 2017, eq. 5, without restarts):
// rate * ((1-Alpha) * (1+cos(pi*step/DecaySteps))/2 + Alpha). rate is InitialLearningRate; with a WarmupTarget the rate
// rises evenly from InitialLearningRate to that over WarmupSteps first, and falls from there over DecaySteps.
type CosineDecay struct {
	InitialLearningRate float64 `setting:"initial_learning_rate"`
	DecaySteps          int     `setting:"decay_steps"`
	Alpha               float64 `setting:"alpha"`                        // share of the rate that is left at the end
	WarmupTarget        float64 `setting:"warmup_target,optional,quiet"` // default none
	WarmupSteps         int     `setting:"warmup_steps,quiet"`
}

func (CosineDecay) defaults() Schedule { return CosineDecay{} }

// Rate is the learning rate at a step, from 0.
func (c CosineDecay) Rate(step int) float64 {
	if c.WarmupTarget == 0 {
		return c.decayed(c.InitialLearningRate, step)
	}
	target := setting(c.WarmupTarget, 0)
	if step < c.WarmupSteps {
		return float64((target-c.InitialLearningRate)*(float64(step)/float64(c.WarmupSteps))) + c.InitialLearningRate
	}
	return c.decayed(target, step-c.WarmupSteps)
}

func (c CosineDecay) decayed(from float64, step int) float64 {
	return from * cosine(float64(min(step, c.DecaySteps))/float64(c.DecaySteps), 1, setting(c.Alpha, 0))
}

// String names the schedule and its settings.
func (c CosineDecay) String() string { return describeSchedule("cosine_decay", c) }

// Check tells what is wrong with the settings; nil if nothing is.
func (c CosineDecay) Check() error { return positive("decay_steps", c.DecaySteps) }

// CosineDecayRestarts is [CosineDecay] that starts anew after each period, each TMul times as long and starting at MMul
// times the rate of the one before it (Loshchilov and Hutter 2017).
type CosineDecayRestarts struct {
	InitialLearningRate float64 `setting:"initial_learning_rate"`
	FirstDecaySteps     int     `setting:"first_decay_steps"`
	TMul                float64 `setting:"t_mul"` // default 2
	MMul                float64 `setting:"m_mul"` // default 1
	Alpha               float64 `setting:"alpha"`
}

var restartsDefaults = CosineDecayRestarts{TMul: 2, MMul: 1}

func (CosineDecayRestarts) defaults() Schedule { return restartsDefaults }

// Rate is the learning rate at a step, from 0.
func (c CosineDecayRestarts) Rate(step int) float64 {
	longer := setting(c.TMul, restartsDefaults.TMul)
	done := float64(step) / float64(c.FirstDecaySteps) // periods, in lengths of the first
	restarts := math.Floor(done)
	begun := restarts
	if longer != 1 {
		restarts = math.Floor(arithmetic.Log(1-float64(done*(1-longer))) / arithmetic.Log(longer))
		begun = (1 - arithmetic.Pow(longer, restarts)) / (1 - longer)
	}
	fraction := (done - begun) / arithmetic.Pow(longer, restarts)
	return c.InitialLearningRate * cosine(fraction, arithmetic.Pow(setting(c.MMul, restartsDefaults.MMul), restarts), setting(c.Alpha, 0))
}

// String names the schedule and its settings.
func (c CosineDecayRestarts) String() string {
	return describeSchedule("cosine_decay_restarts", c)
}

// Check tells what is wrong with the settings; nil if nothing is.
func (c CosineDecayRestarts) Check() error {
	return positive("first_decay_steps", c.FirstDecaySteps)
}

// cosine is what is left of a rate when a fraction of its period is done.
func cosine(fraction, height, alpha float64) float64 {
	return float64((1-alpha)*0.5*height*(1+arithmetic.Cos(math.Pi*fraction))) + alpha
}
