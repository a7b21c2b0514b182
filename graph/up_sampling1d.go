package graph

import (
	"cmp"

	"gorgonia.org/gorgonia"
)

// UpSampling1D repeats each place of a sequence.
//
// Input {length, channels}, output {length*Factor, channels}. Reference: https://keras.io/api/layers/reshaping_layers/up_sampling1d/
type UpSampling1D struct {
	Factor int // default 2
}

// Class is "UpSampling1D".
func (UpSampling1D) Class() string { return "UpSampling1D" }

func (l UpSampling1D) image() Layer { return UpSampling2D{Factor: Size{1, cmp.Or(l.Factor, 2)}} }

// OutputShape is that of the longer sequence. It fails for an input that is no sequence, and for a negative factor.
func (l UpSampling1D) OutputShape(in []Shape) (Shape, error) { return shapeOfSequence(l, in) }

// Variables are none.
func (UpSampling1D) Variables([]Shape) []Declaration { return nil }

func (l UpSampling1D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	row, out, err := asRowAndShape(l, in)
	if err != nil {
		return nil, err
	}
	return l.image().(UpSampling2D).enlarge(b, "up_sampling1d", row, out, in[0])
}
