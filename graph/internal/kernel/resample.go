package kernel

import (
	"math"
	"slices"
)

// Tap is a place along an axis of an image and the share that it has in a place of another one.
type Tap struct {
	At    int
	Share float64
}

// Resampling makes each pixel of an image of pixels of another one: those where the taps of its row and those of its column meet, each times both
// shares. Enlarging, padding by what is there, and means over rectangles are such.
type Resampling[T Float] struct {
	inW, channels int
	in, out       int // values of an image
	rows, columns []taps[T]
	quads         []quad[T] // where each pixel is made of four, two rows and two columns: of what
	doubled       bool      // two columns each are alike, in order
	scratch       [][]T     // by worker: a row of the input's width
	lazily        copiedPixels[T]
}

// taps are those of one place; single tells that there is one alone, with a share of 1.
type taps[T Float] struct {
	at     []int
	shares []T
	exact  []float64 // shares before they were rounded
	single bool
}

// NewResampling returns the operation for images of inH x inW pixels, with the taps of each row and of each column of the result.
func NewResampling[T Float](inH, inW, channels int, rows, columns [][]Tap) *Resampling[T] {
	r := &Resampling[T]{
		inW: inW, channels: channels, in: inH * inW * channels, out: len(rows) * len(columns) * channels,
		rows: placesOf[T](rows), columns: placesOf[T](columns),
		doubled: len(columns) == 2*inW,
	}
	if inPairs(rows) && inPairs(columns) {
		r.quads = r.allQuads()
	}
	for i, t := range r.columns {
		r.doubled = r.doubled && t.single && t.at[0] == i/2
	}
	return r
}

// inPairs tells whether each place is made of two.
func inPairs(axis [][]Tap) bool {
	return !slices.ContainsFunc(axis, func(list []Tap) bool { return len(list) != 2 })
}

func placesOf[T Float](axis [][]Tap) []taps[T] {
	out := make([]taps[T], len(axis))
	for i, list := range axis {
		for _, tap := range list {
			out[i].at, out[i].shares, out[i].exact = append(out[i].at, tap.At), append(out[i].shares, T(tap.Share)), append(out[i].exact, tap.Share)
		}
		out[i].single = len(list) == 1 && list[0].Share == 1
	}
	return out
}

// same tells whether two places are made alike, of a single one.
func (t taps[T]) same(other taps[T]) bool { return t.single && other.single && t.at[0] == other.at[0] }

// Forward computes y [n,len(rows),len(columns),channels] from x [n,inH,inW,channels].
func (r *Resampling[T]) Forward(p *Pool, n int, y, x []T) {
	p = p.forElements(n * max(r.in, r.out))
	r.scratch = grow(r.scratch, p.Threads(), r.inW*r.channels)
	width := len(r.columns) * r.channels
	p.run(n, pieces(func(worker, image int) {
		x, y := x[image*r.in:][:r.in], y[image*r.out:][:r.out]
		if r.quads != nil {
			r.blend(y, x)
			return
		}
		for i, t := range r.rows {
			row := y[i*width:][:width]
			if i > 0 && t.same(r.rows[i-1]) {
				copy(row, y[(i-1)*width:])
				continue
			}
			r.spread(row, r.row(r.scratch[worker], x, t))
		}
	}))
}

// Lazy is the result of Forward, where each pixel is a copy of one of x, computed where it is read. It is valid as long as x is, until the next call.
func (r *Resampling[T]) Lazy(p *Pool, x []T) Lazy[T] {
	r.lazily.of, r.lazily.x, r.lazily.copies = r, x, grow(r.lazily.copies, p.Threads(), 0)
	return &r.lazily
}

// copiedPixels are a lazy result of copies.
type copiedPixels[T Float] struct {
	of     *Resampling[T]
	x      []T
	copies [][]T // by worker
}

// slice is part of [Lazy].
func (l *copiedPixels[T]) slice(worker, from, to int) []T {
	out := resize(l.copies[worker], to-from)
	l.copies[worker] = out
	c, width := l.of.channels, len(l.of.columns)
	for rest, at := out, from/c; len(rest) > 0; {
		count := min(width-at%width, len(rest)/c)
		l.of.copyPixels(rest[:count*c], l.source(at/width), at%width)
		rest, at = rest[count*c:], at+count
	}
	return out
}

// source is the row of x that a row of copies is of, counted over all images.
func (l *copiedPixels[T]) source(row int) []T {
	r := l.of
	return l.x[row/len(r.rows)*r.in+r.rows[row%len(r.rows)].at[0]*r.inW*r.channels:][:r.inW*r.channels]
}

// writeRows is part of [rowWriter].
func (l *copiedPixels[T]) writeRows(to []T, toStride, from, rows, columns int) bool {
	if columns != len(l.of.columns)*l.of.channels {
		return false
	}
	var before []T
	for i := range rows {
		row, x := to[i*toStride:][:columns], l.source(from/columns+i)
		if i > 0 && &x[0] == &before[0] {
			copy(row, to[(i-1)*toStride:])
		} else {
			l.of.copyPixels(row, x, 0)
		}
		before = x
	}
	return true
}

// copyPixels writes pixels of a row of copies, from a column on, of a row of x.
func (r *Resampling[T]) copyPixels(y, x []T, column int) {
	c := r.channels
	if r.doubled && column%2 == 0 && len(y)%(2*c) == 0 {
		doublePixels(y, x[column/2*c:][:len(y)/2], c)
		return
	}
	for ; len(y) > 0; y, column = y[c:], column+1 {
		copy(y[:c], x[r.columns[column].at[0]*c:])
	}
}

// row is the sum of rows of x, in scratch unless it is one of them.
func (r *Resampling[T]) row(scratch, x []T, t taps[T]) []T {
	width := r.inW * r.channels
	if t.single {
		return x[t.at[0]*width:][:width]
	}
	clear(scratch)
	for k, at := range t.at {
		addScaled(scratch, t.shares[k], x[at*width:])
	}
	return scratch
}

// spread makes a row of pixels of one of the input's width.
func (r *Resampling[T]) spread(y, x []T) {
	c := r.channels
	if r.doubled {
		doublePixels(y, x, c)
		return
	}
	for i, t := range r.columns {
		pixel := y[i*c:][:c]
		if t.single {
			copy(pixel, x[t.at[0]*c:])
			continue
		}
		clear(pixel)
		for k, at := range t.at {
			addScaled(pixel, t.shares[k], x[at*c:])
		}
	}
}

// doublePixels writes each pixel of a row twice.
func doublePixels[T Float](y, x []T, channels int) {
	if vectorTwice(channels, float32s(y), float32s(x)) {
		return
	}
	for ; len(x) > 0; x, y = x[channels:], y[2*channels:] {
		copy(y, x[:channels])
		copy(y[channels:], x[:channels])
	}
}

// Backward computes dx from dy: pixels of which several were made sum their gradients.
func (r *Resampling[T]) Backward(p *Pool, n int, dx, dy []T) {
	p = p.forElements(n * max(r.in, r.out))
	r.scratch = grow(r.scratch, p.Threads(), r.inW*r.channels)
	width, wide := r.inW*r.channels, len(r.columns)*r.channels
	p.run(n, pieces(func(worker, image int) {
		dx, dy := dx[image*r.in:][:r.in], dy[image*r.out:][:r.out]
		clear(dx)
		if r.quads != nil {
			r.unblend(dx, dy)
			return
		}
		for i, t := range r.rows {
			if t.single {
				r.gather(dx[t.at[0]*width:][:width], dy[i*wide:][:wide])
				continue
			}
			sums := r.scratch[worker]
			clear(sums)
			r.gather(sums, dy[i*wide:][:wide])
			for k, at := range t.at {
				addScaled(dx[at*width:][:width], t.shares[k], sums)
			}
		}
	}))
}

// gather adds a row of gradients to what its pixels were made of.
func (r *Resampling[T]) gather(dx, dy []T) {
	c := r.channels
	if r.doubled && vectorAddPairs(r.inW, c, float32s(dx), float32s(dy)) {
		return
	}
	for i, t := range r.columns {
		g := dy[i*c:][:c]
		for k, at := range t.at {
			if t.single {
				addScaled(dx[at*c:][:c], 1, g)
				continue
			}
			addScaled(dx[at*c:][:c], t.shares[k], g)
		}
	}
}

// quad is what a pixel is made of that lies between four: where these begin in an image, and their shares.
type quad[T Float] struct {
	at     [4]int
	shares [4]T
}

// allQuads are the quads of an image's pixels in turn.
func (r *Resampling[T]) allQuads() []quad[T] {
	var all []quad[T]
	for _, row := range r.rows {
		for _, column := range r.columns {
			var q quad[T]
			for k := range q.at {
				q.at[k] = (row.at[k/2]*r.inW + column.at[k%2]) * r.channels
				q.shares[k] = T(row.exact[k/2] * column.exact[k%2])
			}
			all = append(all, q)
		}
	}
	return all
}

// blend makes each pixel of y of four of x.
func (r *Resampling[T]) blend(y, x []T) {
	channels := r.channels
	done := vectorBlend(channels, float32s(y), float32s(x), quads32(r.quads))
	if done == channels {
		return
	}
	for i := range r.quads {
		q := &r.quads[i]
		pixel := y[i*channels:][:channels]
		a, b, c, d := x[q.at[0]:][:len(pixel)], x[q.at[1]:][:len(pixel)], x[q.at[2]:][:len(pixel)], x[q.at[3]:][:len(pixel)]
		for k := done; k < len(pixel); k++ {
			pixel[k] = T(a[k]*q.shares[0]) + T(b[k]*q.shares[1]) + T(c[k]*q.shares[2]) + T(d[k]*q.shares[3])
		}
	}
}

// unblend adds the gradient of each pixel to those of the four that it was made of.
func (r *Resampling[T]) unblend(dx, dy []T) {
	channels := r.channels
	done := vectorUnblend(channels, float32s(dx), float32s(dy), quads32(r.quads))
	if done == channels {
		return
	}
	for i := range r.quads {
		q := &r.quads[i]
		for k, at := range q.at {
			addScaled(dx[at+done:at+channels], q.shares[k], dy[i*channels+done:])
		}
	}
}

// quads32 returns quads if that is their type, else nil.
func quads32[T Float](quads []quad[T]) []quad[float32] {
	q, _ := any(quads).([]quad[float32])
	return q
}

// TapsAt are taps of single places.
func TapsAt(places []int) [][]Tap {
	out := make([][]Tap, len(places))
	for i, at := range places {
		out[i] = []Tap{{at, 1}}
	}
	return out
}

// MeanTaps are the taps of means over out ranges that cover an axis of in places: range i is from floor(i*in/out) to ceil((i+1)*in/out).
func MeanTaps(in, out int) [][]Tap {
	axis := make([][]Tap, out)
	for i, r := range Ranges(in, out) {
		for at := r.From; at < r.To; at++ {
			axis[i] = append(axis[i], Tap{at, 1 / float64(r.To-r.From)})
		}
	}
	return axis
}

// RepeatedTaps are taps that repeat each place.
func RepeatedTaps(in, factor int) [][]Tap {
	places := make([]int, in*factor)
	for i := range places {
		places[i] = i / factor
	}
	return TapsAt(places)
}

// NearestTaps are the taps of an axis of in places for out places that are scale places of the input apart. Place i is made of that at floor(i*scale),
// or, exactly, of that at floor((i+0.5)*scale), computed in float32 as PyTorch does.
func NearestTaps(in, out int, scale float64, exactly bool) [][]Tap {
	places := make([]int, out)
	for i := range places {
		at := float32(i)
		if exactly {
			at += 0.5
		}
		places[i] = min(int(math.Floor(float64(at*float32(scale)))), in-1)
		switch {
		case exactly:
		case in == out:
			places[i] = i
		case 2*in == out:
			places[i] = i / 2
		}
	}
	return TapsAt(places)
}

// LinearTaps are the taps of linear interpolation, where place i of the result lies at source(i) of the input: always two, beyond its ends
// and at them the same one twice.
func LinearTaps(in, out int, source func(i int) float64) [][]Tap {
	axis := make([][]Tap, out)
	for i := range axis {
		at := source(i)
		low := math.Floor(at)
		share := at - low
		axis[i] = []Tap{{min(max(int(low), 0), in-1), 1 - share}, {min(max(int(low)+1, 0), in-1), share}}
	}
	return axis
}

// CubicTaps are the taps of cubic interpolation (Keys 1981, eq. 15, with a for his -1/2), where place i of the result lies at source(i) of the input.
// Beyond its ends these are repeated, or, with within, left out, and the other shares are divided by their sum.
func CubicTaps(in, out int, a float64, within bool, source func(i int) float64) [][]Tap {
	axis := make([][]Tap, out)
	for i := range axis {
		at := source(i)
		low := math.Floor(at)
		sum := 0.0
		for k := -1; k <= 2; k++ {
			place := int(low) + k
			share := cubicShare(math.Abs(at-low-float64(k)), a)
			if within && (place < 0 || place >= in) {
				continue
			}
			sum += share
			axis[i] = append(axis[i], Tap{min(max(place, 0), in-1), share})
		}
		for k := range axis[i] {
			if within {
				axis[i][k].Share /= sum
			}
		}
	}
	return axis
}

// cubicShare is the share of a place at a distance below 2.
func cubicShare(d, a float64) float64 {
	if d <= 1 {
		return float64((float64((a+2)*d)-(a+3))*float64(d*d)) + 1
	}
	return float64(a * (float64((float64((d-5)*d)+8)*d) - 4))
}
