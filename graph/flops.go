package graph

// FLOPs are the floating-point operations of the model's products (convolutions and dense layers) for one image: each
// multiplication and each addition counts as one, as for direct convolution, whatever algorithm computes it. A training step
// takes forward plus twice that backward, by input and by kernel, less the gradient by the model's input, which nobody needs.
func (m *Model) FLOPs() (forward, training float64, err error) {
	layers, err := m.LayerFLOPs()
	for i, f := range layers {
		forward += f
		training += 3 * f
		if n := m.Nodes[i]; len(n.Inputs) == 1 && n.Inputs[0] < 0 {
			training -= f
		}
	}
	return forward, training, err
}

// LayerFLOPs are those of each node on the way forward; 0 for layers without a product, which take a few operations a value.
func (m *Model) LayerFLOPs() ([]float64, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(m.Nodes))
	for i, n := range m.Nodes {
		out[i] = layerFLOPs(n.Layer, m.inputShapes(i, shapes), shapes[i])
	}
	return out, nil
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
