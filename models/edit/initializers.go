package edit

import (
	"reflect"

	"github.com/pkg/errors"

	"dcae/graph"
)

// KernelInitializers makes all kernels begin with values of one initializer; nil is Keras' default, Glorot uniform.
func KernelInitializers(m *graph.Model, to graph.Initializer) (*graph.Model, []string, error) {
	return weights(m, func(_ *draft, n *node, w *weighted) error {
		if _, matrix := to.(graph.IdentityMatrix); matrix {
			if _, dense := n.layer.(graph.Dense); !dense {
				return errors.Errorf("layer %s (%s): an identity initializer needs a matrix, which its kernel is not", n.name, n.layer.Class())
			}
		}
		if !sameInitializer(w.kernel, to, graph.GlorotUniform()) {
			w.kernel = to
		}
		return nil
	})
}

// BiasInitializers makes all biases of layers with a kernel begin with values of one initializer; nil is Keras' default, zeros.
func BiasInitializers(m *graph.Model, to graph.Initializer) (*graph.Model, []string, error) {
	return weights(m, func(_ *draft, n *node, w *weighted) error {
		switch to.(type) {
		case graph.IdentityMatrix, graph.Orthogonal, graph.DeltaOrthogonal:
			if !w.noBias {
				return errors.Errorf("layer %s (%s): initializer %v needs a matrix, which a bias is not", n.name, n.layer.Class(), to)
			}
		}
		if !w.noBias && !sameInitializer(w.bias, to, graph.Zeros{}) {
			w.bias = to
		}
		return nil
	})
}

// InitializersByFan makes kernels and biases begin with values of initializers that follow from a layer's fans: inputs is how many inputs each
// of its outputs has, without regard to borders and strides; in is what Keras and PyTorch call its fan in, which of a transposed convolution
// counts its outputs. It fails for layers that have not one kernel.
func InitializersByFan(m *graph.Model, of func(inputs, in int) (kernel, bias graph.Initializer)) (*graph.Model, []string, error) {
	params, err := m.Zeros(graph.Float32)
	if err != nil {
		return nil, nil, err
	}
	return weights(m, func(_ *draft, n *node, w *weighted) error {
		v := params.Lookup(n.name + "/kernel")
		if v == nil || len(v.Shape) < 2 {
			return errors.Errorf("layer %s (%s) has not one kernel, by whose fan it could begin", n.name, n.layer.Class())
		}
		field, matrix := v.Shape[:len(v.Shape)-2].Size(), v.Shape[len(v.Shape)-2:]
		inputs, in := field*matrix[0], field*matrix[0]
		switch n.layer.(type) {
		case graph.Conv2DTranspose, graph.Conv1DTranspose: // height x width x outputs x inputs
			inputs = field * matrix[1]
		}
		kernel, bias := of(inputs, in)
		if !sameInitializer(w.kernel, kernel, graph.GlorotUniform()) {
			w.kernel = kernel
		}
		if !w.noBias && !sameInitializer(w.bias, bias, graph.Zeros{}) {
			w.bias = bias
		}
		return nil
	})
}

// OutputBias makes the bias of the model's last layers with a kernel begin with values of an initializer. Started where an image's mean
// is, the output need not get there in the first steps, which moves everything else, too.
func OutputBias(m *graph.Model, to graph.Initializer) (*graph.Model, []string, error) {
	return weights(m, func(d *draft, n *node, w *weighted) error {
		if d.outputWeights()[n] && !w.noBias && !sameInitializer(w.bias, to, graph.Zeros{}) {
			w.bias = to
		}
		return nil
	})
}

// ResetInitializers makes all weights begin with usual values: see [ResetKernels] and [ResetBiases].
func ResetInitializers(m *graph.Model) (*graph.Model, []string, error) {
	return weights(m, func(d *draft, n *node, w *weighted) error {
		w.resetKernel(d.followedBy(n))
		w.resetBias()
		return nil
	})
}

// ResetKernels makes all kernels begin as suits what follows them: He normal before rectifiers (He et al. 2015), LeCun normal
// before selu (Klambauer et al. 2017), else Glorot uniform, Keras' default (Glorot and Bengio 2010).
func ResetKernels(m *graph.Model) (*graph.Model, []string, error) {
	return weights(m, func(d *draft, n *node, w *weighted) error {
		w.resetKernel(d.followedBy(n))
		return nil
	})
}

// ResetBiases makes all biases begin with zeros. Batch normalizations always begin with a gamma of 1 and a beta of 0.
func ResetBiases(m *graph.Model) (*graph.Model, []string, error) {
	return weights(m, func(_ *draft, _ *node, w *weighted) error {
		w.resetBias()
		return nil
	})
}

func (w *weighted) resetKernel(before graph.Activation) {
	kernel := graph.GlorotUniform()
	switch {
	case Rectifies(before):
		kernel = graph.HeNormal()
	case before == graph.SELU:
		kernel = graph.LecunNormal()
	}
	if !sameInitializer(w.kernel, kernel, graph.GlorotUniform()) {
		w.kernel = kernel
	}
}

func (w *weighted) resetBias() {
	if !w.noBias && !sameInitializer(w.bias, nil, graph.Zeros{}) {
		w.bias = nil
	}
}

// followedBy is the activation that the output of a layer with a kernel goes through, fused or a layer of its own, before the next
// kernel.
func (d *draft) followedBy(n *node) graph.Activation {
	a, _ := activationOf(n.layer)
	for _, next := range d.chain(n) {
		if a != graph.Linear {
			break
		}
		if own, ok := activationOf(next.layer); ok {
			a = own
		}
	}
	return a
}

// weights lets change see the settings of each layer with a kernel once.
func weights(m *graph.Model, change func(d *draft, n *node, w *weighted) error) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	var changed []string
	for _, n := range d.nodes {
		w, ok := weightsOf(n.layer)
		if !ok || n.first != nil {
			continue
		}
		before := w
		if err := change(d, n, &w); err != nil {
			return nil, nil, err
		}
		if !reflect.DeepEqual(w, before) {
			d.set(n, w.in(n.layer))
			changed = append(changed, n.name)
		}
	}
	return d.finish(changed)
}

// sameInitializer tells whether two initializers draw the same values; nil is the default.
func sameInitializer(a, b, def graph.Initializer) bool {
	return reflect.DeepEqual(plain(a, def), plain(b, def))
}

// plain is an initializer without its name, and with defaults filled in.
func plain(i, def graph.Initializer) graph.Initializer {
	if i == nil {
		i = def
	}
	switch s := i.(type) {
	case graph.VarianceScaling:
		s.Name = ""
		if s.Scale == 0 {
			s.Scale = 1
		}
		return s
	case graph.Orthogonal:
		if s.Gain == 0 {
			s.Gain = 1
		}
		return s
	case graph.DeltaOrthogonal:
		if s.Gain == 0 {
			s.Gain = 1
		}
		return s
	case graph.IdentityMatrix:
		if s.Gain == 0 {
			s.Gain = 1
		}
		return s
	case graph.Constant:
		switch s.Value {
		case 0:
			return graph.Zeros{}
		case 1:
			return graph.Ones{}
		}
	}
	return i
}
