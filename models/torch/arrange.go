package torch

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// arrange is the value in another order.
func (t *translator) arrange(v *value, order []int) (*value, error) {
	if v.unknown {
		return nil, errFollows
	}
	if slices.Equal(v.order, order) {
		return v, nil
	}
	key := fmt.Sprint(v.node, v.order, order)
	out := *v
	out.order = order
	if at, there := t.arranged[key]; there {
		out.node = at
		return &out, nil
	}
	var err error
	if sameMemory(v, order) {
		out.node, err = t.add("shape", graph.Reshape{Target: item(v.dims, order)}, v.node)
	} else {
		permutation := make([]int, len(order))
		for k, axis := range order {
			permutation[k] = v.axis(axis)
		}
		out.node, err = t.add("order", graph.Permute{Order: permutation}, v.node)
	}
	t.arranged[key] = out.node
	return &out, err
}

// sameMemory tells whether only axes of length 1 move.
func sameMemory(v *value, order []int) bool {
	long := func(order []int) []int {
		return slices.DeleteFunc(slices.Clone(order), func(axis int) bool { return v.dims[axis] == 1 })
	}
	return slices.Equal(long(v.order), long(order))
}

// plain is the value in PyTorch's order.
func (t *translator) plain(v *value) (*value, error) { return t.arrange(v, v.plainOrder()) }

// reshaped is the value with other axes, in PyTorch's order.
func (t *translator) reshaped(v *value, batched bool, dims []int) (*value, error) {
	p, err := t.plain(v)
	if err != nil {
		return nil, err
	}
	out := *v
	out.batched, out.dims, out.order = batched, dims, plainOrder(batched, dims)
	out.node = p.node
	if s := item(dims, out.order); !slices.Equal(s, item(p.dims, p.order)) {
		out.node, err = t.add("shape", graph.Reshape{Target: s}, p.node)
	}
	return &out, err
}

// spread gives each image of a batch a value that all have in common, as one with so many axes, of which the first becomes the batch. The other
// axes come in the given order.
func (t *translator) spread(v *value, axes int, order []int) (*value, error) {
	dims := append(slices.Repeat([]int{1}, max(axes-len(v.dims), 0)), v.dims...)
	if len(dims) > axes {
		return nil, errors.Errorf("%v has more axes than the value of a batch that it goes together with", v)
	}
	if dims[0] != 1 {
		return nil, errors.Errorf("%v goes together with the images of a batch, one by one: only a value that all images have in common can", v)
	}
	first := 1 // without the batch, unless images have several rows along it, which all get the same
	if slices.Contains(order, 0) {
		first = 0
	}
	common, err := t.reshaped(v, false, dims[first:])
	if err != nil {
		return nil, err
	}
	inner := make([]int, len(order))
	for k, axis := range order {
		inner[k] = axis - first
	}
	if common, err = t.arrange(common, inner); err != nil {
		return nil, err
	}
	key := fmt.Sprint("batch", common.node)
	node, there := t.arranged[key]
	if !there {
		if node, err = t.add("batch", graph.RepeatOverBatch{}, common.node); err != nil {
			return nil, err
		}
		t.arranged[key] = node
	}
	return &value{node: node, batched: true, dims: dims, order: order, dtype: v.dtype}, nil
}
