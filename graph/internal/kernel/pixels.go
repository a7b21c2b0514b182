package kernel

// Lazy are values [pixels, channels] that are computed where they are read, so that they are never in memory as a whole.
type Lazy[T Float] interface {
	// slice returns the elements from..to, both at the beginning of a pixel; it is valid until the worker's next call.
	slice(worker, from, to int) []T
}

// rowWriter are lazy values that can be computed at once to where they are to be.
type rowWriter[T Float] interface {
	// writeRows writes rows of an image, the first of which begins at an element, some elements apart. False: the columns are not those of a row.
	writeRows(to []T, toStride, from, rows, columns int) bool
}

// Pixels are values [pixels, channels]: in memory, or lazy.
type Pixels[T Float] struct {
	values []T
	lazy   Lazy[T]
}

// InMemory are values as they are.
func InMemory[T Float](values []T) Pixels[T] { return Pixels[T]{values: values} }

// Computed are lazy values.
func Computed[T Float](lazy Lazy[T]) Pixels[T] { return Pixels[T]{lazy: lazy} }

// slice returns the elements from..to, as [Lazy] does.
func (p Pixels[T]) slice(worker, from, to int) []T {
	if p.lazy != nil {
		return p.lazy.slice(worker, from, to)
	}
	return p.values[from:to]
}

// stretch is what a worker has computed of lazy values: the elements from..to.
type stretch[T Float] struct {
	values   []T
	from, to int
}

// move makes the stretch from..to and returns the part that it did not have, from start on; the rest stays.
func (w *stretch[T]) move(from, to int) (missing []T, start int) {
	kept := w.values[:0]
	if start = from; w.from <= from && from < w.to {
		start = min(w.to, to)
		kept = w.values[from-w.from : start-w.from]
	}
	if cap(w.values) < to-from {
		w.values = append(make([]T, 0, to-from), kept...)
	} else {
		copy(w.values[:len(kept)], kept)
	}
	w.values, w.from, w.to = w.values[:to-from], from, to
	return w.values[start-from:], start
}

// clearStretches gives each worker an empty stretch.
func clearStretches[T Float](stretches []stretch[T], workers int) []stretch[T] {
	for len(stretches) < workers {
		stretches = append(stretches, stretch[T]{})
	}
	for i := range stretches {
		stretches[i].from, stretches[i].to = 0, 0
	}
	return stretches
}
