package training

import (
	"fmt"
	"path/filepath"
	"testing"

	"gorgonia.org/tensor"

	"dcae/graph"
)

// BenchmarkUpdate is a step over a variable of 100,000 values.
func BenchmarkUpdate(b *testing.B) {
	const n = 100_000
	value := tensor.New(tensor.WithShape(n), tensor.WithBacking(make([]float32, n)))
	variables := []*graph.Variable{{Layer: "layer", Name: "kernel", Shape: graph.Shape{n}, Trainable: true, Value: value}}
	g := make([]float32, n)
	for i := range g {
		g[i] = float32(i%7) - 3
	}
	for _, o := range []Optimizer{
		Adam{}, Adam{Base: Base{ClipNorm: 1}}, AdamW{}, Adam{AMSGrad: true}, SGD{}, SGD{Momentum: 0.9}, Adamax{}, Nadam{}, RMSprop{},
		RMSprop{Centered: true, Momentum: 0.9}, Adagrad{}, Adadelta{},
	} {
		b.Run(fmt.Sprint(o), func(b *testing.B) {
			u, err := newUpdates(o, variables, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(4 * n)
			for b.Loop() {
				u.step(nil, func(int) []float32 { return g })
			}
		})
	}
}

// BenchmarkCheckpoint writes 3 million values, on the disk that holds the folder for temporary files.
func BenchmarkCheckpoint(b *testing.B) {
	arrays := []array{{Name: "a", values: make([]float32, 3_000_000)}}
	path := filepath.Join(b.TempDir(), "run.checkpoint")
	b.SetBytes(4 * 3_000_000)
	for b.Loop() {
		if err := writeCheckpoint(path, checkpoint{}, arrays); err != nil {
			b.Fatal(err)
		}
	}
}
