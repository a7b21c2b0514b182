package edit

import (
	"slices"

	"dcae/graph"
)

// weighted is what convolutions and dense layers have in common.
type weighted struct {
	width                                     int // filters or units; 0 for a depthwise convolution, whose width follows from its input's
	activation                                graph.Activation
	kernel, bias                              graph.Initializer
	noBias                                    bool
	kernelPenalty, biasPenalty, outputPenalty graph.Regularizer
}

// weightsOf reads what convolutions and dense layers have in common; ok is false for other layers. Of the two kernels of a separable
// convolution it is the pointwise one.
func weightsOf(l graph.Layer) (w weighted, ok bool) {
	switch l := l.(type) {
	case graph.Conv2D:
		return weighted{l.Filters, l.Activation, l.KernelInit, l.BiasInit, l.NoBias, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer}, true
	case graph.Conv2DTranspose:
		return weighted{l.Filters, l.Activation, l.KernelInit, l.BiasInit, l.NoBias, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer}, true
	case graph.Conv1D:
		return weighted{l.Filters, l.Activation, l.KernelInit, l.BiasInit, l.NoBias, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer}, true
	case graph.Conv1DTranspose:
		return weighted{l.Filters, l.Activation, l.KernelInit, l.BiasInit, l.NoBias, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer}, true
	case graph.DepthwiseConv2D:
		return weighted{0, l.Activation, l.KernelInit, l.BiasInit, l.NoBias, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer}, true
	case graph.SeparableConv2D:
		return weighted{l.Filters, l.Activation, l.PointwiseInit, l.BiasInit, l.NoBias, l.PointwiseRegularizer, l.BiasRegularizer, l.ActivityRegularizer}, true
	case graph.Dense:
		return weighted{l.Units, l.Activation, l.KernelInit, l.BiasInit, l.NoBias, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer}, true
	}
	return weighted{}, false
}

// in is the layer with these settings instead of its own. What is new for the pointwise kernel of a separable convolution is so for its
// depthwise kernel, too.
func (w weighted) in(l graph.Layer) graph.Layer {
	switch l := l.(type) {
	case graph.Conv2D:
		l.Filters, l.Activation, l.KernelInit, l.BiasInit, l.NoBias = w.width, w.activation, w.kernel, w.bias, w.noBias
		l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer = w.kernelPenalty, w.biasPenalty, w.outputPenalty
		return l
	case graph.Conv2DTranspose:
		l.Filters, l.Activation, l.KernelInit, l.BiasInit, l.NoBias = w.width, w.activation, w.kernel, w.bias, w.noBias
		l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer = w.kernelPenalty, w.biasPenalty, w.outputPenalty
		return l
	case graph.Conv1D:
		l.Filters, l.Activation, l.KernelInit, l.BiasInit, l.NoBias = w.width, w.activation, w.kernel, w.bias, w.noBias
		l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer = w.kernelPenalty, w.biasPenalty, w.outputPenalty
		return l
	case graph.Conv1DTranspose:
		l.Filters, l.Activation, l.KernelInit, l.BiasInit, l.NoBias = w.width, w.activation, w.kernel, w.bias, w.noBias
		l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer = w.kernelPenalty, w.biasPenalty, w.outputPenalty
		return l
	case graph.DepthwiseConv2D:
		l.Activation, l.KernelInit, l.BiasInit, l.NoBias = w.activation, w.kernel, w.bias, w.noBias
		l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer = w.kernelPenalty, w.biasPenalty, w.outputPenalty
		return l
	case graph.SeparableConv2D:
		if !sameInitializer(l.PointwiseInit, w.kernel, graph.GlorotUniform()) {
			l.DepthwiseInit = w.kernel
		}
		l.Filters, l.Activation, l.PointwiseInit, l.BiasInit, l.NoBias = w.width, w.activation, w.kernel, w.bias, w.noBias
		l.PointwiseRegularizer, l.BiasRegularizer, l.ActivityRegularizer = w.kernelPenalty, w.biasPenalty, w.outputPenalty
		return l
	case graph.Dense:
		l.Units, l.Activation, l.KernelInit, l.BiasInit, l.NoBias = w.width, w.activation, w.kernel, w.bias, w.noBias
		l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer = w.kernelPenalty, w.biasPenalty, w.outputPenalty
		return l
	}
	return l
}

// groupsOf is into how many groups the channels of a convolution fall.
func groupsOf(l graph.Layer) int {
	groups := 1
	switch l := l.(type) {
	case graph.Conv2D:
		groups = l.Groups
	case graph.Conv2DTranspose:
		groups = l.Groups
	case graph.Conv1D:
		groups = l.Groups
	case graph.Conv1DTranspose:
		groups = l.Groups
	}
	return max(groups, 1)
}

// isWeighted tells whether a layer has a kernel.
func isWeighted(l graph.Layer) bool {
	_, ok := weightsOf(l)
	return ok
}

// isNormalization tells whether a layer is a batch normalization.
func isNormalization(l graph.Layer) bool {
	_, ok := l.(graph.BatchNormalization)
	return ok
}

// normalizes tells whether a layer is a normalization of any kind.
func normalizes(l graph.Layer) bool {
	switch l.(type) {
	case graph.BatchNormalization, graph.LayerNormalization, graph.GroupNormalization, graph.RMSNormalization, graph.UnitNormalization:
		return true
	}
	return false
}

// joins tells whether a layer makes one output of several inputs, each of whose values is some input's, or 0.
func joins(l graph.Layer) bool {
	switch l.(type) {
	case graph.Concatenate, graph.MaxUnpooling2D, graph.Maximum, graph.Minimum, graph.Average, graph.Where:
		return true
	}
	return false
}

// computes tells whether a layer makes its output by arithmetic, of several inputs or of one.
func computes(l graph.Layer) bool {
	switch l := l.(type) {
	case graph.Elementwise:
		_, activation := l.Activation()
		return !activation
	case graph.Reduce:
		return l.How == graph.ReduceVariance || l.How == graph.ReduceStdDev || l.How == graph.ReduceNorm
	case graph.Add, graph.Subtract, graph.Multiply, graph.Divide, graph.Power, graph.Compare, graph.MatMul, graph.BinaryEntropy:
		return true
	}
	return false
}

// merges tells whether a layer joins inputs, or computes with them.
func merges(l graph.Layer) bool { return joins(l) || computes(l) }

// passes tells whether a layer has no activation and no weights: it moves, picks, averages or scales values.
func passes(l graph.Layer) bool {
	if a, ok := activationOf(l); ok {
		return a == graph.Linear && !isWeighted(l)
	}
	return !normalizes(l) && !merges(l)
}

// chain are the nodes behind n as long as there is one reader, up to the next layer with a kernel or of several inputs.
func (d *draft) chain(n *node) []*node {
	var out []*node
	for {
		readers := d.readers(n)
		if len(readers) != 1 || isWeighted(readers[0].layer) || merges(readers[0].layer) {
			return out
		}
		n = readers[0]
		out = append(out, n)
	}
}

// outputs are the nodes whose activation, or lack of one, the model's output has. Where an arithmetic of several inputs gives the
// output it is that node, or, if through is set, all whose values are in it.
func (d *draft) outputs(through bool) map[*node]bool {
	return d.behindOutput(func(l graph.Layer) bool { return passes(l) || joins(l) || through && computes(l) })
}

// outputWeights are the layers with a kernel of which the model's output is made.
func (d *draft) outputWeights() map[*node]bool {
	return d.behindOutput(func(l graph.Layer) bool { return !isWeighted(l) })
}

// behindOutput goes back from the output through layers as long as it may, and returns those where it stops.
func (d *draft) behindOutput(through func(graph.Layer) bool) map[*node]bool {
	ends, seen := map[*node]bool{}, map[*node]bool{}
	var walk func(n *node)
	walk = func(n *node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		if !through(n.layer) {
			ends[n] = true
			return
		}
		for _, in := range n.inputs {
			walk(in)
		}
	}
	walk(d.output)
	return ends
}

// gates tells whether the node's output is only there to be multiplied by, as that of squeeze and excitation, or as the shares of attention.
func (d *draft) gates(n *node) bool {
	switch a, _ := activationOf(n.layer); a {
	case graph.Sigmoid, graph.HardSigmoid, graph.SparseSigmoid, graph.Softmax, graph.Sparsemax:
	default:
		return false
	}
	return d.multipliesOnly(n)
}

func (d *draft) multipliesOnly(n *node) bool {
	readers := d.readers(n)
	for _, r := range readers {
		if !multiplies(r) && !(passes(r.layer) && d.multipliesOnly(r)) {
			return false
		}
	}
	return len(readers) > 0
}

// multiplies tells whether a node multiplies values; a product of matrices only where both come from the image: with weights it is a dense layer.
func multiplies(n *node) bool {
	switch n.layer.(type) {
	case graph.Multiply:
		return true
	case graph.MatMul:
		return !slices.ContainsFunc(n.inputs, func(in *node) bool { return !ofImage(in) })
	}
	return false
}

// ofImage tells whether a node is computed from the model's input.
func ofImage(n *node) bool { return n == nil || slices.ContainsFunc(n.inputs, ofImage) }
