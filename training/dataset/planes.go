package dataset

// planes is the order in which PyTorch has an image's values, one plane of pixels for each channel, which its flatten and view make a vector of, and
// back. Images of such an order are read as a transposed matrix.
type planes struct {
	rows, columns int // of the values as they are stored
	shape         Shape
}

// InPlanes is the set with its images as vectors, or vectors as images, and the same for its targets: their values are, for a vector, all of channel 0, then
// those of 1, and so on. A shape of size 0 leaves images, or targets, as they are. It panics for shapes of other sizes.
func (set *Set) InPlanes(image, target Shape) *Set {
	out := *set
	for _, part := range []**Images{&out.Train, &out.Validation, &out.Test} {
		images := (*part).InPlanes(image)
		if images.targets != nil {
			images.targets = images.targets.InPlanes(target)
		}
		*part = images
	}
	return &out
}

// InPlanes are the same images as vectors, or the same vectors as images; see [Set.InPlanes].
func (s *Images) InPlanes(to Shape) *Images {
	out := *s
	have := s.Shape()
	if s.store == nil || to.Size() == 0 {
		return &out
	}
	if to.Size() != have.Size() {
		panic("dataset: an image of " + have.String() + " is no " + to.String())
	}
	if out.planes = (planes{rows: to.C, columns: to.H * to.W, shape: to}); to.C == 1 {
		out.planes = planes{rows: have.H * have.W, columns: have.C, shape: to}
	}
	return &out
}

// convertPlanes is convert for values in another order.
func (s *Images) convertPlanes(dst []float32, raw []byte) {
	p := s.planes
	for row := range p.rows {
		for column := range p.columns {
			i := row*p.columns + column
			if s.table != nil {
				dst[column*p.rows+row] = s.table[raw[i]]
			} else {
				dst[column*p.rows+row] = s.scaled(float64(getFloat(raw, i)))
			}
		}
	}
}
