package kernel

import (
	"fmt"
	"math"
	"testing"

	"dcae/graph/arithmetic"
)

// poolCase is a pooling with data for it.
type poolCase[T Float] struct {
	w      Window
	n      int
	pool   *MaxPool2D[T]
	x, dy  []T
	y, dx  []T
	argmax []uint8
	guards *guarded[T]
	bytes  *guarded[uint8]
}

// poolWindow has a square window without padding.
func poolWindow(h, w, channels, kernel, stride int) Window {
	return window(h, w, channels, channels, kernel, stride, 1, 0)
}

// samePoolWindow is padded so that every input pixel is in a window, as Keras' "same" does.
func samePoolWindow(h, w, channels, kernel, stride int) Window {
	p := window(h, w, channels, channels, kernel, stride, 1, 0)
	p.OutH, p.OutW = (h+stride-1)/stride, (w+stride-1)/stride
	p.PadTop = max(0, (p.OutH-1)*stride+kernel-h) / 2
	p.PadLeft = max(0, (p.OutW-1)*stride+kernel-w) / 2
	return p
}

func newPoolCase[T Float](w Window, n int) *poolCase[T] {
	r := generator(uint64(w.InH*w.InW + w.InC))
	g := newGuarded[T]()
	b := &guarded[uint8]{sentinel: 77}
	in, out := n*w.inSize(), n*w.outSize()
	c := &poolCase[T]{w: w, n: n, pool: NewMaxPool2D[T](w), guards: g, bytes: b}
	c.x, c.dy, c.y, c.dx = g.slice(random[T](r, in)), g.slice(random[T](r, out)), g.slice(make([]T, out)), g.slice(random[T](r, in))
	for i := range c.x { // few values, so that there are ties; some are not finite
		c.x[i] = T(math.Round(float64(c.x[i])*3)) / 4
		switch r.IntN(50) {
		case 0:
			c.x[i] = T(math.NaN())
		case 1:
			c.x[i] = T(math.Inf(-1))
		case 2:
			c.x[i] = T(math.Inf(1))
		}
	}
	c.argmax = b.slice(make([]uint8, out))
	return c
}

func (c *poolCase[T]) run(p *Pool) {
	c.pool.Forward(p, c.n, c.y, c.x, c.argmax)
	c.pool.Backward(p, c.n, c.dx, c.y, c.dy, c.argmax)
}

// check compares with a search of each window.
func (c *poolCase[T]) check(t *testing.T) {
	t.Helper()
	w := c.w
	wantY, wantX, wantArgmax := make([]T, len(c.y)), make([]float64, len(c.x)), make([]uint8, len(c.y))
	seen := make([]bool, len(c.y))
	w.taps(c.n, func(x, y, kernel int) {
		for ch := range w.InC {
			v := c.x[x+ch]
			if !seen[y+ch] || v > wantY[y+ch] || v != v && wantY[y+ch] == wantY[y+ch] {
				wantY[y+ch], wantArgmax[y+ch], seen[y+ch] = v, uint8(kernel/(w.InC*w.OutC)), true
			}
		}
	})
	w.taps(c.n, func(x, y, kernel int) {
		for ch := range w.InC {
			if wantArgmax[y+ch] == uint8(kernel/(w.InC*w.OutC)) {
				wantX[x+ch] += float64(c.dy[y+ch])
			}
		}
	})
	for i := range wantY {
		if !seen[i] {
			wantY[i] = T(math.Inf(-1))
		}
	}
	name := fmt.Sprintf("%+v: ", w)
	checkSame(t, name+"y", c.y, wantY)
	for i, v := range wantArgmax {
		if c.argmax[i] != v {
			t.Fatalf("%sargmax[%d] is %d instead of %d", name, i, c.argmax[i], v)
		}
	}
	checkClose(t, name+"dx", c.dx, wantX, 3e-7)
	alone := make([]T, len(c.y))
	c.pool.Forward(nil, c.n, alone, c.x, nil)
	checkSame(t, name+"y without argmax", alone, wantY)
	c.guards.check(t)
	c.bytes.check(t)
}

func poolWindows() []Window {
	list := []Window{
		poolWindow(4, 4, 1, 2, 2), poolWindow(7, 9, 3, 2, 2), poolWindow(9, 7, 5, 3, 2), poolWindow(6, 8, 4, 3, 3), poolWindow(5, 5, 9, 2, 1),
		samePoolWindow(7, 9, 8, 2, 2), samePoolWindow(5, 5, 3, 3, 2), samePoolWindow(4, 7, 20, 3, 1), poolWindow(16, 16, 2, 16, 16), poolWindow(1, 5, 9, 2, 2), poolWindow(5, 1, 9, 2, 2),
		{InH: 9, InW: 8, InC: 2, OutH: 3, OutW: 3, OutC: 2, KernelH: 2, KernelW: 3, StrideH: 3, StrideW: 2, DilationH: 2, DilationW: 1, PadTop: 1, PadLeft: 1},
	}
	for channels := 1; channels <= 70; channels++ {
		list = append(list, poolWindow(6+channels%3, 5+channels%2, channels, 2, 2))
	}
	return list
}

func TestMaxPool(t *testing.T) {
	t.Run("float32", func(t *testing.T) { everyFamily(t, testMaxPool[float32]) })
	t.Run("float64", testMaxPool[float64])
}

func testMaxPool[T Float](t *testing.T) {
	for _, w := range poolWindows() {
		c := newPoolCase[T](w, 3)
		c.run(nil)
		c.check(t)
	}
}

func FuzzMaxPool(f *testing.F) {
	f.Add(uint8(7), uint8(9), uint8(33), uint8(2), uint8(2), uint8(2), uint8(2), uint8(1), uint8(0), uint8(0))
	f.Add(uint8(12), uint8(5), uint8(8), uint8(3), uint8(2), uint8(1), uint8(2), uint8(2), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, h, w, channels, kernelH, kernelW, strideH, strideW, dilation, padTop, padLeft uint8) {
		g := Window{
			InH: 1 + int(h%40), InW: 1 + int(w%40), InC: 1 + int(channels%70),
			KernelH: 1 + int(kernelH%5), KernelW: 1 + int(kernelW%5), StrideH: 1 + int(strideH%3), StrideW: 1 + int(strideW%3),
			DilationH: 1 + int(dilation%2), DilationW: 1 + int(dilation/2%2),
		}
		g.OutC = g.InC
		g.PadTop, g.PadLeft = int(padTop)%g.KernelH, int(padLeft)%g.KernelW
		g.OutH = (g.InH+2*g.PadTop-(g.KernelH-1)*g.DilationH-1)/g.StrideH + 1
		g.OutW = (g.InW+2*g.PadLeft-(g.KernelW-1)*g.DilationW-1)/g.StrideW + 1
		if g.InH+2*g.PadTop <= (g.KernelH-1)*g.DilationH || g.InW+2*g.PadLeft <= (g.KernelW-1)*g.DilationW {
			t.Skip("the window is larger than the padded image")
		}
		for i := arithmetic.Portable; i <= arithmetic.Best(); i++ {
			setFamily(t, i)
			c := newPoolCase[float32](g, 2)
			c.run(nil)
			c.check(t)
		}
	})
}

// An activation after the pooling gives the bits of the two operations one after the other.
func TestActivatedMaxPool(t *testing.T) {
	t.Run("float32", func(t *testing.T) { everyFamily(t, testActivatedMaxPool[float32]) })
	t.Run("float64", testActivatedMaxPool[float64])
}

func testActivatedMaxPool[T Float](t *testing.T) {
	for _, w := range []Window{poolWindow(7, 9, 3, 2, 2), samePoolWindow(7, 9, 8, 2, 2), poolWindow(28, 28, 33, 2, 2), poolWindow(1, 5, 9, 2, 2)} {
		for _, act := range []Activation{{Function: Sigmoid}, {Function: Tanh}, {Function: ReLU}, {Function: LeakyReLU, Slope: 0.2}} {
			for _, threads := range []int{1, 3} {
				p := NewPool(threads)
				c := newPoolCase[T](w, 3)
				for i, v := range c.x {
					if v-v != 0 { // not finite
						c.x[i] = 1
					}
				}
				pooled, alone := NewMaxPool2D[T](w), NewActivate[T](act)
				wantY, wantX, derived, argmax := make([]T, len(c.y)), make([]T, len(c.x)), make([]T, len(c.dy)), make([]uint8, len(c.argmax))
				pooled.Forward(nil, c.n, wantY, c.x, argmax)
				alone.Forward(nil, wantY, wantY)
				alone.Backward(nil, derived, wantY, c.dy)
				pooled.Backward(nil, c.n, wantX, nil, derived, argmax)
				c.pool = NewActivatedMaxPool2D[T](w, act)
				c.run(p)
				p.Close()
				name := fmt.Sprintf("%+v, %+v, %d threads: ", w, act, threads)
				checkSame(t, name+"y", c.y, wantY)
				checkSame(t, name+"dx", c.dx, wantX)
				c.guards.check(t)
				c.bytes.check(t)
			}
		}
	}
}
