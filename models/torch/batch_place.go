package torch

import (
	"maps"
	"slices"

	"dcae/graph"
)

// Attention has the batch as its second axis: [length, batch, width], and views that as [length*batch, width], where all images of the first place come
// first. A value knows where PyTorch has its batch (moved); inside, it is the first axis always. Operations that look at each number alone, or along
// the last axes, do not care.

// mixed is the place of a batch that is a part of the first axis: behind the rows of each image, not before them.
const mixed = -1

// anywhere are the operations that care for where the batch is themselves.
var anywhere = []string{"permute", "transpose", "swapaxes", "swapdims", "t", "movedim", "moveaxis", "mT", "numpy_T", "select", "unbind", "contiguous", "clone", "alias", "matmul", "mm", "bmm", "einsum"}

// alongLastAxes are operations that look along the last axes; what they call these.
var alongLastAxes = map[string]string{"linear": "", "layer_norm": "normalized_shape", "rms_norm": "normalized_shape", "softmax": "dim", "_softmax": "dim", "log_softmax": "dim", "_log_softmax": "dim"}

// numberByNumber are operations that look at each number alone.
var numberByNumber = func() []string {
	names := slices.Concat(slices.Collect(maps.Keys(functions)), slices.Collect(maps.Keys(arithmeticOps)))
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.Contains([]string{"prelu", "glu", "feature_dropout", "broadcast_tensors"}, name)
	})
}()

// place is where the batch of what a call takes is, and how many axes that has; 0 where it is the first axis, or where the operation cares for that itself.
func (t *translator) placeOf(c *call, name string) (place, rank int) {
	if _, last := alongLastAxes[name]; !last && !slices.Contains(numberByNumber, name) {
		return 0, 0
	}
	for _, a := range c.arguments {
		for _, tensor := range tensorsIn(a) {
			if v := t.values[tensor]; v != nil && v.moved != 0 {
				return v.moved, len(v.dims)
			}
		}
	}
	return 0, 0
}

// inPlace is a value as a call takes it whose operands have their batch in another place than the first.
func (r *reading) inPlace(v *value) *value {
	if v.batched {
		if v.moved != r.place {
			r.fail("it takes values whose batches are different axes, which is not supported")
			return failed
		}
		first := *v
		first.moved = 0
		return &first
	}
	if _, last := alongLastAxes[r.operation()]; last { // it is no operand, but a weight
		return v
	}
	at := max(r.place, 0) - (r.rank - len(v.dims)) // the batch's place among the axes of a value that all images have in common
	if at < 0 || at >= len(v.dims) {
		return v
	}
	if v.dims[at] != 1 {
		r.fail("it takes %v together with a batch that is axis %d, which is not supported", v, max(r.place, 0))
		return failed
	}
	return r.withDims(v, slices.Delete(slices.Clone(v.dims), at, at+1))
}

// mustNotReachBatch fails for a call along last axes among which is the batch.
func (r *reading) mustNotReachBatch(name string) {
	last := r.rank - 1
	switch argument := alongLastAxes[name]; argument {
	case "normalized_shape":
		last = r.rank - len(r.integers(argument))
	case "dim":
		if at, err := axisOf(r.integer(argument), r.rank); err != nil || at != last {
			last = 0
		}
	}
	if r.err == nil && max(r.place, 0) >= last {
		r.fail("it takes a value whose batch is axis %d, not the first, along that: that is not supported", max(r.place, 0))
	}
}

// viewElsewhere is a value in another shape, in PyTorch's order of values, where the batch is not the first axis before or after; nil if it is none of
// one image after the other.
func (r *reading) viewElsewhere(v *value, shape []extent) *value {
	place := max(v.moved, 0)
	before, rows, after := graph.Shape(v.dims[1:1+place]).Size(), v.rows(), graph.Shape(v.dims[1+place:]).Size()
	if v.moved == mixed {
		before, rows = rows, 1
	}
	dims := fixedDims(shape)
	for at, e := range shape {
		n, ok := r.split(e)
		if !ok {
			continue
		}
		head, tail := graph.Shape(dims[:at]).Size(), graph.Shape(dims[at+1:]).Size()
		to := slices.Concat([]int{n}, dims[:at], dims[at+1:])
		switch {
		case head == before && n*tail == rows*after:
			return r.inMemoryOf(v, to, at)
		case at == 0 && n == before && tail == rows*after:
			return r.inMemoryOf(v, to, mixed)
		}
	}
	return nil
}

// inMemoryOf is a value with other axes, the batch first, which PyTorch has at a place, in PyTorch's order of values.
func (r *reading) inMemoryOf(v *value, dims []int, place int) *value {
	from := r.in(memoryOrder(v.dims, v.moved), v)
	if r.err != nil {
		return failed
	}
	out := *from
	out.dims, out.moved, out.order = dims, place, memoryOrder(dims, place)
	if s := item(dims, out.order); !slices.Equal(s, item(from.dims, from.order)) {
		out.node = r.node("shape", graph.Reshape{Target: s}, from.node)
	}
	return r.checked(&out, nil)
}

// memoryOrder is the order in which PyTorch has the values of one image, whose batch is at a place.
func memoryOrder(dims []int, place int) []int {
	order := []int{}
	for axis := range dims {
		if axis > 0 {
			order = append(order, axis)
		}
		if axis == max(place, 0) && dims[0] > 1 {
			order = append(order, 0)
		}
	}
	return order
}
