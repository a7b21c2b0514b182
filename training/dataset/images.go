package dataset

import "math"

// Images is a set of equally sized images: a choice of the images of a store, and how their values are scaled.
// The zero value holds no image.
type Images struct {
	store   *store
	index   []uint32 // places in the store, in the order of this set
	scaling Scaling
	changes changes       // by a treatment
	table   *[256]float32 // clipped and scaled value of each uint8, when the store holds those
	planes  planes        // the order of values, where it is another than the store's
	targets *Images       // what the images are to become, in the same order; nil: each is its own
}

func newImages(s *store, index []uint32, scaling Scaling) *Images {
	images := &Images{store: s, index: index, scaling: scaling}
	images.fillTable()
	return images
}

func (s *Images) fillTable() {
	if s.store.kind != kindUint8 {
		return
	}
	s.table = new([256]float32)
	for v := range s.table {
		s.table[v] = s.scaled(float64(v))
	}
}

// Len is the number of images.
func (s *Images) Len() int { return len(s.index) }

// Shape is the shape of every image.
func (s *Images) Shape() Shape {
	if s.store == nil {
		return Shape{}
	}
	if s.planes.rows > 0 {
		return s.planes.shape
	}
	return s.store.shape
}

// Head returns the first n images, or all when there are fewer. It shares memory with s.
func (s *Images) Head(n int) *Images {
	head := *s
	head.index = s.index[:min(max(n, 0), len(s.index))]
	if s.targets != nil {
		head.targets = s.targets.Head(n)
	}
	return &head
}

// Read writes the images with the given indices, each 0 to Len()-1, to dst, [len(indices), H, W, C], scaled. It
// allocates nothing and may be called from several goroutines. Images of a large set come from a file: one that can't be
// read any more is written as NaN, and Err says why.
func (s *Images) Read(dst []float32, indices []int) {
	if len(indices) == 0 {
		return
	}
	buffer := s.store.buffer()
	size := s.store.shape.Size()
	for i, index := range indices {
		s.read(dst[i*size:(i+1)*size], index, *buffer)
	}
	s.store.buffers.Put(buffer)
}

// read writes image i to dst, [H, W, C], scaled.
func (s *Images) read(dst []float32, i int, buffer []byte) {
	place := s.index[i]
	if raw := s.store.at(int(place), buffer); raw != nil {
		s.convert(dst, raw)
		s.change(dst, place)
		return
	}
	for j := range dst {
		dst[j] = float32(math.NaN())
	}
}

// Prefetch tells the system that Read will soon be called with these indices, so that images of a set larger than
// memory come from disk while the batch before is trained on. It returns at once and does nothing for other sets.
func (s *Images) Prefetch(indices []int) {
	if s.targets != nil {
		s.targets.Prefetch(indices)
	}
	if s.store == nil || s.store.memory != nil {
		return
	}
	size := int64(s.store.imageBytes())
	for _, index := range indices {
		willNeed(s.store.file, s.store.offset+int64(s.index[index])*size, size)
	}
}

// Err returns the first error of reading images of a large set from its file, or nil.
func (s *Images) Err() error {
	if s.store == nil {
		return nil
	}
	if err := s.store.err(); err != nil || s.targets == nil {
		return err
	}
	return s.targets.Err()
}

// convert scales raw values of a store, [H, W, C].
func (s *Images) convert(dst []float32, raw []byte) {
	switch {
	case s.planes.rows > 0:
		s.convertPlanes(dst, raw)
	case s.store.kind == kindUint8:
		table := s.table
		for i, v := range raw {
			dst[i] = table[v]
		}
	case s.scaling.identity() && s.changes.clip == nil && s.changes.log == nil:
		for i := range dst {
			dst[i] = getFloat(raw, i)
		}
	default:
		for i := range dst {
			dst[i] = s.scaled(float64(getFloat(raw, i)))
		}
	}
}

// Name tells which image of the source image i is: "image 17", counted from 0 in the array that it came from, or the
// path of its file.
func (s *Images) Name(i int) string { return s.store.name(int(s.index[i])) }

// Mean is the mean image, [H, W, C], of scaled values, summed in float64; zeros when there are no images.
func (s *Images) Mean() []float32 {
	size := s.Shape().Size()
	sum := make([]float64, size)
	s.each(func(_ int, image []float32) {
		for j, v := range image {
			sum[j] += float64(v)
		}
	})
	mean := make([]float32, size)
	for j, v := range sum {
		mean[j] = float32(v / float64(max(s.Len(), 1)))
	}
	return mean
}

// each calls use with every image in order; the image, [H, W, C], is overwritten by the next.
func (s *Images) each(use func(i int, image []float32)) {
	image := make([]float32, s.Shape().Size())
	for i := range s.index {
		s.Read(image, []int{i})
		use(i, image)
	}
}
