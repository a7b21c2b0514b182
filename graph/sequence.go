package graph

import "gorgonia.org/gorgonia"

// Layers of sequences {length, channels} are those of images with one row, {1, length, channels}.

// Ends are numbers of places at a sequence's beginning and end.
type Ends struct{ Before, After int }

func (e Ends) margins() Margins { return Margins{Left: e.Before, Right: e.After} }

// sequential is a layer of sequences.
type sequential interface {
	Layer
	// image is the layer that does the same with images of one row.
	image() Layer
}

// along is a size along a row; 0 is the default.
func along(n int) Size {
	if n == 0 {
		return Size{}
	}
	return Size{1, n}
}

// asRow are the shapes of sequences as images.
func asRow(in []Shape) ([]Shape, error) {
	s, err := one(in, 2)
	if err != nil {
		return nil, err
	}
	return []Shape{{1, s[0], s[1]}}, nil
}

// shapeOfSequence is what comes out of a layer of sequences.
func shapeOfSequence(l sequential, in []Shape) (Shape, error) {
	row, err := asRow(in)
	if err != nil {
		return nil, err
	}
	out, err := l.image().OutputShape(row)
	if err != nil {
		return nil, err
	}
	return out[1:], nil
}

// variablesOfSequence are a layer's; a kernel has no first axis.
func variablesOfSequence(l sequential, in []Shape) []Declaration {
	declared := l.image().Variables([]Shape{{1, in[0][0], in[0][1]}})
	declared[0].Shape = declared[0].Shape[1:]
	return declared
}

// asRowAndShape are the shapes of a node as an image, and of what comes out of the layer.
func asRowAndShape(l sequential, in []*gorgonia.Node) (row, out Shape, err error) {
	rows, err := asRow(itemShapes(in))
	if err != nil {
		return nil, nil, err
	}
	out, err = l.OutputShape(itemShapes(in))
	return rows[0], out, err
}
