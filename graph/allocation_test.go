package graph

import (
	"testing"

	"gorgonia.org/gorgonia"
)

// The ops of the models under study allocate nothing in a step; what is left are the three small allocations of Gorgonia's machine for each
// node. (Some other ops allocate a few small jobs: curves, average pooling, resizing, losses but mse.)
func TestOpsAllocateNothing(t *testing.T) {
	three, two := Square(3), Square(2)
	m := Sequential("allocation", Shape{12, 8, 1},
		Conv2D{Filters: 12, Kernel: three, Padding: Same, Activation: ReLU}, BatchNormalization{}, MaxPooling2D{},
		Conv2D{Filters: 20, Kernel: three, Padding: Same, Activation: Sigmoid}, MaxPooling2D{}, Flatten{}, Dense{Units: 9, Activation: Tanh},
		Dense{Units: 24}, Reshape{Target: Shape{3, 2, 4}}, Activate{Function: ReLU},
		Conv2DTranspose{Filters: 8, Kernel: three, Strides: two, Padding: Same}, Conv2DTranspose{Filters: 8, Kernel: three, Strides: two, Padding: Same}, Conv2D{Filters: 1, Kernel: three, Padding: Same, Activation: Sigmoid})
	for _, precision := range []Precision{Float32, Float64} {
		params, err := m.Init(1, precision)
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewTraining(m, params, MSE, Options{Batch: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for range 2 { // in the first step memory is made, and in the second it finds its place
			if _, err := p.Step(4); err != nil {
				t.Fatal(err)
			}
		}
		for _, o := range p.ops {
			run := o.run
			o.run = func(in []gorgonia.Value, out gorgonia.Value) (err error) {
				if n := testing.AllocsPerRun(1, func() { err = run(in, out) }); n > 0 {
					t.Errorf("%s of %s allocates %g times", o.label, o.layer, n)
				}
				return err
			}
		}
		if _, err := p.Step(4); err != nil {
			t.Fatal(err)
		}
	}
}
