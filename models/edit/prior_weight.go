package edit

import (
	"math"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// fullPrior is how many times too much a term of the loss must count to be told: weights of up to ten are used on purpose (Higgins et al. 2017,
// "beta-VAE").
const fullPrior = 10

// FullPrior tells whether a model's own loss is the error beside a term that does not depend on the reconstruction, as a variational autoencoder's
// Kullback-Leibler divergence, and this counts ten times as much or more as where the error is summed over an image's values, the term over the code's, and
// both are means over a batch of so many images. Then the code comes to say nothing of the image. It is the term's name, and how many times as much; "" if the
// loss is none such.
func FullPrior(m *graph.Model, batch int) (term string, times float64) {
	d, err := open(m)
	if err != nil {
		return "", 0
	}
	prior, _, times, err := d.terms(batch)
	if err != nil {
		return "", 0
	}
	return prior.name, times
}

// Weighed ends the name of the node that [WeighPrior] adds.
const Weighed = " weighed"

// WeighPrior divides the term that [FullPrior] finds by the times that it counts too much. It fails if there is none.
func WeighPrior(m *graph.Model, batch int) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	prior, sum, times, err := d.terms(batch)
	if err != nil {
		return nil, nil, err
	}
	weighed := &node{name: prior.name + Weighed, layer: graph.Rescaling{Scale: []float64{1 / times}}, inputs: []*node{prior}}
	for i, in := range sum.inputs {
		if in == prior {
			sum.inputs[i] = weighed
		}
	}
	at := slices.Index(d.loss, sum)
	d.loss = slices.Insert(d.loss, at, weighed)
	return d.build(), []string{prior.name}, nil
}

// terms are the term of the loss without the reconstruction, the sum of it and the error, and how many times too much it counts. It fails if the loss is not
// such a sum, or if that is less than ten times.
func (d *draft) terms(batch int) (prior, sum *node, times float64, err error) {
	none := errors.Errorf("the loss of model %s is no error beside a term of the code that counts far more", d.of.Name)
	if len(d.loss) == 0 {
		return nil, nil, 0, none
	}
	for sum = d.loss[len(d.loss)-1]; len(sum.inputs) == 1 && slices.Contains(d.loss, sum.inputs[0]); {
		sum = sum.inputs[0] // the sum's mean over the batch
	}
	switch sum.layer.(type) {
	case graph.Add, graph.Subtract:
	default:
		return nil, nil, 0, none
	}
	if len(sum.inputs) != 2 {
		return nil, nil, 0, none
	}
	var reconstructed *node
	printed := d.output
	for printed != nil && len(printed.inputs) == 1 && arranges(printed.layer) { // the loss may take the output in PyTorch's order
		printed = printed.inputs[0]
	}
	for i, in := range sum.inputs {
		if in != nil && !d.reaches(in, printed) && d.reaches(sum.inputs[1-i], printed) {
			prior, reconstructed = in, sum.inputs[1-i]
		}
	}
	if prior == nil || !slices.Contains(d.loss, prior) {
		return nil, nil, 0, none
	}
	shapes, err := d.lossShapes()
	if err != nil {
		return nil, nil, 0, err
	}
	if times = d.counts(prior, shapes, batch) / d.counts(reconstructed, shapes, batch); !(times >= fullPrior) || math.IsInf(times, 0) {
		return nil, nil, 0, none
	}
	return prior, sum, times, nil
}

// arranges tells whether a layer only gives its values another order or other axes.
func arranges(layer graph.Layer) bool {
	switch layer.(type) {
	case graph.Reshape, graph.Permute, graph.Flatten:
		return true
	}
	return false
}

// reaches tells whether a node is computed from another.
func (d *draft) reaches(n, from *node) bool {
	return n != nil && (n == from || slices.ContainsFunc(n.inputs, func(in *node) bool { return d.reaches(in, from) }))
}

// lossShapes are those of the outputs of all nodes, those of the loss, too.
func (d *draft) lossShapes() (map[*node]graph.Shape, error) {
	m := d.build()
	m.Nodes, m.OwnLoss = slices.Concat(m.Nodes, m.OwnLoss), nil
	list, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	out := map[*node]graph.Shape{nil: d.of.Input}
	for i, n := range d.all() {
		out[n] = list[i]
	}
	return out, nil
}

// counts is what a term of the loss is multiplied by, beside a sum over an image's values that is a mean over the batch. A half is the formula's own.
func (d *draft) counts(n *node, shapes map[*node]graph.Shape, batch int) float64 {
	if n == nil || !slices.Contains(d.loss, n) || len(n.inputs) == 0 {
		return 1
	}
	factor := 1.0
	switch l := n.layer.(type) {
	case graph.Reshape:
	case graph.Reduce:
		switch l.How {
		case graph.ReduceSum:
		case graph.ReduceMean:
			factor = float64(shapes[n].Size()) / float64(shapes[n.inputs[0]].Size())
		default:
			return 1
		}
	case graph.SumOverBatch:
		if !l.Mean {
			factor = float64(batch)
		}
	case graph.Rescaling:
		if len(l.Scale) != 1 {
			return 1
		}
		if s := math.Abs(l.Scale[0]); s != 0.5 {
			factor = s
		}
	case graph.Divide:
		if len(n.inputs) != 2 || n.inputs[1] == nil || n.inputs[1].layer != (graph.BatchSize{}) {
			return 1
		}
		factor = 1 / float64(batch)
	default:
		return 1
	}
	return factor * d.counts(n.inputs[0], shapes, batch)
}
