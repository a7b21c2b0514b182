package kernel

import "math"

// Interpolation says how pixels between pixels are made.
type Interpolation uint8

// Nearest repeats pixels. Bilinear weighs the neighbours on both sides, where a pixel's value belongs to its centre; beyond
// the outermost centres the border is repeated.
const (
	Nearest Interpolation = iota
	Bilinear
)

// Upsample2D enlarges images by whole factors.
type Upsample2D[T Float] struct {
	inH, inW, channels int
	rows, columns      []between
	repeats            bool // pixels: nothing lies between them
}

// between is where an output coordinate lies: at low, and by the share of high towards it.
type between struct {
	low, high int
	share     float64
}

// NewUpsample2D returns the operation for images of inH x inW pixels.
func NewUpsample2D[T Float](inH, inW, channels, factorH, factorW int, how Interpolation) *Upsample2D[T] {
	return &Upsample2D[T]{inH, inW, channels, upsampleAxis(inH, factorH, how), upsampleAxis(inW, factorW, how), how == Nearest}
}

func upsampleAxis(in, factor int, how Interpolation) []between {
	axis := make([]between, in*factor)
	for i := range axis {
		axis[i].low, axis[i].high = i/factor, i/factor
		if how == Bilinear {
			at := (float64(i)+0.5)/float64(factor) - 0.5
			low := math.Floor(at)
			axis[i] = between{max(int(low), 0), min(int(low)+1, in-1), at - low}
		}
	}
	return axis
}

// Forward computes y [n,inH*factorH,inW*factorW,channels] from x [n,inH,inW,channels].
func (u *Upsample2D[T]) Forward(p *Pool, n int, y, x []T) {
	in, out := u.inH*u.inW*u.channels, len(u.rows)*len(u.columns)*u.channels
	p.forElements(n*out).run(n, each(func(image int) {
		x, y := x[image*in:][:in], y[image*out:][:out]
		if u.repeats {
			u.repeat(y, x)
			return
		}
		u.pixels(func(to int, from [4]int, share [4]T) {
			pixel := y[to:][:u.channels]
			a, b, c, d := x[from[0]:][:len(pixel)], x[from[1]:][:len(pixel)], x[from[2]:][:len(pixel)], x[from[3]:][:len(pixel)]
			for i := range pixel {
				pixel[i] = T(a[i]*share[0]) + T(b[i]*share[1]) + T(c[i]*share[2]) + T(d[i]*share[3])
			}
		})
	}))
}

// Backward computes dx from dy.
func (u *Upsample2D[T]) Backward(p *Pool, n int, dx, dy []T) {
	in, out := u.inH*u.inW*u.channels, len(u.rows)*len(u.columns)*u.channels
	p.forElements(n*out).run(n, each(func(image int) {
		dx, dy := dx[image*in:][:in], dy[image*out:][:out]
		if u.repeats {
			u.gather(dx, dy)
			return
		}
		clear(dx)
		u.pixels(func(at int, to [4]int, share [4]T) {
			pixel := dy[at:][:u.channels]
			for k, s := range share {
				if s == 0 {
					continue
				}
				dx := dx[to[k]:][:len(pixel)]
				for i, g := range pixel {
					dx[i] += T(g * s)
				}
			}
		})
	}))
}

// repeat writes each pixel of x to its block of y.
func (u *Upsample2D[T]) repeat(y, x []T) {
	c, width := u.channels, len(u.columns)*u.channels
	for oh, r := range u.rows {
		row := y[oh*width:][:width]
		if oh > 0 && u.rows[oh-1].low == r.low {
			copy(row, y[(oh-1)*width:])
			continue
		}
		in := x[r.low*u.inW*c:][:u.inW*c]
		for ow, column := range u.columns {
			copy(row[ow*c:][:c], in[column.low*c:])
		}
	}
}

// gather adds the pixels of each block of dy to its pixel of dx.
func (u *Upsample2D[T]) gather(dx, dy []T) {
	c, width := u.channels, len(u.columns)*u.channels
	clear(dx)
	for oh, r := range u.rows {
		row, sums := dy[oh*width:][:width], dx[r.low*u.inW*c:][:u.inW*c]
		for ow, column := range u.columns {
			sum := sums[column.low*c:][:c]
			for i, g := range row[ow*c:][:c] {
				sum[i] += g
			}
		}
	}
}

// pixels calls f for each output pixel in turn: where it starts, and where the four input pixels around it do and their
// shares.
func (u *Upsample2D[T]) pixels(f func(at int, from [4]int, share [4]T)) {
	for oh, r := range u.rows {
		for ow, c := range u.columns {
			f((oh*len(u.columns)+ow)*u.channels, [4]int{
				(r.low*u.inW + c.low) * u.channels, (r.low*u.inW + c.high) * u.channels,
				(r.high*u.inW + c.low) * u.channels, (r.high*u.inW + c.high) * u.channels,
			}, [4]T{
				T((1 - r.share) * (1 - c.share)), T((1 - r.share) * c.share),
				T(r.share * (1 - c.share)), T(r.share * c.share),
			})
		}
	}
}
