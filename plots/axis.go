package plots

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// maxNameWidth is where longer names on an axis are cut off.
const maxNameWidth = 130 // batch_normalization_12 fits

// axis is one axis of a picture. Min and max are finite and differ, and are positive on a logarithmic axis; see span.axis.
type axis struct {
	label    string
	min, max float64
	log      bool
	integers bool      // ticks at whole numbers alone
	zeroBand vg.Length // on a logarithmic axis: height of the band below it for exact zeros
	names    []string  // ticks at 0, 1, 2, ... instead of numbers
	at       []float64 // ticks at these values instead of round ones
}

// logScale places zero, which has no logarithm, into a band at the low end of the axis.
type logScale struct{ band float64 } // share of the axis

// Normalize never panics, unlike plot.LogScale.
func (s logScale) Normalize(lo, hi, x float64) float64 {
	if !(x > 0) {
		return s.band / 2
	}
	return s.band + (1-s.band)*(math.Log(x)-math.Log(lo))/(math.Log(hi)-math.Log(lo))
}

// zeroShare is the share of an axis of the given length that its zero band takes.
func (a axis) zeroShare(length vg.Length) float64 {
	if !a.log || a.zeroBand <= 0 || length <= 0 {
		return 0
	}
	return math.Min(0.22, float64(a.zeroBand/length))
}

// ticks returns marks for an axis of the given length.
func (a axis) ticks(length vg.Length, vertical bool) []plot.Tick {
	spacing := vg.Length(52)
	if vertical {
		spacing = 26
	}
	count := max(2, int(length/spacing))
	switch {
	case a.names != nil:
		return a.nameTicks(length, vertical)
	case len(a.at) > 0:
		return a.givenTicks(length)
	case a.log:
		ticks := logTicks(a.min, a.max, count)
		if a.zeroBand > 0 {
			ticks = append(a.clearOfZero(ticks, length), plot.Tick{Value: 0, Label: "0"})
		}
		return ticks
	default:
		return linearTicks(a.min, a.max, count, a.integers)
	}
}

// nameTicks names every k-th place if not all names have room.
func (a axis) nameTicks(length vg.Length, vertical bool) []plot.Tick {
	every := a.namedEvery(length, vertical)
	ticks := make([]plot.Tick, 0, len(a.names))
	for i, name := range a.names {
		// a vertical axis counts from below, but is read from its top
		if place := i; place%every == 0 && !vertical || (len(a.names)-1-place)%every == 0 && vertical {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: tickText.fit(name, maxNameWidth)})
		}
	}
	return ticks
}

// namedEvery is 1 where all names have room, k where only every k-th has.
func (a axis) namedEvery(length vg.Length, vertical bool) int {
	room := tickText.size
	spacing := a.nameSpacing(length)
	switch {
	case spacing >= room:
		return 1
	case spacing <= 0:
		return max(1, len(a.names))
	}
	if !vertical { // short names fit beside each other, longer ones are turned
		room = max(room, min(tickText.widest(a.names)+besideGap, 2*room))
	}
	return int(math.Ceil(float64(room / spacing)))
}

// nameSpacing is the distance of neighbouring places.
func (a axis) nameSpacing(length vg.Length) vg.Length { return length / vg.Length(a.max-a.min) }

// besideGap is the least distance of names beside each other.
const besideGap = 6

// turned tells whether the names do not fit beside each other on a horizontal axis.
func (a axis) turned(length vg.Length) bool {
	return a.names != nil && tickText.widest(a.names)+besideGap > a.nameSpacing(length)*vg.Length(a.namedEvery(length, false))
}

// givenTicks are those at given values, without the labels that would run into the one before.
func (a axis) givenTicks(length vg.Length) []plot.Tick {
	scale := a.scale(length)
	end := vg.Length(math.Inf(-1))
	ticks := make([]plot.Tick, len(a.at))
	for i, v := range a.at {
		ticks[i] = plot.Tick{Value: v}
		label := formatTick(v, 0)
		middle, half := vg.Length(scale.Normalize(a.min, a.max, v))*length, tickText.width(label)/2
		if middle-half > end {
			ticks[i].Label, end = label, middle+half+6
		}
	}
	return ticks
}

// clearOfZero takes away labels that would run into that of the zero band.
func (a axis) clearOfZero(ticks []plot.Tick, length vg.Length) []plot.Tick {
	scale := a.scale(length)
	zero := scale.Normalize(a.min, a.max, 0)
	for i, t := range ticks {
		if vg.Length(scale.Normalize(a.min, a.max, t.Value)-zero)*length < tickText.lineHeight() {
			ticks[i].Label = ""
		}
	}
	return ticks
}

// scale returns how values are placed on an axis of the given length.
func (a axis) scale(length vg.Length) plot.Normalizer {
	if a.log {
		return logScale{a.zeroShare(length)}
	}
	return plot.LinearScale{}
}

// linearTicks returns labelled ticks at multiples of 1, 2 or 5 times a power of ten, about count or fewer.
func linearTicks(lo, hi float64, count int, integers bool) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/float64(count))))
	for _, factor := range []float64{1, 2, 5, 10} {
		if (hi-lo)/(step*factor) <= float64(count)+0.4 {
			step *= factor
			break
		}
	}
	if integers {
		step = math.Max(1, math.Round(step))
	}
	var ticks []plot.Tick
	first, last := math.Ceil(lo/step-1e-9), math.Floor(hi/step+1e-9)
	for i := first; i <= last && len(ticks) <= 2*count; i++ {
		v := i*step + 0 // no negative zero
		ticks = append(ticks, plot.Tick{Value: v, Label: formatTick(v, step)})
	}
	return ticks
}

// logTicks labels powers of ten, every second or third where they are many, and 1, 2, 5 in between where they are few. Less than
// half a decade is labelled as on a linear axis.
func logTicks(lo, hi float64, count int) []plot.Tick {
	decades := math.Log10(hi) - math.Log10(lo)
	if decades < 0.5 {
		return linearTicks(lo, hi, count, false)
	}
	every := math.Max(1, math.Ceil(decades/float64(count)))
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow(10, e)
			if v < lo*(1-1e-9) || v > hi*(1+1e-9) {
				continue
			}
			label := ""
			switch {
			case m == 1 && math.Mod(e, every) == 0, (m == 2 || m == 5) && 3*decades <= float64(count), m == 3 && 2*decades <= float64(count) && 3*decades > float64(count):
				label = formatTick(v, 0)
			}
			if label != "" || every == 1 {
				ticks = append(ticks, plot.Tick{Value: v, Label: label})
			}
		}
	}
	return ticks
}

// formatTick writes numbers of everyday size in full, others as 1e-7. Step, if not zero, is the distance of neighbours, which
// decides how many decimals all of them have.
func formatTick(v, step float64) string {
	size := math.Abs(v)
	switch {
	case size >= 0.99e5 || size > 0 && size < 0.99e-2 && step == 0 || size > 0 && math.Max(size, step) < 0.99e-3:
		return shortExponent(strconv.FormatFloat(v, 'e', exponentDigits(size, step), 64))
	case step > 0 && step < 1:
		return strconv.FormatFloat(v, 'f', int(math.Ceil(-math.Log10(step)-1e-9)), 64)
	default:
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
}

// exponentDigits is the number of decimals that tell apart neighbours at the given distance.
func exponentDigits(size, step float64) int {
	if step <= 0 {
		return 0
	}
	return int(math.Max(0, math.Min(6, math.Floor(math.Log10(size)+1e-9)-math.Floor(math.Log10(step)+1e-9))))
}

// shortExponent turns 1e-07 into 1e-7 and 1e+05 into 1e5.
func shortExponent(s string) string {
	for i := range s {
		if s[i] != 'e' {
			continue
		}
		n, err := strconv.Atoi(s[i+1:])
		if err != nil {
			return s
		}
		return s[:i] + "e" + strconv.Itoa(n)
	}
	return s
}
