package kernel

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"
)

func TestZZCliff(t *testing.T) {
	if os.Getenv("ZC") == "" {
		t.SkipNow()
	}
	runtime.LockOSThread()
	type L struct {
		name string
		w    Window
		tr   bool
		n    []int
	}
	for _, l := range []L{
		{"14 32-64", window(14, 14, 32, 64, 3, 1, 1, 1), false, []int{1, 8, 32, 128, 512}},
		{"7 64-64T", transposedWindow(7, 64, 64), true, []int{1, 8, 32, 128, 512}},
		{"dense3136", dense(3136, 32), false, []int{1, 8, 32, 128, 512}},
		{"dense784", dense(32, 784), false, []int{1, 8, 32, 128, 512}},
		{"16 128-256", window(16, 16, 128, 256, 3, 1, 1, 1), false, []int{1, 8, 32}},
		{"16 256-128T", transposedWindow(16, 256, 128), true, []int{1, 8, 32}},
		{"256 32-64", window(256, 256, 32, 64, 3, 1, 1, 1), false, []int{1, 4}},
		{"256 64-64 5x5", window(256, 256, 64, 64, 5, 1, 1, 2), false, []int{1}},
		{"512 32-32", window(512, 512, 32, 32, 3, 1, 1, 1), false, []int{1, 2}},
		{"512 32-32 s2", window(512, 512, 32, 32, 3, 2, 1, 1), false, []int{1, 2}},
		{"512 64-32T", transposedWindow(256, 64, 32), true, []int{1, 2}},
		{"512 3-32", window(512, 512, 3, 32, 3, 1, 1, 1), false, []int{1, 2}},
		{"512 32-3", window(512, 512, 32, 3, 3, 1, 1, 1), false, []int{1, 2}},
		{"64 256-256", window(64, 64, 256, 256, 3, 1, 1, 1), false, []int{1, 2}},
		{"32 20-50", window(32, 32, 20, 50, 3, 1, 1, 1), false, []int{1, 32}},
		{"32 10-10 ", window(32, 32, 10, 10, 3, 1, 1, 1), false, []int{1, 32}},
	} {
		for _, n := range l.n {
			p := newProblem[float32](l.w, Activation{}, l.tr, n)
			p.layer.Forward(nil, n, p.y, p.x, p.kernel, p.bias)
			fl := 2 * float64(n) * float64(l.w.OutH*l.w.OutW) * float64(l.w.kernelSize()) / 1e9
			fmt.Printf("%-16s n=%-4d", l.name, n)
			for i, f := range []func(){
				func() { p.layer.Forward(nil, n, p.y, p.x, p.kernel, p.bias) },
				func() { p.layer.(gradients).dataGradient(nil, n, p.dx, p.kernel, p.y, p.dy) },
				func() { p.layer.Backward(nil, n, nil, p.dkernel, p.dbias, p.x, p.kernel, p.y, p.dy) },
			} {
				best := math.Inf(1)
				f()
				for range 6 {
					c0, k := cpuNow(), 0
					for cpuNow()-c0 < 0.015 {
						f()
						k++
					}
					best = min(best, (cpuNow()-c0)/float64(k))
				}
				fmt.Printf(" %s %8.1fus/img %6.1f", []string{"fwd", "dx", "dw"}[i], best*1e6/float64(n), fl/best)
			}
			fmt.Println()
		}
	}
}
