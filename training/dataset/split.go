package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// defaultHoldout is the fraction of images that become test images, and again validation images, when a source has
// none.
const defaultHoldout = 0.1

// part is a choice of a store's images.
type part struct {
	store   *store
	index   []uint32
	targets *store // of the same images; nil: each image is its own
}

// parts are the three parts of a set before scaling.
type parts struct {
	train, validation, test part
	notes                   []string
}

func (p *parts) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// hold takes the parts that are missing out of the training part. Each gets that fraction of it, at least one image:
// the images whose number in the source hashes lowest become test images, those that hash next lowest validation
// images. The hash mixes all bits of the number, so the choice is spread evenly over sorted sources too; it is the same
// on every run. Images keep their order.
func (p *parts) hold(fraction float64) error {
	var missing []*part
	for _, part := range []*part{&p.test, &p.validation} {
		if part.store == nil {
			missing = append(missing, part)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if fraction == 0 {
		fraction = defaultHoldout
	}
	if !(fraction > 0 && fraction < 0.5) {
		return errors.Errorf("can't hold out a fraction of %v of the images: it must be above 0 and below 0.5", fraction)
	}
	n := len(p.train.index)
	k := max(1, int(math.Round(fraction*float64(n))))
	if k*len(missing) >= n {
		return errors.Errorf("%d images are too few to hold out %d for test and validation: bring more", n, k*len(missing))
	}
	order := slices.Clone(p.train.index)
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(mix(uint64(a)), mix(uint64(b))) })
	for _, part := range missing {
		*part = p.train.choose(order[:k])
		order = order[k:]
	}
	p.train = p.train.choose(order)
	return nil
}

// mix is the output function of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators",
// figure 15); it is a bijection, so that no two numbers tie.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// choose is a part of the same images in the order of the store.
func (p part) choose(index []uint32) part {
	index = slices.Clone(index)
	slices.Sort(index)
	return part{p.store, index, p.targets}
}

// check reports parts whose images differ in shape.
func (p parts) check() error {
	for _, other := range []part{p.validation, p.test} {
		if train, held := p.train.store.shape, other.store.shape; train != held {
			return errors.Errorf("training images are %v, but held-out images %v: bring both to one shape", train, held)
		}
	}
	return nil
}

// all lists the places of all images in a store.
func (s *store) all() []uint32 {
	index := make([]uint32, s.n)
	for i := range index {
		index[i] = uint32(i)
	}
	return index
}

// set makes the set of a scale, whose parameters come from the training images, those of targets from the training targets.
func (p parts) set(name string, scale Scale) (*Set, error) {
	scaling, err := scale.fit(newImages(p.train.store, p.train.index, Scaling{}))
	if err != nil {
		return nil, err
	}
	set := &Set{
		Name:       name,
		Train:      newImages(p.train.store, p.train.index, scaling),
		Validation: newImages(p.validation.store, p.validation.index, scaling),
		Test:       newImages(p.test.store, p.test.index, scaling),
		Scaling:    scaling,
		Notes:      p.notes,
	}
	var targets Scaling
	if p.train.targets != nil {
		if targets, err = scale.fit(newImages(p.train.targets, p.train.index, Scaling{})); err != nil {
			return nil, errors.WithMessage(err, "targets")
		}
		for _, both := range []struct {
			images *Images
			part   part
		}{{set.Train, p.train}, {set.Validation, p.validation}, {set.Test, p.test}} {
			both.images.targets = newImages(both.part.targets, both.part.index, targets)
		}
	}
	set.Checksum = p.checksum(scaling, targets)
	return set, nil
}

// checksum covers each part's images and targets, through the digests of their stores and the places in them, and the scaling.
func (p parts) checksum(scaling, targets Scaling) string {
	digest := sha256.New()
	for _, part := range []part{p.train, p.validation, p.test} {
		digest.Write(part.store.sum[:])
		writeInt(digest, len(part.index))
		places := make([]byte, 0, 4*len(part.index))
		for _, place := range part.index {
			places = binary.LittleEndian.AppendUint32(places, place)
		}
		digest.Write(places)
		if part.targets != nil {
			digest.Write(part.targets.sum[:])
			fmt.Fprintf(digest, "%v %v", targets.Shift, targets.Divisor)
		}
	}
	fmt.Fprintf(digest, "%v %v", scaling.Shift, scaling.Divisor)
	return hex.EncodeToString(digest.Sum(nil))
}
