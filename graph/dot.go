package graph

import (
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"
)

// Dot is the expression graph in Graphviz' DOT language: values flow along the arrows, gradients are in another colour. The
// writer that Gorgonia has lists every node's internals in a picture too large to look at.
func (m *machine) Dot() string {
	var b strings.Builder
	b.WriteString("digraph expression {\n\trankdir=TB;\n\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fillcolor=\"#dbe9f6\"];\n\tedge [color=\"#555555\"];\n")
	number := map[int64]int{}
	nodes := m.graph.AllNodes()
	for i, n := range nodes {
		number[n.ID()] = i
		label, style := n.Name(), ""
		switch o := n.Op().(type) {
		case *op:
			label = o.label
			if strings.HasPrefix(label, "gradient") {
				style = ", fillcolor=\"#fbe3d0\""
			} else if _, side := o.output.(ownOutput); side && len(o.item) > 0 {
				label, style = "gradient by "+label, ", fillcolor=\"#fbe3d0\""
			}
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

// quote makes a DOT string; a line break in it is a line break in the picture.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
