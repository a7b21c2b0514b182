package edit

import (
	"slices"

	"dcae/graph"
)

// makesMap tells whether a node is a Reshape that makes a map of a vector.
func (t *twin) makesMap(i int) bool {
	_, ok := t.nodes[i].Layer.(graph.Reshape)
	return ok && len(t.shapes[i]) == 3 && len(t.inputOf(t.nodes[i])) == 1
}

// channelsFirst tells whether all that read a node turn {channels, height, width} into {height, width, channels}, as in models of PyTorch.
func (t *twin) channelsFirst(i int) bool {
	readers := 0
	for at, n := range t.nodes {
		if !slices.Contains(n.Inputs, i) {
			continue
		}
		readers++
		switch l := n.Layer.(type) {
		case graph.Permute:
			if !slices.Equal(l.Order, []int{2, 3, 1}) {
				return false
			}
		case graph.Reshape: // where an axis has a length of 1
			if !slices.Equal(t.shapes[at], lastOf(t.shapes[i])) {
				return false
			}
		default:
			return false
		}
	}
	return readers > 0
}

// channelsLast is the map that a node makes as {height, width, channels}.
func (t *twin) channelsLast(i int) graph.Shape {
	if t.channelsFirst(i) {
		return lastOf(t.shapes[i])
	}
	return t.shapes[i]
}

// lastOf moves the first axis behind the others, firstOf the last one before them.
func lastOf(s graph.Shape) graph.Shape  { return graph.Shape{s[1], s[2], s[0]} }
func firstOf(s graph.Shape) graph.Shape { return graph.Shape{s[2], s[0], s[1]} }

// fillReshapes gives Reshape layers that make maps their targets, and the dense layers before them as many units.
func (t *twin) fillReshapes(m *graph.Model, maps map[graph.Size]graph.Size) {
	for i, n := range t.nodes {
		if !t.makesMap(i) {
			continue
		}
		was := t.channelsLast(i)
		size, ok := maps[sizeOf(was)]
		if !ok {
			size = sizeOf(was) // a single pixel
		}
		target := graph.Shape{size.H, size.W, was[2]}
		if t.channelsFirst(i) {
			target = firstOf(target)
		}
		m.Nodes[i].Layer = graph.Reshape{Target: target}
		at := n.Inputs[0]
		for at >= 0 && len(m.Nodes[at].Inputs) == 1 && len(t.shapes[at]) == 1 {
			if l, dense := m.Nodes[at].Layer.(graph.Dense); dense {
				l.Units = target.Size()
				m.Nodes[at].Layer = l
				break
			}
			at = m.Nodes[at].Inputs[0]
		}
	}
}

// reshaped gives a Reshape layer that makes a vector, or moves the channels of a map of which an axis has a length of 1, the target that follows from what it
// reads in the twin.
func reshaped(l graph.Reshape, before, now, made graph.Shape) graph.Layer {
	switch maps := len(before) == 3 && len(now) == 3; {
	case len(made) == 1:
		l.Target = graph.Shape{now.Size()}
	case maps && slices.Equal(made, firstOf(before)):
		l.Target = firstOf(now)
	case maps && slices.Equal(made, lastOf(before)):
		l.Target = lastOf(now)
	}
	return l
}
