package graph

// FLOPs are floating-point operations of products (convolutions and dense layers) for one image: each multiplication and each addition
// counts as one, as for direct convolution, whatever algorithm computes it.
type FLOPs struct {
	Forward  float64
	Training float64 // forward, and backward by input and by kernel, less the gradient by the model's input, which nobody needs
}

// FLOPs are those of the whole model. It fails where shapes do not fit.
func (m *Model) FLOPs() (total FLOPs, err error) {
	layers, err := m.LayerFLOPs()
	for _, f := range layers {
		total.Forward += f.Forward
		total.Training += f.Training
	}
	return total, err
}

// LayerFLOPs are those of each node; 0 for layers without a product, which take a few operations a value. It fails where shapes do not fit.
func (m *Model) LayerFLOPs() ([]FLOPs, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	out := make([]FLOPs, len(m.Nodes))
	for i, n := range m.Nodes {
		f := layerFLOPs(n.Layer, m.inputShapes(i, shapes), shapes[i])
		out[i] = FLOPs{f, 3 * f}
		if len(n.Inputs) == 1 && n.Inputs[0] < 0 {
			out[i].Training = 2 * f
		}
	}
	return out, nil
}

// multiplying is a layer with products.
type multiplying interface {
	// flops are those of the layer's forward products for one image.
	flops(in []Shape, out Shape) float64
}

func layerFLOPs(l Layer, in []Shape, out Shape) float64 {
	switch l := l.(type) {
	case multiplying:
		return l.flops(in, out)
	case sequential:
		if row, err := asRow(in); err == nil && len(out) == 2 {
			return layerFLOPs(l.image(), row, Shape{1, out[0], out[1]})
		}
	}
	return 0
}

func (l Conv2D) flops(in []Shape, out Shape) float64 {
	return 2 * float64(out.Size()*l.Kernel.H*l.Kernel.W*in[0][2]/max(l.Groups, 1))
}

func (l Conv2DTranspose) flops(in []Shape, _ Shape) float64 {
	return 2 * float64(in[0].Size()*l.Kernel.H*l.Kernel.W*l.Filters/max(l.Groups, 1))
}

func (l Dense) flops(in []Shape, _ Shape) float64 { return 2 * float64(in[0].Size()*l.Units) }
