package graph

// FLOPs are the floating-point operations of the model's products (convolutions and dense layers) for one image: each
// multiplication and each addition counts as one, as for direct convolution, whatever algorithm computes it. A training step
// takes forward plus twice that backward, by input and by kernel, less the gradient by the model's input, which nobody needs.
func (m *Model) FLOPs() (forward, training float64, err error) {
	shapes, err := m.Shapes()
	if err != nil {
		return 0, 0, err
	}
	for i, n := range m.Nodes {
		in := m.inputShapes(i, shapes)
		f := layerFLOPs(n.Layer, in, shapes[i])
		forward += f
		training += 3 * f
		if len(n.Inputs) == 1 && n.Inputs[0] < 0 {
			training -= f
		}
	}
	return forward, training, nil
}

func layerFLOPs(l Layer, in []Shape, out Shape) float64 {
	switch l := l.(type) {
	case Conv2D:
		return 2 * float64(out.Size()*l.Kernel.H*l.Kernel.W*in[0][2])
	case Conv2DTranspose:
		return 2 * float64(in[0].Size()*l.Kernel.H*l.Kernel.W*l.Filters)
	case Dense:
		return 2 * float64(in[0].Size()*l.Units)
	}
	return 0
}
