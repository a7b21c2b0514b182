package mechanism

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"dcae/experiments/outcome"
	"dcae/experiments/statistics"
)

// shared are findings of one kind, of one run or of several.
type shared []Finding

// span is the number at a place in all of the findings: one, or from the smallest to the largest.
func (s shared) span(place int, format func(float64) string) string {
	r := s.spread(place)
	low, high := format(r.Low), format(r.High)
	if low == high {
		return low
	}
	return low + " to " + high
}

func (s shared) spread(place int) statistics.Interval {
	var values []float64
	for _, f := range s {
		values = append(values, f.Numbers[place])
	}
	return statistics.Range(values)
}

// mostListed is how many layers' names are listed; of more the number is told.
const mostListed = 3

// names lists what the findings name, each once.
func (s shared) names(of func(Finding) string) string {
	var all []string
	for _, f := range s {
		if name := of(f); name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if n := len(all); n > mostListed {
		return fmt.Sprintf("%s and %d other layers", strings.Join(all[:mostListed-1], ", "), n-mostListed+1)
	}
	return either(all)
}

func (s shared) layer() string { return s.names(func(f Finding) string { return f.Layer }) }
func (s shared) other() string { return s.names(func(f Finding) string { return f.Other }) }
func (s shared) where() string { return s.names(func(f Finding) string { return f.Where }) }

// either joins words: "a, b or c".
func either(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

// two digits are enough for a mechanism.
func two(x float64) string {
	text := fmt.Sprintf("%.2g", x)
	if size := math.Abs(x); size >= 100 && size < 1e5 { // no power of ten
		rounded, _ := strconv.ParseFloat(text, 64)
		return whole(rounded)
	}
	return text
}

func whole(x float64) string { return strconv.FormatFloat(x, 'f', 0, 64) }

// percent says 100% or 0% of all or none alone.
func percent(x float64) string {
	switch text := strconv.FormatFloat(100*x, 'f', 0, 64); {
	case x < 1 && x > 0.999:
		return "over 99.9%"
	case x > 0 && x < 0.001:
		return "under 0.1%"
	case x < 0.01 && x > 0, x > 0.99 && x < 1:
		return strconv.FormatFloat(100*x, 'f', 1, 64) + "%"
	default:
		return text + "%"
	}
}

// Words puts the mechanisms of several runs, all of which have the same kinds in the same order, into one phrase. It is "" of none.
func Words(runs [][]Finding) string {
	if len(runs) == 0 {
		return ""
	}
	var parts []string
	for i, first := range runs[0] {
		var same shared
		for _, findings := range runs {
			same = append(same, findings[i])
		}
		parts = append(parts, say(first.Kind, same))
	}
	return strings.Join(parts, "; then ")
}

func say(kind Kind, same shared) string {
	for _, rule := range slices.Concat(begins, ends) {
		if rule.kind == kind {
			return rule.say(same)
		}
	}
	return "the records do not decide why"
}

func sayUnreachable(s shared) string {
	return fmt.Sprintf("the output, %s, goes from %s to %s and the images from %s to %s: %s of their values cannot be printed, which alone leaves an FVU of %s or more",
		s.other(), s.span(0, two), s.span(1, two), s.span(2, two), s.span(3, two), s.span(4, percent), s.span(5, two))
}

func sayLongSteps(s shared) string {
	words := fmt.Sprintf("steps are too long, step %s changes %s by %s times its weights", s.span(0, whole), s.layer(), s.span(1, two))
	if r := s.spread(2); r.Low >= rise && finite(r.High) {
		words += fmt.Sprintf(", and the loss rises to %s times its start", s.span(2, two))
	}
	return words
}

func sayNotANumber(s shared) string {
	return fmt.Sprintf("the loss is not a number from step %s on", s.span(0, whole))
}

func sayDiverged(s shared) string {
	return fmt.Sprintf("the last epoch's loss is %s times the first step's", s.span(0, two))
}

func sayZeroKernels(s shared) string {
	return fmt.Sprintf("all %s kernels start at zero, and in the first %s of %s steps no gradient reaches %s", s.span(0, whole), s.span(1, whole), s.span(2, whole), s.layer())
}

func saySaturated(s shared) string {
	what := fmt.Sprintf("in step %s the gradient of %s falls under %s of the first step's", s.span(0, whole), s.layer(), percent(fallen))
	if s.spread(3).High == 0 {
		what = fmt.Sprintf("from step %s on no gradient comes back from it", s.span(0, whole))
	}
	words := fmt.Sprintf("the output saturates, and %s; in the end %s of its values are at a limit", what, s.span(1, percent))
	if s.spread(2).High < saturatedSlope {
		words += fmt.Sprintf(", with a mean slope of %s at most", two(s.spread(2).High))
	}
	return words
}

func sayDead(s shared) string {
	words := fmt.Sprintf("by step %s all %s units of %s are dead", s.span(0, whole), s.span(1, whole), s.layer())
	if s.spread(2).High == 0 {
		return words + ", and no gradient is left in it or before it"
	}
	return words + fmt.Sprintf(" on held-out images, though training images leave a gradient of up to %s in it or before it", two(s.spread(2).High))
}

func sayNoGradient(s shared) string {
	layers := s.layer()
	if s.other() != layers {
		layers += " to " + s.other()
	}
	return "from the first step to the last no gradient at all reaches " + layers
}

func sayShortSteps(s shared) string {
	move := "no layer by more than "
	share := percent(s.spread(1).High)
	if strings.HasPrefix(share, "under ") {
		move = "each layer by "
	}
	return fmt.Sprintf("the steps are too short or too few, all %s together move %s%s of its weights", s.span(0, whole), move, share)
}

func sayVanishing(s shared) string {
	return fmt.Sprintf("the gradient vanishes, %s; a step changes %s by %s of its weights", fadedWords(s), s.layer(), s.span(6, two))
}

func sayFading(s shared) string {
	return fmt.Sprintf("the gradient fades, %s; a step changes %s by %s of its weights all the same, so that this alone does not say why", fadedWords(s), s.layer(), s.span(6, two))
}

// fadedWords say by how much a gradient fades, since when, and where most of it is lost if that layer is saturated.
func fadedWords(s shared) string {
	words := fmt.Sprintf("by a factor of %s a layer, %s gets %s of what %s gets", s.span(1, two), s.layer(), s.span(0, two), s.other())
	switch start := s.spread(2); {
	case start.High == 1 && start.Low == 1:
		words += fmt.Sprintf(" (under %s from the first step on)", two(10*vanished))
	case start.Low > 0:
		words += fmt.Sprintf(" (under %s from step %s on; %s in the first)", two(10*vanished), s.span(2, whole), s.span(3, two))
	}
	if s.spread(5).Low >= saturatedLayer {
		words += fmt.Sprintf(", and most of that, a factor of %s, is lost at %s, of whose values %s are saturated", s.span(4, two), s.where(), s.span(5, percent))
	}
	return words
}

func sayLagging(s shared) string {
	return fmt.Sprintf("the moving statistics of batch normalization lag: FVU %s with them, %s with statistics taken anew from the same weights", s.span(0, two), s.span(1, two))
}

func sayDeadUnits(s shared) string {
	return fmt.Sprintf("%s of the units of %s are dead in the end, over %s by step %s", s.span(0, percent), s.layer(), percent(mostUnits), s.span(1, whole))
}

func sayBottleneck(s shared) string {
	return fmt.Sprintf("the bottleneck, %s, has lost %s of its %s units", s.layer(), s.span(0, whole), s.span(1, whole))
}

func sayBestConstant(s shared) string {
	what := map[string]string{
		string(outcome.MeanImage): "the mean image", string(outcome.MedianImage): "the median image",
	}[s[0].Other]
	if what == "" || s.other() != s[0].Other {
		what = "an image"
	}
	return fmt.Sprintf("the output is %s that the loss likes best of all constant ones (FVU %s), and the first layer's gradient is %s of the last one's", what, s.span(0, two), s.span(1, two))
}

func sayUnfinished(s shared) string {
	if s.spread(1).High == 1 {
		return fmt.Sprintf("the training ended too early: the last quarter of its single epoch still lowered the loss by %s", s.span(0, percent))
	}
	return fmt.Sprintf("the training ended too early: the last of %s epochs still lowered the loss by %s", s.span(1, whole), s.span(0, percent))
}
