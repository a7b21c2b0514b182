package graph

import "github.com/pkg/errors"

// BatchRange is how many images a training step of a model may have. The zero value is any number.
type BatchRange struct {
	Least int // default 1
	Most  int // 0: no limit
}

// Check tells why a step may not have so many images; nil if it may.
func (r BatchRange) Check(images int) error {
	switch {
	case r.Fit(images) == images:
		return nil
	case r.Least == r.Most:
		return errors.Errorf("the model is for batches of exactly %d images, not %d", r.Least, images)
	case r.Most == 0:
		return errors.Errorf("the model is for batches of at least %d images, not %d", r.Least, images)
	}
	return errors.Errorf("the model is for batches of %d to %d images, not %d", max(r.Least, 1), r.Most, images)
}

// Fit is the number in the range that is next to the given one.
func (r BatchRange) Fit(images int) int {
	if r.Most > 0 {
		images = min(images, r.Most)
	}
	return max(images, r.Least, 1)
}
