package graph

import (
	"fmt"
	"strings"
)

// Shape is the size of each axis of a tensor; a layer's shapes leave out the batch axis: images are {height, width,
// channels}, vectors are {length}.
type Shape []int

// Size is the number of elements.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// maxSize is how many values a tensor may have; larger ones come from a mistake in a model's settings.
const maxSize = 1<<31 - 1

// tooLarge tells whether a tensor would have more than maxSize values.
func (s Shape) tooLarge() bool {
	n := 1
	for _, d := range s {
		if d > maxSize/max(n, 1) {
			return true
		}
		n *= d
	}
	return false
}

// String writes the shape as 28x28x1.
func (s Shape) String() string {
	if len(s) == 0 {
		return "scalar"
	}
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = fmt.Sprint(d)
	}
	return strings.Join(parts, "x")
}

// batched puts a batch axis in front.
func (s Shape) batched(n int) []int { return append([]int{n}, s...) }
