package dataset

import (
	"github.com/pkg/errors"
)

// Scale names a way to bring values into a range that trains well.
type Scale int

// The ways to scale values.
const (
	ScaleDefault     Scale = iota // unit for the built-in sets, none for all others
	ScaleNone                     // values as they are
	ScaleUnit                     // 0..1: see [Scaling]
	ScaleStandardize              // mean 0, standard deviation 1 over all values of the training part
	ScaleMinMax                   // 0..1 from the smallest and largest value of the training part
)

var scaleNames = [...]string{"default", "none", "unit", "standardize", "minmax"}

// String gives the name that [ParseScale] reads.
func (s Scale) String() string {
	if s < 0 || int(s) >= len(scaleNames) {
		return "unknown"
	}
	return scaleNames[s]
}

// ParseScale reads none, unit, standardize, minmax, or default (also the empty string). It fails for any other name.
func ParseScale(name string) (Scale, error) {
	if name == "" {
		return ScaleDefault, nil
	}
	for i, known := range scaleNames {
		if name == known {
			return Scale(i), nil
		}
	}
	return 0, errors.Errorf("unknown scale %q: use none, unit, standardize or minmax", name)
}

// MarshalText gives the name, for JSON and YAML. It never fails.
func (s Scale) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseScale] reads. It fails where that does.
func (s *Scale) UnmarshalText(text []byte) (err error) {
	*s, err = ParseScale(string(text))
	return err
}

// Scaling is an affine map of values: scaled = (raw - Shift) / Divisor. A Divisor of 0 counts as 1, so that the zero
// value leaves values as they are. It is one map for all pixels and channels.
//
// ScaleUnit divides by the largest value that the source's type can hold: 255 for 8 bits, 65535 for 16, 1 for bool. For
// other types that is the smallest of 1, 255 and 65535 that no value of the training part exceeds.
type Scaling struct {
	Scale          Scale
	Shift, Divisor float64
}

func (s Scaling) identity() bool { return s.Shift == 0 && (s.Divisor == 0 || s.Divisor == 1) }

// Apply scales one raw value.
func (s Scaling) Apply(raw float64) float32 {
	if s.Divisor == 0 {
		return float32(raw - s.Shift)
	}
	return float32((raw - s.Shift) / s.Divisor)
}

// fit finds the parameters of a scale on the training images alone, which it takes unscaled.
func (s Scale) fit(train *Images) (Scaling, error) {
	scaling := Scaling{Scale: s, Divisor: 1}
	limit := train.store.limit
	switch {
	case s == ScaleNone || s == ScaleUnit && limit == 1:
		return scaling, nil
	case s == ScaleUnit && limit > 0:
		scaling.Divisor = limit
		return scaling, nil
	}
	m, err := train.moments()
	if err != nil {
		return scaling, err
	}
	if m.nonFinite > 0 {
		return scaling, errors.Errorf("training data hold %d values that are infinite or NaN, first in %s, so that scale %v has no parameters: %s",
			m.nonFinite, train.Name(m.firstNonFinite), s, nonFiniteAdvice)
	}
	switch s {
	case ScaleUnit:
		scaling.Divisor, err = unitDivisor(m)
	case ScaleStandardize:
		scaling.Shift, scaling.Divisor = m.mean, m.deviation()
	case ScaleMinMax:
		scaling.Shift, scaling.Divisor = m.min, m.max-m.min
	default:
		err = errors.Errorf("unknown scale %d", int(s))
	}
	if err == nil && scaling.Divisor == 0 {
		err = errors.Errorf("all values of the training images are %v: there is nothing to scale or to learn", m.min)
	}
	return scaling, err
}

func unitDivisor(m moments) (float64, error) {
	if m.min >= 0 {
		for _, limit := range []float64{1, 255, 65535} {
			if m.max <= limit {
				return limit, nil
			}
		}
	}
	return 0, errors.Errorf("scale unit is for values from 0 to 1, 255 or 65535, but they go from %v to %v: use minmax or standardize", m.min, m.max)
}
