package torch

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// value is a tensor of the program as the output of a node.
type value struct {
	node     int   // -1: the model's input
	batched  bool  // PyTorch's first axis is the batch
	dims     []int // PyTorch's axes; the first one of a batched value is how many rows each image has along it, 1 as a rule
	moved    int   // PyTorch has the batch at this place; dims and order have it first
	order    []int // axis k of the node's output for an image is PyTorch's axis order[k]
	dtype    DType
	number   *float64 // the value, if it is one number that is known
	integers []int64  // the values of a constant of integers
	hot      *value   // of indices that are computed: 1 at the place that each stands for, along a last axis, else 0
	pooled   *pooled  // of the places where a pooling found the largest values
	unknown  bool     // of an operation that is not supported
}

// rows is how many entries of the first axis belong to an image.
func (v *value) rows() int {
	if !v.batched {
		return 1
	}
	return v.dims[0]
}

// plainOrder is PyTorch's: axes in ascending order, without the batch where an image has one entry of it.
func (v *value) plainOrder() []int { return plainOrder(v.batched, v.dims) }

func plainOrder(batched bool, dims []int) []int {
	order := []int{}
	for axis := range dims {
		if !batched || axis > 0 || dims[0] > 1 {
			order = append(order, axis)
		}
	}
	return order
}

// channelsLast is the order of images {height, width, channels} and sequences {length, channels} of PyTorch's N,C,H,W and N,C,L.
func channelsLast(axes int) []int {
	var order []int
	for axis := 2; axis < axes; axis++ {
		order = append(order, axis)
	}
	return append(order, 1)
}

// item is the shape of an image's values in an order.
func item(dims, order []int) graph.Shape {
	s := graph.Shape{}
	for _, axis := range order {
		s = append(s, dims[axis])
	}
	return s
}

// inside is the place, with the batch first, of one of PyTorch's axes.
func (v *value) inside(axis int) int {
	switch {
	case axis == v.moved:
		return 0
	case axis < v.moved:
		return axis + 1
	}
	return axis
}

// axis finds PyTorch's axis, which may count from the end, among the output's axes, counted from 1; 0 is the batch.
func (v *value) axis(torch int) int { return 1 + slices.Index(v.order, torch) }

// axisOf is an axis counted from 0 of one that may count from the end.
func axisOf(axis, axes int) (int, error) {
	at := axis
	if at < 0 {
		at += axes
	}
	if at < 0 || at >= max(axes, 1) {
		return 0, errors.Errorf("axis %d: the value has %d axes", axis, axes)
	}
	return at, nil
}

// String writes a shape as in [batch 3 8 8].
func (v *value) String() string {
	shape := make([]extent, len(v.dims))
	for i, d := range v.dims {
		shape[i] = extent{fixed: int64(d)}
		if i == 0 && v.batched {
			shape[i] = extent{factor: int64(d), symbol: "batch"}
		}
	}
	return fmt.Sprint(shape)
}
