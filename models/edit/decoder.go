package edit

import (
	"fmt"
	"slices"

	"dcae/graph"
	"dcae/models"
)

// SwapDecoder enlarges images in another way: each transposed convolution with strides becomes an UpSampling2D by as much, and a
// convolution with the same kernel size and settings; or the other way around, also with a cropping of the lower and right
// border between the two. The image is cropped or padded where sizes would not be the same as before. An upsampling that no
// convolution follows directly, or only one that is called elsewhere, too, stays. It returns the names of the layers that were
// replaced, those in the old model.
func SwapDecoder(m *graph.Model, to models.Decoder) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	shapes, err := d.shapes()
	if err != nil {
		return nil, nil, err
	}
	var replaced []string
	for _, n := range append([]*node{}, d.nodes...) {
		switch l := n.layer.(type) {
		case graph.Conv2DTranspose:
			if to == models.UpSampling && n.first == nil && strides(l) != graph.Square(1) {
				replaced = append(replaced, n.name)
				d.upsample(n, l, shapes)
			}
		case graph.UpSampling2D:
			if to == models.Transposed && n.first == nil {
				replaced = append(replaced, d.transpose(n, l, shapes)...)
			}
		}
	}
	return d.finish(replaced)
}

func strides(l graph.Conv2DTranspose) graph.Size {
	if l.Strides == (graph.Size{}) {
		return graph.Square(1)
	}
	return l.Strides
}

// upsample makes an upsampling and a convolution of all calls of a transposed convolution.
func (d *draft) upsample(n *node, l graph.Conv2DTranspose, shapes map[*node]graph.Shape) {
	s := strides(l)
	w, _ := weightsOf(l)
	convolution := w.in(graph.Conv2D{Kernel: l.Kernel, Dilation: l.Dilation, Groups: l.Groups, Padding: graph.Same})
	name := d.name(convolution)
	for i, call := range d.calls(n) {
		if call.layer, call.name = convolution, name; i > 0 {
			call.name = fmt.Sprintf("%s/%d", name, i+1)
		}
		in, out := shapes[call.inputs[0]], shapes[call]
		d.insertBefore(call, graph.UpSampling2D{Factor: s})
		crop, pad := graph.Margins{}, graph.Margins{}
		crop.Bottom, pad.Top, pad.Bottom = fit(in[0]*s.H, out[0])
		crop.Right, pad.Left, pad.Right = fit(in[1]*s.W, out[1])
		if crop != (graph.Margins{}) {
			d.insertBefore(call, graph.Cropping2D{Cropping: crop})
		}
		if pad != (graph.Margins{}) {
			d.insertBefore(call, graph.ZeroPadding2D{Padding: pad})
		}
	}
}

// fit is how much is to be cropped at one axis' end, or padded at both ends.
func fit(has, wants int) (crop, before, after int) {
	if has >= wants {
		return has - wants, 0, 0
	}
	return 0, (wants - has) / 2, (wants - has + 1) / 2
}

// transpose makes a transposed convolution of an upsampling and the convolution behind it, and returns the names of both; none if
// that cannot be.
func (d *draft) transpose(n *node, l graph.UpSampling2D, shapes map[*node]graph.Shape) []string {
	factor := l.Factor
	if factor == (graph.Size{}) {
		factor = graph.Square(2)
	}
	out := []*node{n}
	next := d.onlyReader(n)
	if next != nil {
		if c, ok := next.layer.(graph.Cropping2D); ok && c.Cropping.Top == 0 && c.Cropping.Left == 0 {
			out = append(out, next)
			next = d.onlyReader(next)
		}
	}
	if next == nil || len(d.calls(n)) > 1 || len(d.calls(next)) > 1 {
		return nil
	}
	c, ok := next.layer.(graph.Conv2D)
	if !ok || !isOne(c.Strides) || !isOne(c.Dilation) || !slices.Equal(shapes[next][:2], shapes[next.inputs[0]][:2]) {
		return nil
	}
	w, _ := weightsOf(c)
	kernel := graph.Size{H: max(c.Kernel.H, factor.H), W: max(c.Kernel.W, factor.W)} // a smaller one would leave holes
	layer := graph.Conv2DTranspose{Kernel: kernel, Strides: factor, Groups: c.Groups, Padding: graph.Same}
	if len(out) == 2 {
		small, large := shapes[n.inputs[0]], shapes[next]
		layer.OutputPadding = &graph.Size{H: large[0] - (small[0]-1)*factor.H - kernel.H%2, W: large[1] - (small[1]-1)*factor.W - kernel.W%2}
	}
	made := w.in(layer)
	if s, err := made.OutputShape([]graph.Shape{shapes[n.inputs[0]]}); err != nil || !slices.Equal(s, shapes[next]) {
		return nil
	}
	replaced := append(names(out), next.name)
	for _, gone := range out {
		d.remove(gone)
	}
	next.layer, next.name = made, d.name(made)
	return replaced
}

// onlyReader is the node that reads n, if there is only one.
func (d *draft) onlyReader(n *node) *node {
	if readers := d.readers(n); len(readers) == 1 {
		return readers[0]
	}
	return nil
}

func isOne(s graph.Size) bool { return s == graph.Size{} || s == graph.Square(1) }
