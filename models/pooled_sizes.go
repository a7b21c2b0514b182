package models

import "dcae/graph"

// halvedTwice are the sizes of an image {height, width, channels} at full height and width, after one pooling of 2x2 with padding
// same, which rounds up, and after two. Of another shape they are 1, so that the model is made and its first convolution says
// what is wrong.
func halvedTwice(image graph.Shape) (full, half, quarter graph.Size, channels int) {
	if len(image) != 3 {
		return graph.Square(1), graph.Square(1), graph.Square(1), 1
	}
	full = graph.Size{H: image[0], W: image[1]}
	half = pooled(full, 2)
	return full, half, pooled(half, 2), image[2]
}

// pooled is the size of an image after a pooling with padding same.
func pooled(image graph.Size, by int) graph.Size {
	return graph.Size{H: (image.H + by - 1) / by, W: (image.W + by - 1) / by}
}

// upTo is the output padding with which a 3x3 transposed convolution with strides 2x2 gives exactly an image of this size.
func upTo(image graph.Size) *graph.Size { return outputPadding(image, 3, 2) }

// outputPadding lets a transposed convolution with padding same give exactly the image that was pooled; nil, Keras' default, where
// the stride divides its height and width.
func outputPadding(image graph.Size, kernel, stride int) *graph.Size {
	if image.H%stride == 0 && image.W%stride == 0 {
		return nil
	}
	small := pooled(image, stride)
	least := func(n int) int { return (n-1)*stride + kernel%2 }
	return &graph.Size{H: image.H - least(small.H), W: image.W - least(small.W)}
}
