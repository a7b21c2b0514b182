package graph

import (
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"
)

// Dot is the expression graph in Graphviz' DOT language. Values flow along the arrows, gradients are in another colour. A node shows its op with
// all that is computed in it ("conv2d+bias+relu"), the layer, and whether the output is lazy (dashed) or a view (dotted). The writer that
// Gorgonia has lists every node's internals in a picture too large to look at.
func (m *machine) Dot() string {
	var b strings.Builder
	b.WriteString("digraph expression {\n\trankdir=TB;\n\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fillcolor=\"#dbe9f6\"];\n\tedge [color=\"#555555\"];\n")
	b.WriteString("\tfontname=\"Helvetica\"; labelloc=b;\n\tlabel=\"orange: gradients; dashed: lazy, computed by the ops that read it; dotted: a view, the memory of what it reads\";\n")
	number := map[int64]int{}
	nodes := m.graph.AllNodes()
	for i, n := range nodes {
		number[n.ID()] = i
		label, style := n.Name(), ""
		switch o := n.Op().(type) {
		case *op:
			label, style = o.dot()
		case nil:
			style = ", style=filled, fillcolor=\"#eeeeee\""
		default:
			label = o.String()
		}
		if s := n.Shape(); len(s) > 0 {
			label += "\n" + Shape(s).String()
		}
		fmt.Fprintf(&b, "\tn%d [label=%s%s];\n", i, quote(label), style)
	}
	for i, n := range nodes {
		for children := m.graph.From(n.ID()); children.Next(); {
			fmt.Fprintf(&b, "\tn%d -> n%d;\n", number[children.Node().(*gorgonia.Node).ID()], i)
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// dot is what the op's node shows, and its style.
func (o *op) dot() (label, style string) {
	label = o.label
	if _, side := o.output.(ownOutput); side && len(o.item) > 0 {
		label = "gradient by " + label
	}
	if strings.HasPrefix(label, "gradient") {
		style = ", fillcolor=\"#fbe3d0\""
	}
	if o.layer != "" {
		label += "\n" + o.layer
	}
	switch {
	case o.isLazy():
		return label + ", lazy", style + ", style=\"rounded,filled,dashed\""
	case o.view:
		return label + ", view", style + ", style=\"rounded,filled,dotted\""
	}
	return label, style
}

// quote makes a DOT string; a line break in it is a line break in the picture.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
