package edit

import (
	"math"
	"slices"

	"dcae/graph"
)

// keepSums are the nodes of the model's own loss, given all its nodes and their shapes in the twin. What is summed up over pixels is multiplied by how many times more
// values that are in the original, and a norm by the root of it.
func (t *twin) keepSums(nodes []graph.Node, shapes []graph.Shape) []graph.Node {
	var loss []graph.Node
	at := make([]int, len(nodes)) // where each node's values are to be read
	for i := range nodes {
		at[i] = i
	}
	for i := t.output + 1; i < len(nodes); i++ {
		n := nodes[i]
		n.Inputs = slices.Clone(n.Inputs)
		for k, from := range n.Inputs {
			if from >= 0 {
				n.Inputs[k] = at[from]
			}
		}
		loss = append(loss, n)
		at[i] = t.output + len(loss)
		l, ok := n.Layer.(graph.Reduce)
		if !ok || l.How != graph.ReduceSum && l.How != graph.ReduceNorm {
			continue
		}
		was := float64(t.inputOf(t.nodes[i]).Size()) / float64(t.shapes[i].Size())
		factor := was * float64(shapes[i].Size()) / float64(shapeOf(nodes[i].Inputs[0], shapes, t.input).Size())
		if l.How == graph.ReduceNorm {
			factor = math.Sqrt(factor)
		}
		if factor != 1 {
			loss = append(loss, graph.Node{Name: n.Name + " of all pixels", Layer: graph.Rescaling{Scale: []float64{factor}}, Inputs: []int{at[i]}})
			at[i]++
		}
	}
	return loss
}

// shapeOf is the shape of a node's output, or of the model's input before the first node.
func shapeOf(node int, shapes []graph.Shape, input graph.Shape) graph.Shape {
	if node < 0 {
		return input
	}
	return shapes[node]
}
