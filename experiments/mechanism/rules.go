package mechanism

import (
	"math"
	"slices"

	"dcae/experiments/outcome"
	"dcae/graph/arithmetic"
)

// Kind is a mechanism's name.
type Kind string

// The mechanisms. A run has at most one that begins it (unreachable, long steps) and one that ends it.
const (
	Unreachable  Kind = "unreachable"       // the output's activation cannot print the images' values
	LongSteps    Kind = "long steps"        // a step changes a layer by more than its weights
	NotANumber   Kind = "not a number"      // the loss is no longer finite
	Diverged     Kind = "diverged"          // it is, and far above its start
	Lagging      Kind = "moving statistics" // of batch normalization, which the weights have left behind
	Saturated    Kind = "saturated output"  // the output is one image at a limit of its activation
	Dead         Kind = "dead layer"        // all units of a hidden layer are dead
	ZeroKernels  Kind = "zero kernels"      // all kernels start at zero
	NoGradient   Kind = "no gradient"       // none ever reached the first layer
	ShortSteps   Kind = "short steps"       // all steps together hardly change the weights
	Vanishing    Kind = "vanishing"         // the gradient fades on its way to the first layer, which stands still
	Fading       Kind = "fading"            // it fades, but the optimizer moves the layer all the same
	Bottleneck   Kind = "bottleneck"        // it has lost units
	DeadUnits    Kind = "dead units"        // of another hidden layer, most
	BestConstant Kind = "best constant"     // one image for every input: that which the loss likes best
	Unfinished   Kind = "unfinished"        // the loss still falls
	Undecided    Kind = "undecided"         // no rule holds
)

// Limits of what the rules call by its name.
const (
	floorFVU       = 0.05  // what an output that cannot print the images must cost at least to be named
	longStep       = 1     // step over weights
	rise           = 1.1   // later loss over the first one, from which on the loss is above its start
	soon           = 10    // steps within which what follows a long step is its doing
	saturatedShare = 0.95  // of the output's values
	saturatedSlope = 0.02  // of the activation; 0.25 is the most that a sigmoid can have
	fallen         = 1e-2  // last layer's gradient over its first one
	vanished       = 1e-4  // first layer's gradient over the last one's
	standingStep   = 1e-4  // step over weights under which a layer hardly moves; about 0.001 is usual
	shortPath      = 0.1   // sum of all steps over weights
	saturatedLayer = 0.5   // share of a hidden layer's values at which it is named where most of a gradient is lost
	mostUnits      = 0.75  // share of a layer's units
	halfOfCode     = 0.5   // share of the bottleneck's units whose loss may keep a model from learning
	someOfCode     = 0.125 // and whose loss is told of a run that learned
	quarterFall    = 0.05  // share of the loss that goes in the last quarter of a single epoch which ended too early; batches differ by less
)

// Finding is a mechanism that a rule found in a run, with the numbers that its words need; the rule's words say which they are.
type Finding struct {
	Kind    Kind
	Layer   string
	Other   string // a second layer, or what else the rule names
	Where   string // a third
	Numbers []float64
}

// rule finds a mechanism in a run, and puts it into words for several runs that share it.
type rule struct {
	kind Kind
	find func(*Run) *Finding
	say  func(shared) string
}

// begins are the rules for what a failure begins with.
var begins = []rule{
	{Unreachable, unreachable, sayUnreachable},
	{LongSteps, longSteps, sayLongSteps},
}

// ends are the rules for what keeps a run from learning, in the order in which they are tried: the first that holds is the one, since what
// comes later may be its consequence.
var ends = []rule{
	{NotANumber, notANumber, sayNotANumber},
	{Diverged, diverged, sayDiverged},
	{ZeroKernels, zeroKernels, sayZeroKernels},
	{Lagging, lagging, sayLagging},
	{Saturated, saturatedOutput, saySaturated},
	{Dead, deadLayer, sayDead},
	{NoGradient, noGradient, sayNoGradient},
	{ShortSteps, shortSteps, sayShortSteps},
	{Vanishing, vanishing, sayVanishing},
	{Fading, fading, sayFading},
	{Bottleneck, bottleneck, sayBottleneck},
	{DeadUnits, deadUnits, sayDeadUnits},
	{BestConstant, bestConstant, sayBestConstant},
	{Unfinished, unfinished, sayUnfinished},
}

// Explain gives the mechanisms of a run, in the order in which they act. A run that learned has none, unless its bottleneck lost units. One
// that did not has one at least, Undecided where no rule holds.
func Explain(r *Run) []Finding {
	if r.Outcome == outcome.Learned {
		if f := lostUnits(r, someOfCode); f != nil {
			return []Finding{*f}
		}
		return nil
	}
	var out []Finding
	for _, rules := range [][]rule{begins, ends} {
		for _, rule := range rules {
			if f := rule.find(r); f != nil {
				f.Kind = rule.kind
				out = append(out, *f)
				break
			}
		}
	}
	if len(out) == 0 {
		out = append(out, Finding{Kind: Undecided})
	}
	return out
}

// unreachable: the images' values lie beyond the output's limits.
func unreachable(r *Run) *Finding {
	o := r.Output
	if o.Layer == "" || !(o.Floor > floorFVU) { // the limits of a run without an epoch are not known
		return nil
	}
	return &Finding{Layer: o.Layer, Other: o.Activation, Numbers: []float64{o.Low, o.High, o.DataLow, o.DataHigh, o.Beyond, o.Floor}}
}

// longSteps: a step was longer than the weights that it changed, and soon the loss was above its start, or the output at a limit, or a
// layer without gradient.
func longSteps(r *Run) *Finding {
	var at *Layer
	step := len(r.Loss)
	for i := range r.Layers {
		l := &r.Layers[i]
		for s := 0; s < min(len(l.Update), step+1); s++ {
			if u := l.Update[s]; u > longStep && finite(u) && l.Weight[s] > 0 && (s < step || u > at.Update[s]) {
				at, step = l, s
			}
		}
	}
	if at == nil {
		return nil
	}
	highest := 0.0
	for _, loss := range r.Loss[min(step+1, len(r.Loss)):] {
		if !finite(loss) {
			highest = math.Inf(1)
		}
		highest = max(highest, loss/r.Loss[0])
	}
	ruined := false
	for _, find := range []func(*Run) *Finding{saturatedOutput, deadLayer} {
		if f := find(r); f != nil {
			ruined = ruined || f.Numbers[0] > float64(step+1) && f.Numbers[0] <= float64(step+1+soon)
		}
	}
	if highest < rise && !ruined {
		return nil
	}
	return &Finding{Layer: at.Name, Numbers: []float64{float64(step + 1), at.Update[step], highest}}
}

func notANumber(r *Run) *Finding {
	for i, loss := range r.Loss {
		if !finite(loss) {
			return &Finding{Numbers: []float64{float64(i + 1)}}
		}
	}
	return nil
}

func diverged(r *Run) *Finding {
	if r.Outcome != outcome.Diverged || len(r.Epochs) == 0 || len(r.Loss) == 0 {
		return nil
	}
	return &Finding{Numbers: []float64{last(r.Epochs) / r.Loss[0]}}
}

// saturatedOutput: nearly all outputs are at a limit of the activation, whose slope there lets no gradient back: either it is known to be
// small, or the gradient is exactly zero, to the end.
func saturatedOutput(r *Run) *Finding {
	l := r.layer(r.Output.Layer)
	slope, ok := r.Output.slopeAtMost(r.HeldOutMean)
	if l == nil || !ok || !(last(l.Saturated) >= saturatedShare) || len(l.Gradient) == 0 {
		return nil
	}
	step := since(len(l.Gradient), func(i int) bool { return l.Gradient[i] == 0 })
	if limit := fallen * l.Gradient[0]; step == 0 && slope < saturatedSlope && late(l.Gradient) <= limit { // single later steps may be above it
		step = 1 + slices.IndexFunc(l.Gradient, func(g float64) bool { return g <= limit })
	}
	if step == 0 {
		return nil
	}
	return &Finding{Layer: l.Name, Numbers: []float64{float64(step), last(l.Saturated), slope, last(l.Gradient)}}
}

// deadLayer: all units of a hidden layer are dead on held-out images after the last epoch. Of several the last is named. Where training images
// wake no unit either, no layer up to it gets a gradient; batch normalization, which takes other statistics in training, may let some through.
func deadLayer(r *Run) *Finding {
	var found *Finding
	for _, l := range r.hidden() {
		if last(l.Dead) < 1 {
			continue
		}
		epoch := since(len(l.Dead), func(i int) bool { return l.Dead[i] == 1 })
		step := r.stepOf(epoch - 1)
		if s := since(len(l.Gradient), func(i int) bool { return l.Gradient[i] == 0 }); s > 0 {
			step = s
		}
		left := 0.0 // of the gradients up to it, in the last step
		for i := range r.Layers {
			if own := &r.Layers[i]; len(own.Gradient) > 0 {
				left = max(left, last(own.Gradient))
			}
			if r.Layers[i].Name == l.Name {
				break
			}
		}
		found = &Finding{Layer: l.Name, Numbers: []float64{float64(step), float64(l.Units), left}}
	}
	return found
}

// zeroKernels: all kernels start at zero, and the first one gets no gradient, at least at first.
func zeroKernels(r *Run) *Finding {
	kernels := r.kernels()
	if len(kernels) == 0 {
		return nil
	}
	for _, l := range kernels {
		if l.Weight[0] != 0 {
			return nil
		}
	}
	n := 0
	for n < len(kernels[0].Gradient) && kernels[0].Gradient[n] == 0 {
		n++
	}
	if n == 0 {
		return nil
	}
	return &Finding{Layer: kernels[0].Name, Numbers: []float64{float64(len(kernels)), float64(n), float64(len(r.Loss))}}
}

// noGradient: the first layer with a kernel never got one.
func noGradient(r *Run) *Finding {
	kernels := r.kernels()
	never := func(l *Layer) bool {
		return since(len(l.Gradient), func(i int) bool { return l.Gradient[i] == 0 }) == 1
	}
	if len(kernels) == 0 || !never(kernels[0]) {
		return nil
	}
	end := kernels[0]
	for _, l := range kernels {
		if never(l) {
			end = l
		}
	}
	return &Finding{Layer: kernels[0].Name, Other: end.Name}
}

// shortSteps: even if all steps of a layer went the same way, they would hardly have changed it.
func shortSteps(r *Run) *Finding {
	var most float64
	var at *Layer
	for i := range r.Layers {
		path := 0.0
		for _, u := range r.Layers[i].Update {
			path += u
		}
		if path > most {
			most, at = path, &r.Layers[i]
		}
	}
	if at == nil || !(most < shortPath) {
		return nil
	}
	return &Finding{Numbers: []float64{float64(len(at.Update)), most}}
}

// vanishing: the first layer's gradient is tiny beside the last one's, and the layer hardly moves.
func vanishing(r *Run) *Finding {
	return faded(r, func(step float64) bool { return step < standingStep })
}

// fading: the same, but the layer moves, since an optimizer such as Adam divides by the gradient's size.
func fading(r *Run) *Finding {
	return faded(r, func(step float64) bool { return step >= standingStep })
}

func faded(r *Run, moves func(step float64) bool) *Finding {
	k := r.kernels()
	if len(k) < 2 {
		return nil
	}
	first, end := k[0], k[len(k)-1]
	ratio := late(first.Gradient) / late(end.Gradient)
	if !(ratio > 0 && ratio < vanished) || !moves(late(first.Update)) {
		return nil
	}
	drop, at := 0.0, k[0] // the largest between two neighbours, and the first of these
	for i, l := range k[:len(k)-1] {
		if d := late(k[i+1].Gradient) / late(l.Gradient); d > drop {
			drop, at = d, l
		}
	}
	saturated := 0.0
	if len(at.Saturated) > 0 {
		saturated = last(at.Saturated)
	}
	start := since(len(first.Gradient), func(i int) bool { return first.Gradient[i] < 10*vanished*end.Gradient[i] })
	return &Finding{Layer: first.Name, Other: end.Name, Where: at.Name, Numbers: []float64{
		ratio, arithmetic.Pow(ratio, -1/float64(len(k)-1)), float64(start), first.Gradient[0] / end.Gradient[0], drop, saturated, late(first.Update),
	}}
}

func lagging(r *Run) *Finding {
	if !(r.Reestimated < outcome.LearnedFVU) {
		return nil
	}
	return &Finding{Numbers: []float64{r.FVU, r.Reestimated}}
}

// bottleneck: so many of its units are dead that little can pass.
func bottleneck(r *Run) *Finding { return lostUnits(r, halfOfCode) }

func lostUnits(r *Run, least float64) *Finding {
	for _, l := range r.hidden() {
		if l.Narrowest && last(l.Dead) >= least {
			return &Finding{Kind: Bottleneck, Layer: l.Name, Numbers: []float64{math.Round(last(l.Dead) * float64(l.Units)), float64(l.Units)}}
		}
	}
	return nil
}

// deadUnits: most of a hidden layer's. Of several layers the one with the largest share is named.
func deadUnits(r *Run) *Finding {
	var found *Finding
	for _, l := range r.hidden() {
		share := last(l.Dead)
		if share < mostUnits || found != nil && share <= found.Numbers[0] {
			continue
		}
		epoch := since(len(l.Dead), func(i int) bool { return l.Dead[i] >= mostUnits })
		found = &Finding{Layer: l.Name, Numbers: []float64{share, float64(r.stepOf(epoch - 1))}}
	}
	return found
}

// bestConstant: that no other image would do better for every input keeps a model there.
func bestConstant(r *Run) *Finding {
	switch r.Outcome {
	case outcome.MeanImage, outcome.MedianImage, outcome.BestConstant:
		k := r.kernels()
		if len(k) == 0 {
			return nil
		}
		return &Finding{Other: string(r.Outcome), Numbers: []float64{r.FVU, late(k[0].Gradient) / late(k[len(k)-1].Gradient)}}
	}
	return nil
}

func unfinished(r *Run) *Finding {
	n := len(r.Epochs)
	if quarter := len(r.Loss) / 4; n == 1 && r.Outcome == outcome.Stuck && quarter > 0 { // a single epoch has none before it to be held against
		before, last := 0.0, 0.0
		for i, loss := range r.Loss[len(r.Loss)-quarter:] {
			before, last = before+r.Loss[len(r.Loss)-2*quarter+i], last+loss
		}
		if fall := (before - last) / before; fall > quarterFall {
			return &Finding{Numbers: []float64{fall, 1}}
		}
	}
	if r.Outcome != outcome.Slow || n < 2 {
		return nil
	}
	return &Finding{Numbers: []float64{(r.Epochs[n-2] - r.Epochs[n-1]) / r.Epochs[n-2], float64(n)}}
}
