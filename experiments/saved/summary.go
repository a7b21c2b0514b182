package saved

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training/names"
)

// WriteSummary writes a table of a model's layers as Keras' summary has it, with what each costs and how much of the image it
// sees: floating-point operations of its product for one image, and the receptive field of one output value in rows and columns
// of the input. Layers of models in the model stand in their place. It fails for a model whose layers do not fit each other, and
// where w cannot be written.
func WriteSummary(w io.Writer, m *Model) error {
	shapes, err := m.Model.Shapes()
	if err != nil {
		return err
	}
	flops, err := m.Model.LayerFLOPs()
	if err != nil {
		return err
	}
	fields, err := m.Model.ReceptiveFields()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Model: \"%s\", input %s\n\n", names.Shown(m.Model.Name), kerasShape(m.Model.Input))
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "Layer (type)\tOutput shape\tParams\tFLOPs\tReceptive field\tConnected to")
	total := 0.0
	for i, n := range m.Model.Nodes {
		count, frozen := 0, ""
		for _, v := range m.Params.All {
			if v.Layer == n.Name {
				count += v.Shape.Size()
			}
		}
		if n.Frozen && count > 0 {
			frozen = ", frozen"
		}
		total += flops[i].Forward
		fmt.Fprintf(table, "%s (%s%s)\t%s\t%s\t%s\t%dx%d\t%s\n", names.Shown(n.Name), n.Layer.Class(), frozen, kerasShape(shapes[i]), thousands(count), flopsText(flops[i].Forward),
			fields[i].H, fields[i].W, connections(m.Model, i))
	}
	if err := table.Flush(); err != nil {
		return errors.Wrap(err, "summary")
	}
	all, trainable := m.Params.Count()
	for _, line := range []struct {
		what  string
		count int
	}{{"Total params", all}, {"Trainable params", trainable}, {"Non-trainable params", all - trainable}} {
		fmt.Fprintf(&b, "\n%s: %s (%s)", line.what, thousands(line.count), bytesText(4*line.count))
	}
	fmt.Fprintf(&b, "\nFLOPs: %s forward for one image (multiplications and additions of convolutions and dense layers)\n", flopsText(total))
	told := "as compiled"
	switch assumed := m.AssumedOptimizer || m.AssumedLoss; {
	case assumed && m.Torch != nil:
		told = "default: the file does not say how it is trained"
	case assumed:
		told = "default: the model was not compiled"
	case m.Torch != nil:
		told = "as the file says"
	}
	fmt.Fprintf(&b, "Optimizer: %v\nLoss: %v (%s)\n", m.Optimizer, m.Loss, told)
	_, err = w.Write(b.Bytes())
	return errors.Wrap(err, "summary")
}

// kerasShape is a shape with the batch's axis in front.
func kerasShape(s graph.Shape) string {
	parts := []string{"None"}
	for _, n := range s {
		parts = append(parts, fmt.Sprint(n))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// connections names the layers that a node's input comes from, where that is not the one before.
func connections(m *graph.Model, node int) string {
	inputs := m.Nodes[node].Inputs
	if len(inputs) == 1 && inputs[0] == node-1 {
		return ""
	}
	var from []string
	for _, input := range inputs {
		if input < 0 {
			from = append(from, "input")
		} else {
			from = append(from, names.Shown(m.Nodes[input].Name))
		}
	}
	return strings.Join(from, ", ")
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func flopsText(f float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if f >= unit.size {
			return fmt.Sprintf("%.2f%s", f/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.0f", f)
}

func bytesText(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.2f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.2f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
