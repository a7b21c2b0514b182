package kernel

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"syscall"
	"testing"
)

func cpuNow() float64 {
	var r syscall.Rusage
	syscall.Getrusage(1, &r) // RUSAGE_THREAD
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)*1e-6
}

func TestZZCPU(t *testing.T) {
	pat := os.Getenv("ZZ")
	if pat == "" {
		t.SkipNow()
	}
	if os.Getenv("ZF") == "avx2" {
		family = avx2
	}
	runtime.LockOSThread()
	re := regexp.MustCompile(pat)
	n := 32
	for _, l := range benchmarkLayers {
		if !re.MatchString(l.name) {
			continue
		}
		p := newProblem[float32](l.w, l.act, l.transposed, n)
		p.layer.Forward(nil, n, p.y, p.x, p.kernel, p.bias)
		fl := 2 * float64(n) * float64(l.w.OutH*l.w.OutW) * float64(l.w.kernelSize()) / 1e9
		fmt.Printf("%-26s", l.name)
		for i, f := range []func(){
			func() { p.layer.Forward(nil, n, p.y, p.x, p.kernel, p.bias) },
			func() { p.layer.(gradients).dataGradient(nil, n, p.dx, p.kernel, p.y, p.dy) },
			func() { p.layer.Backward(nil, n, nil, p.dkernel, p.dbias, p.x, p.kernel, p.y, p.dy) },
		} {
			best := math.Inf(1)
			f()
			for range 12 {
				c0, k := cpuNow(), 0
				for cpuNow()-c0 < 0.015 {
					f()
					k++
				}
				best = min(best, (cpuNow()-c0)/float64(k))
			}
			fmt.Printf(" %s %8.1fus %6.1f", []string{"fwd", "dx", "dw"}[i], best*1e6, fl/best)
		}
		fmt.Println()
	}
}
