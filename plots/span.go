package plots

import "math"

// Values beyond these limits count as the limits, so that axis bounds stay finite with their margins.
const (
	smallest = 1e-270
	largest  = 1e270
)

// deepest is how far below the largest value a logarithmic axis reaches: a gradient norm on its way through 1e-30 to zero would
// otherwise press all others into a corner.
const deepest = 1e-14

// span collects the range of the values that an axis can show.
type span struct {
	lo, hi float64
	any    bool // a value was seen
	zero   bool // an exact zero was seen
	log    bool
	depth  float64 // of a logarithmic axis; default deepest
}

// add takes finite values; on a logarithmic axis positive ones alone, noting zeros.
func (s *span) add(values ...float64) {
	for _, v := range values {
		if v == 0 {
			s.zero = true
		}
		if !isFinite(v) || s.log && v <= 0 {
			continue
		}
		if !s.any {
			s.lo, s.hi, s.any = v, v, true
		}
		s.lo, s.hi = math.Min(s.lo, v), math.Max(s.hi, v)
	}
}

func (s *span) addY(series Series) {
	for _, p := range series {
		s.add(p.Y)
	}
}

func (s *span) addX(series Series) {
	for _, p := range series {
		s.add(p.X)
	}
}

// axis returns an axis that shows the range with a margin of the given share on either side. One value alone gets room around
// it; without any the axis goes from 0 to 1, or 0.1 to 1.
func (s *span) axis(label string, padding float64) axis {
	a := axis{label: label, log: s.log}
	clamp := func(v float64) float64 { return math.Max(-largest, math.Min(v, largest)) }
	lo, hi := clamp(s.lo), clamp(s.hi)
	switch {
	case !s.any && s.log:
		a.min, a.max = 0.1, 1
	case !s.any:
		a.min, a.max = 0, 1
	case s.log:
		lo, hi = math.Max(lo, smallest), math.Max(hi, smallest)
		depth := s.depth
		if depth == 0 {
			depth = deepest
		}
		lo = math.Max(lo, hi*depth)
		if hi < lo*1.0001 {
			lo, hi = lo/2, hi*2
		}
		factor := math.Exp(padding * (math.Log(hi) - math.Log(lo)))
		a.min, a.max = lo/factor, hi*factor
	default:
		if hi-lo <= 1e-9*math.Max(math.Abs(lo), math.Abs(hi)) {
			room := math.Max(0.5, 0.1*math.Abs(lo))
			lo, hi = lo-room, hi+room
		}
		a.min, a.max = lo-padding*(hi-lo), hi+padding*(hi-lo)
	}
	return a
}
