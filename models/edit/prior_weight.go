package edit

import (
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// FullPrior tells whether a model's own loss is the mean error over an image's values beside a term that does not depend on the reconstruction and is
// no mean, as a variational autoencoder's Kullback-Leibler divergence: then that counts as many times as an image has values, and the code comes to
// say nothing of the image. It is the term's name, and that number of values; "" if the loss is none such.
func FullPrior(m *graph.Model) (term string, values int) {
	d, err := open(m)
	if err != nil || len(d.loss) == 0 {
		return "", 0
	}
	prior, _, err := d.terms()
	if err != nil {
		return "", 0
	}
	shapes, err := m.Shapes()
	if err != nil {
		return "", 0
	}
	return prior.name, shapes[len(shapes)-1].Size()
}

// Weighed ends the name of the node that [WeighPrior] adds.
const Weighed = " weighed"

// WeighPrior multiplies the term that [FullPrior] finds by one over the number of an image's values, as if the error were summed over them. It fails if
// there is none.
func WeighPrior(m *graph.Model) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	shapes, err := m.Shapes()
	if err != nil {
		return nil, nil, err
	}
	prior, sum, err := d.terms()
	if err != nil {
		return nil, nil, err
	}
	weighed := &node{name: prior.name + Weighed, layer: graph.Rescaling{Scale: []float64{1 / float64(shapes[len(shapes)-1].Size())}}, inputs: []*node{prior}}
	for i, in := range sum.inputs {
		if in == prior {
			sum.inputs[i] = weighed
		}
	}
	at := slices.Index(d.loss, sum)
	d.loss = slices.Insert(d.loss, at, weighed)
	return d.build(), []string{prior.name}, nil
}

// terms are the term of the loss without the reconstruction, and the sum of both. It fails if the loss is not such a sum, or if the other term is no
// mean, or this one is.
func (d *draft) terms() (prior, sum *node, err error) {
	none := errors.Errorf("the loss of model %s is no mean error beside a term of the code", d.of.Name)
	if len(d.loss) == 0 {
		return nil, nil, none
	}
	sum = d.loss[len(d.loss)-1]
	if _, ok := sum.layer.(graph.Add); !ok || len(sum.inputs) != 2 {
		return nil, nil, none
	}
	var reconstructed *node
	for i, in := range sum.inputs {
		if in != nil && !d.reaches(in, d.output) && d.reaches(sum.inputs[1-i], d.output) {
			prior, reconstructed = in, sum.inputs[1-i]
		}
	}
	if prior == nil || d.averages(prior) || !d.averages(reconstructed) || !slices.Contains(d.loss, prior) {
		return nil, nil, none
	}
	return prior, sum, nil
}

// reaches tells whether a node is computed from another.
func (d *draft) reaches(n, from *node) bool {
	return n != nil && (n == from || slices.ContainsFunc(n.inputs, func(in *node) bool { return d.reaches(in, from) }))
}

// averages tells whether a term of the loss takes a mean over values of an image.
func (d *draft) averages(n *node) bool {
	if n == nil || !slices.Contains(d.loss, n) {
		return false
	}
	r, ok := n.layer.(graph.Reduce)
	return ok && r.How == graph.ReduceMean || slices.ContainsFunc(n.inputs, d.averages)
}
