package kernel

import (
	"math/rand/v2"
	"testing"
)

// 32 images of 28x28x32: 0.8 million values.
func BenchmarkLayers(b *testing.B) {
	const n, size, channels = 32, 28, 32
	r := rand.New(rand.NewPCG(1, 2))
	x, y, dy := make([]float32, n*size*size*channels), make([]float32, n*size*size*channels), make([]float32, n*size*size*channels)
	for i := range x {
		x[i], dy[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
	}
	large := make([]float32, 4*len(x))
	p := NewPool(1)
	defer p.Close()
	run := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				f()
			}
		})
	}
	for _, c := range []struct {
		name string
		f    Curve
	}{{"elu", ELU(1)}, {"silu", SiLU()}, {"gelu", GELU()}, {"softplus", Softplus()}, {"mish", Mish()}, {"hard_sigmoid", HardSigmoid()}} {
		run(c.name, func() { Pointwise(p, c.f, y, x) })
		run(c.name+" gradient", func() { PointwiseGradient(p, c.f, y, x, dy) })
	}
	run("softmax", func() { Rowwise(p, Softmax, channels, y, x) })
	w := Window{InH: size, InW: size, InC: channels, OutH: size / 2, OutW: size / 2, OutC: channels, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1}
	average := NewAveragePool2D[float32](w, Counting{})
	run("average", func() { average.Forward(p, n, y, x) })
	run("average gradient", func() { average.Backward(p, n, y, dy) })
	linear := LinearTaps(size, 2*size, func(i int) float64 { return (float64(i)+0.5)/2 - 0.5 })
	for name, axis := range map[string][][]Tap{"nearest": RepeatedTaps(size, 2), "bilinear": linear} {
		u := NewResampling[float32](size, size, channels, axis, axis)
		run(name, func() { u.Forward(p, n, large, x) })
		run(name+" gradient", func() { u.Backward(p, n, y, large) })
	}
	d := NewDropout[float32](0.3, size*size, channels, false)
	run("dropout", func() { d.Forward(p, n, y, x, r) })
	run("dropout gradient", func() { d.Backward(p, n, y, dy) })
	run("noise", func() { AddNoise(p, n, y, x, 0.3, r) })
	run("add", func() { Merge(p, Sum, y, [][]float32{x, dy}) })
	run("maximum gradient", func() { MergeGradient(p, Largest, 1, y, x, dy, [][]float32{x, dy}) })
	run("concatenate", func() { CopyStrips(p, n*size*size, channels, large, channels, 2*channels, x, 0, channels) })
	run("pad", func() {
		Pad(p, Border{InH: size, InW: size, OutH: size + 2, OutW: size + 2, Channels: channels, Top: 1, Left: 1}, n, large[:n*30*30*32], x)
	})
	k := NewMeanDistance[float32](LogitCrossEntropy(0))
	run("crossentropy", func() { k.Forward(p, x, dy) })
	run("penalty", func() { Penalty(p, 1, 1, x) })
}
