package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"github.com/pkg/errors"
)

// Treatment is what one arm of a study does to the images of a set: faults that users' data have, and remedies. The zero
// value leaves the set as it was opened. The steps are taken in this order:
//
//  1. Outliers, in training images;
//  2. Clip, in all images, at quantiles of the training values as they now are;
//  3. Log, in all images;
//  4. Scale, in all images, with parameters of the training values as they now are, so that outliers spoil it;
//  5. Multiply, in all images;
//  6. Noise, in training images.
type Treatment struct {
	// Scale replaces the scaling that the set was opened with; ScaleDefault keeps its kind. ScaleUnit does not look at
	// outliers: who divides by 255 does so whatever the data hold.
	Scale Scale `json:"scale,omitempty" yaml:"scale,omitempty"`

	// Multiply is a factor on scaled values, above 0; 0 means 1.
	Multiply float64 `json:"multiply,omitempty" yaml:"multiply,omitempty"`

	// Outliers is the share of training images, 0 to 1, in which one value (of one pixel and channel) is replaced; at
	// least one image when it is above 0.
	Outliers float64 `json:"outliers,omitempty" yaml:"outliers,omitempty"`

	// OutlierValue is what it is replaced by, in units of the largest absolute value of the untouched training images:
	// 255 in MNIST. 0 means 100.
	OutlierValue float64 `json:"outlier_value,omitempty" yaml:"outlier_value,omitempty"`

	// Clip brings values outside of these quantiles to them, and what is not a number to the lower one.
	Clip Quantiles `json:"clip,omitzero" yaml:"clip,omitempty"`

	// Log replaces values by log(1 + value - the least training value), for data most of whose values are small beside the largest.
	Log bool `json:"log,omitempty" yaml:"log,omitempty"`

	// Noise is the standard deviation of Gaussian noise, in units of the values that Read gives, scaled and multiplied.
	// An image has the same noise whenever it is read: it is part of the data, and of what the model is to reproduce.
	Noise float64 `json:"noise,omitempty" yaml:"noise,omitempty"`
}

// Quantiles are the values that the shares Low and High, 0 <= Low < High <= 1, of all training values do not exceed. The
// zero value means no limits; 0.001 and 0.999 take off the outliers that [Treatment] puts in, and next to nothing of
// clean images.
type Quantiles struct {
	Low  float64 `json:"low" yaml:"low"`
	High float64 `json:"high" yaml:"high"`
}

const defaultOutlierValue = 100

// Check reports settings that are out of their range.
func (t Treatment) Check() error {
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	clip := t.Clip
	switch {
	case t.Scale < ScaleDefault || t.Scale > ScaleMinMax:
		return errors.Errorf("unknown scale %d", int(t.Scale))
	case !(t.Multiply >= 0) || !finite(t.Multiply):
		return errors.Errorf("can't multiply images by %v: give a factor above 0", t.Multiply)
	case !(t.Outliers >= 0 && t.Outliers <= 1):
		return errors.Errorf("can't put outliers into a share of %v of the images: give one from 0 to 1", t.Outliers)
	case !finite(t.OutlierValue):
		return errors.Errorf("an outlier value of %v is not finite", t.OutlierValue)
	case clip != (Quantiles{}) && !(0 <= clip.Low && clip.Low < clip.High && clip.High <= 1):
		return errors.Errorf("can't clip at quantiles %v and %v: give two from 0 to 1, the low one first", clip.Low, clip.High)
	case !(t.Noise >= 0) || !finite(t.Noise):
		return errors.Errorf("can't add noise of standard deviation %v: give 0 or more", t.Noise)
	}
	return nil
}

// String tells what the treatment does, in the order in which it does it: "outliers 0.01 of 100, minmax, noise 0.1".
func (t Treatment) String() string {
	var steps []string
	add := func(format string, values ...any) { steps = append(steps, fmt.Sprintf(format, values...)) }
	if t.Outliers != 0 {
		add("outliers %v of %v", t.Outliers, t.outlierValue())
	}
	if t.Clip != (Quantiles{}) {
		add("clip %v to %v", t.Clip.Low, t.Clip.High)
	}
	if t.Log {
		add("log")
	}
	if t.Scale != ScaleDefault {
		add("scale %v", t.Scale)
	}
	if t.factor() != 1 {
		add("times %v", t.factor())
	}
	if t.Noise != 0 {
		add("noise %v", t.Noise)
	}
	if steps == nil {
		return "as opened"
	}
	return strings.Join(steps, ", ")
}

func (t Treatment) factor() float64 {
	if t.Multiply == 0 {
		return 1
	}
	return t.Multiply
}

func (t Treatment) outlierValue() float64 {
	if t.OutlierValue == 0 {
		return defaultOutlierValue
	}
	return t.OutlierValue
}

// Treated is the set with a treatment; it shares the images' memory. The seed decides which values become outliers, and
// the noise. What is computed from training images is computed from those that set.Train has now: shorten it before.
// Name and Checksum tell of the treatment. [Set.Whole] of the treated set has its scaling, but no outliers, limits and
// noise.
//
// Targets are treated in the same way, by parameters of their own, but have neither outliers nor noise.
//
// It is an error to treat a set whose values were already changed, beyond scaling, by another treatment.
func (set *Set) Treated(t Treatment, seed uint64) (*Set, error) {
	treated, err := set.treated(t, seed)
	if targets := set.Targets(); err == nil && targets != nil {
		clean := t
		clean.Outliers, clean.Noise = 0, 0
		if targets, err = targets.treated(clean, seed); err == nil {
			treated = treated.withTargets(targets)
		}
	}
	return treated, errors.WithMessagef(err, "data %s, treatment %q", set.Name, t)
}

func (set *Set) treated(t Treatment, seed uint64) (*Set, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if set.Train.changes != (changes{}) {
		return nil, errors.New("the set was already treated: give one treatment to the set as it was opened")
	}
	if t == (Treatment{}) {
		same := *set
		return &same, nil
	}
	clean := set.Train.with(Scaling{}, changes{})
	var train, held changes
	if t.Outliers > 0 {
		m, err := clean.moments()
		if err != nil {
			return nil, err
		}
		largest := max(math.Abs(m.min), math.Abs(m.max))
		train.outliers = newOutliers(clean, t.Outliers, t.outlierValue()*largest, seed)
	}
	if t.Clip != (Quantiles{}) {
		low, high, err := clean.with(Scaling{}, train).quantiles(t.Clip)
		if err != nil {
			return nil, err
		}
		train.clip = &limits{low, high}
		held.clip = train.clip
	}
	if t.Log {
		m, err := clean.with(Scaling{}, train).moments()
		if err != nil {
			return nil, err
		}
		train.log, held.log = &m.min, &m.min
	}
	scaling, err := t.scaling(set, train)
	if err != nil {
		return nil, err
	}
	if t.Noise > 0 {
		train.noise = newNoise(t.Noise, seed)
	}
	if scaling == set.Scaling && train == (changes{}) {
		same := *set
		return &same, nil
	}
	return &Set{
		Name:       fmt.Sprintf("%s (%v)", set.Name, t),
		Train:      set.Train.with(scaling, train),
		Validation: set.Validation.with(scaling, held),
		Test:       set.Test.with(scaling, held),
		Scaling:    scaling,
		Checksum:   t.checksum(set, scaling, seed),

		ChannelsFirst: set.ChannelsFirst,
	}, nil
}

// scaling is the scaling of training images that were changed.
func (t Treatment) scaling(set *Set, train changes) (Scaling, error) {
	scaling := set.Scaling
	if changed := train != (changes{}); changed || t.Scale != ScaleDefault {
		scale := t.Scale
		if scale == ScaleDefault {
			scale = max(set.Scaling.Scale, ScaleNone)
		}
		if scale == ScaleUnit {
			train = changes{}
		}
		var err error
		if scaling, err = scale.fit(set.Train.with(Scaling{}, train)); err != nil {
			return scaling, err
		}
	}
	if factor := t.factor(); factor != 1 {
		if scaling.Divisor == 0 {
			scaling.Divisor = 1
		}
		scaling.Divisor /= factor
	}
	return scaling, nil
}

// checksum covers the set as it was opened and all that the treatment makes of it.
func (t Treatment) checksum(set *Set, scaling Scaling, seed uint64) string {
	digest := sha256.New()
	fmt.Fprintf(digest, "%s, %d training images: %v; %v %v", set.Checksum, set.Train.Len(), t, scaling.Shift, scaling.Divisor)
	if t.Outliers > 0 || t.Noise > 0 {
		fmt.Fprintf(digest, "; seed %d", seed)
	}
	return hex.EncodeToString(digest.Sum(nil))
}
