package torch

import "dcae/graph"

// Layout says how an array of PyTorch's lies inside of this project: the channels of images are last, kernels are as in Keras.
type Layout struct {
	Shape []int // PyTorch's; of images that of one, without the batch
	Order []int // axis k inside is PyTorch's axis Order[k]

	// Flat says that PyTorch has the values as one vector.
	Flat bool
}

// Outside is the shape that the array has in PyTorch.
func (l Layout) Outside() []int {
	if l.Flat {
		return []int{graph.Shape(l.Shape).Size()}
	}
	return l.Shape
}

// Inside is the shape that the array has inside.
func (l Layout) Inside() graph.Shape { return item(l.Shape, l.Order) }

// Inward brings arrays, one after the other, from PyTorch's order into the one inside.
func Inward[T any](l Layout, values []T) []T {
	out := make([]T, len(values))
	l.walk(len(values), func(torch, inside int) { out[inside] = values[torch] })
	return out
}

// Outward brings arrays, one after the other, from the order inside into PyTorch's.
func Outward[T any](l Layout, values []T) []T {
	out := make([]T, len(values))
	l.walk(len(values), func(torch, inside int) { out[torch] = values[inside] })
	return out
}

// walk visits the places of some arrays of so many values together, in the order inside.
func (l Layout) walk(values int, visit func(torch, inside int)) {
	strides := make([]int, len(l.Shape))
	size := 1
	for axis := len(l.Shape) - 1; axis >= 0; axis-- {
		strides[axis] = size
		size *= l.Shape[axis]
	}
	index := make([]int, len(l.Order))
	at := 0
	for inside := range values {
		visit(inside/size*size+at, inside)
		for k := len(index) - 1; k >= 0; k-- {
			axis := l.Order[k]
			index[k]++
			at += strides[axis]
			if index[k] < l.Shape[axis] {
				break
			}
			at -= strides[axis] * l.Shape[axis]
			index[k] = 0
		}
	}
}
