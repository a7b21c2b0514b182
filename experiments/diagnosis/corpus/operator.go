package corpus

import (
	"slices"

	"dcae/experiments/diagnosis"
	"dcae/graph"
)

// operator makes a case from a base by one change.
type operator struct {
	name   string
	causes []diagnosis.Cause // that a right diagnosis may name, the best one first; none: the case stays healthy
	why    string            // why more than one is right, or what a healthy case is there for
	bases  int               // of each half, on how many it is tried; default 1
	// change returns false where the base has nothing to be changed so.
	change func(c *Case) (bool, error)
}

// on makes the case.
func (o operator) on(base Case) (Case, bool, error) {
	c := base
	c.Change, c.Causes, c.Why = o.name, o.causes, o.why
	c.Name = base.Name + "/" + o.name
	ok, err := o.change(&c)
	return c, ok, err
}

// always is a change that can be made to every base.
func always(change func(c *Case)) func(c *Case) (bool, error) {
	return func(c *Case) (bool, error) {
		change(c)
		return true, nil
	}
}

// edited is a change by one of package edit's functions.
func edited(edit func(m *graph.Model) (*graph.Model, []string, error)) func(c *Case) (bool, error) {
	return func(c *Case) (bool, error) {
		m, changed, err := edit(c.Model)
		if err == nil {
			c.Model = m
		}
		return len(changed) > 0, err
	}
}

// withLayers is the model with each layer changed.
func withLayers(m *graph.Model, change func(i int, l graph.Layer) graph.Layer) *graph.Model {
	out := *m
	out.Nodes = slices.Clone(m.Nodes)
	for i := range out.Nodes {
		out.Nodes[i].Layer = change(i, out.Nodes[i].Layer)
	}
	return &out
}

// weighted are the places of layers with a kernel, the one that gives the output at last.
func weighted(m *graph.Model) []int {
	var out []int
	for i, n := range m.Nodes {
		switch n.Layer.(type) {
		case graph.Conv2D, graph.Conv2DTranspose, graph.Dense:
			out = append(out, i)
		}
	}
	return out
}

// withActivation is a layer with a kernel and another activation.
func withActivation(l graph.Layer, a graph.Activation) graph.Layer {
	switch l := l.(type) {
	case graph.Conv2D:
		l.Activation = a
		return l
	case graph.Conv2DTranspose:
		l.Activation = a
		return l
	case graph.Dense:
		l.Activation = a
		return l
	}
	return l
}

// allHidden gives every layer with a kernel but the last one another activation, the code too, which [edit.HiddenActivations] would
// leave linear.
func allHidden(a graph.Activation) func(c *Case) (bool, error) {
	return always(func(c *Case) {
		hidden := weighted(c.Model)
		hidden = hidden[:len(hidden)-1]
		c.Model = withLayers(c.Model, func(i int, l graph.Layer) graph.Layer {
			if slices.Contains(hidden, i) {
				return withActivation(l, a)
			}
			return l
		})
	})
}

// penalized gives every layer with a kernel penalties of it and of its output.
func penalized(kernel, activity graph.Regularizer) func(c *Case) (bool, error) {
	return always(func(c *Case) {
		c.Model = withLayers(c.Model, func(_ int, l graph.Layer) graph.Layer {
			switch l := l.(type) {
			case graph.Conv2D:
				l.KernelRegularizer, l.ActivityRegularizer = kernel, activity
				return l
			case graph.Conv2DTranspose:
				l.KernelRegularizer, l.ActivityRegularizer = kernel, activity
				return l
			case graph.Dense:
				l.KernelRegularizer, l.ActivityRegularizer = kernel, activity
				return l
			}
			return l
		})
	})
}

// inserted is the model with layers behind a node; what read the node reads the last of them.
func inserted(m *graph.Model, behind int, layers ...graph.Layer) *graph.Model {
	n := len(layers)
	kinds := make([]graph.Layer, 0, len(m.Nodes)+n)
	inputs := make([][]int, 0, len(m.Nodes)+n)
	moved := func(i int) int {
		if i >= behind {
			return i + n
		}
		return i
	}
	for i, node := range m.Nodes {
		kinds = append(kinds, node.Layer)
		from := make([]int, len(node.Inputs))
		for k, j := range node.Inputs {
			from[k] = moved(j)
		}
		inputs = append(inputs, from)
		if i != behind {
			continue
		}
		for k, l := range layers {
			kinds = append(kinds, l)
			inputs = append(inputs, []int{behind + k})
		}
	}
	out := graph.Sequential(m.Name, m.Input, kinds...) // for the names
	for i := range out.Nodes {
		out.Nodes[i].Inputs = inputs[i]
	}
	return out
}

// dropout drops values behind every hidden layer with a kernel.
func dropout(rate float64) func(c *Case) (bool, error) {
	return always(func(c *Case) {
		hidden := weighted(c.Model)
		for k := len(hidden) - 2; k >= 0; k-- {
			c.Model = inserted(c.Model, hidden[k], graph.Dropout{Rate: rate})
		}
	})
}

// deeper puts hidden layers behind the first and behind the code, which keep the shape of their input.
func deeper(n int) func(c *Case) (bool, error) {
	return func(c *Case) (bool, error) {
		shapes, err := c.Model.Shapes()
		if err != nil {
			return false, err
		}
		hidden := weighted(c.Model)
		for _, at := range []int{hidden[len(hidden)-2], hidden[0]} { // from behind, so that places stay
			var layers []graph.Layer
			for range n {
				layers = append(layers, sameShape(c.Model.Nodes[at].Layer, shapes[at]))
			}
			c.Model = inserted(c.Model, at, layers...)
		}
		return true, nil
	}
}

// sameShape is a layer of a like kind that gives what it takes.
func sameShape(like graph.Layer, s graph.Shape) graph.Layer {
	switch l := like.(type) {
	case graph.Conv2D:
		return convolution(s[2], 1, l.Activation)
	case graph.Conv2DTranspose:
		return convolution(s[2], 1, l.Activation)
	case graph.Dense:
		return dense(s[0], l.Activation)
	}
	return graph.Activate{}
}
