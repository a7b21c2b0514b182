// Package dataset brings images in: the two sets that are built in, and arrays, IDX files and folders of pictures that
// a user brings. A [Set] has three parts, training, validation and test; each hands out batches as float32,
// [N, H, W, C], already scaled.
package dataset

import "fmt"

// Shape is the height, width and number of channels of one image.
type Shape struct{ H, W, C int }

// Size is the number of values in one image.
func (s Shape) Size() int { return s.H * s.W * s.C }

// String gives the shape as in "28x28x1".
func (s Shape) String() string { return fmt.Sprintf("%dx%dx%d", s.H, s.W, s.C) }

// Set is a named data set in its three parts. Their images are their own targets, or have targets; see [Images.Targets]. No image of Validation or Test is in Train by position; by content
// [Describe] can tell.
type Set struct {
	Name                    string
	Train, Validation, Test *Images

	// Scaling is what was applied to all three parts; its parameters come from Train alone.
	Scaling Scaling

	// Checksum is a SHA-256 in hex over the decoded images of the three parts, their shapes, their order and the
	// scaling. It does not depend on how the source was compressed or where it was kept.
	Checksum string

	// ChannelsFirst says that the images are for a model of PyTorch, which has the planes of an image's channels one after the other.
	ChannelsFirst bool

	// Notes say what of the source was passed over.
	Notes []string
}

// Shape is the shape of the set's images, the same in all three parts.
func (s *Set) Shape() Shape { return s.Train.Shape() }

// pixel gives the place of value i of an image as [row, column, channel].
func (s Shape) pixel(i int) [3]int {
	return [3]int{i / (s.W * s.C), i / s.C % s.W, i % s.C}
}
