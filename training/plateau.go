package training

import (
	"fmt"

	"github.com/pkg/errors"
)

// Plateau lowers the learning rate when the held-out squared error stands still, as Keras' ReduceLROnPlateau does: after
// Patience epochs that were not better than the best by more than MinDelta it becomes Factor times itself, but not less than
// MinRate, and nothing counts for Cooldown epochs.
type Plateau struct {
	Factor   float64 // default 0.1
	Patience int     // epochs; default 10
	MinDelta float64 // default 1e-4; Zero for 0
	Cooldown int     // epochs
	MinRate  float64
}

// String names the settings.
func (p Plateau) String() string {
	return fmt.Sprintf("plateau(factor=%g, patience=%d, min_delta=%g, cooldown=%d, min_lr=%g)",
		setting(p.Factor, 0.1), p.patience(), setting(p.MinDelta, 1e-4), p.Cooldown, setting(p.MinRate, 0))
}

// Check tells what is wrong with the settings; nil if nothing is.
func (p Plateau) Check() error {
	if f := setting(p.Factor, 0.1); !(f < 1) || p.Patience < 0 || p.Cooldown < 0 {
		return errors.Errorf("%v: the factor must be under 1, patience and cooldown not negative", p)
	}
	return nil
}

func (p Plateau) patience() int {
	if p.Patience == 0 {
		return 10
	}
	return p.Patience
}

// plateauState is what a Plateau remembers from epoch to epoch.
type plateauState struct {
	Seen     bool  // an epoch has been
	Best     exact // error
	Wait     int   // epochs without a better one
	Cooldown int   // epochs left
}

// next takes an epoch's held-out error and returns the learning rate from there on.
func (s *plateauState) next(p Plateau, err, rate float64) float64 {
	if s.Cooldown > 0 {
		s.Cooldown--
		s.Wait = 0
	}
	switch {
	case !s.Seen || err+setting(p.MinDelta, 1e-4) < float64(s.Best):
		s.Seen, s.Best, s.Wait = true, exact(err), 0
	case s.Cooldown == 0:
		if s.Wait++; s.Wait >= p.patience() && rate > p.MinRate {
			s.Cooldown, s.Wait = p.Cooldown, 0
			return max(rate*setting(p.Factor, 0.1), p.MinRate)
		}
	}
	return rate
}
