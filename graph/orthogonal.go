package graph

import (
	"fmt"
	"math"
	"math/rand/v2"

	"dcae/graph/arithmetic"

	"github.com/pkg/errors"
)

// restricted is an initializer that does not fit every shape.
type restricted interface{ fits(s Shape) error }

// Orthogonal makes the variable, read as a matrix of all axes but the last by the last, a random one whose columns (or
// rows, if it has fewer) are orthogonal and of length Gain: the Q of a normal matrix' QR decomposition whose R has a
// positive diagonal (Saxe et al. 2014). It needs at least two axes.
type Orthogonal struct {
	Gain float64 // default 1
}

// IdentityMatrix is Gain on the diagonal and 0 elsewhere; it needs two axes. Keras calls it Identity.
type IdentityMatrix struct {
	Gain float64 // default 1
}

func (o Orthogonal) fits(s Shape) error {
	if len(s) < 2 {
		return errors.Errorf("an orthogonal initializer needs at least two axes, not the shape %v", s)
	}
	return nil
}

func (i IdentityMatrix) fits(s Shape) error {
	if len(s) != 2 {
		return errors.Errorf("an identity initializer needs a matrix, not the shape %v", s)
	}
	return nil
}

// Fill draws the matrix.
func (o Orthogonal) Fill(values []float64, shape Shape, r *rand.Rand) {
	if o.fits(shape) != nil {
		return
	}
	columns := shape[len(shape)-1]
	rows := len(values) / columns
	vectors := orthonormal(min(rows, columns), max(rows, columns), r)
	gain := orOne(o.Gain)
	for i := range values {
		row, column := i/columns, i%columns
		if rows < columns {
			values[i] = gain * vectors[row][column]
		} else {
			values[i] = gain * vectors[column][row]
		}
	}
}

// orthonormal draws n vectors by Gram and Schmidt's process from normal ones, which is the QR decomposition with a positive
// diagonal. It takes away projections twice, which keeps the result orthogonal to the last places.
func orthonormal(n, length int, r *rand.Rand) [][]float64 {
	vectors := make([][]float64, 0, n)
	for len(vectors) < n {
		v := make([]float64, length)
		for i := range v {
			v[i] = arithmetic.Normal(r)
		}
		for range 2 {
			for _, u := range vectors {
				along := dot(u, v)
				for i := range v {
					v[i] -= float64(along * u[i])
				}
			}
		}
		scale := 1 / math.Sqrt(dot(v, v))
		for i := range v {
			v[i] *= scale
		}
		vectors = append(vectors, v)
	}
	return vectors
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// Fill writes the matrix.
func (i IdentityMatrix) Fill(values []float64, shape Shape, _ *rand.Rand) {
	clear(values)
	if i.fits(shape) != nil {
		return
	}
	for k := range min(shape[0], shape[1]) {
		values[k*shape[1]+k] = orOne(i.Gain)
	}
}

func orOne(gain float64) float64 {
	if gain == 0 {
		return 1
	}
	return gain
}

func (o Orthogonal) String() string     { return fmt.Sprintf("orthogonal(gain=%g)", orOne(o.Gain)) }
func (i IdentityMatrix) String() string { return fmt.Sprintf("identity(gain=%g)", orOne(i.Gain)) }

// MarshalText writes the initializer's name and settings.
func (o Orthogonal) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// MarshalText writes the initializer's name and settings.
func (i IdentityMatrix) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// DeltaOrthogonal makes a convolution's kernel zero but for its middle, where it is an orthogonal matrix as [Orthogonal] draws it: then each
// layer turns the channels of every pixel and does nothing else, so that a linear one passes signals and gradients on whatever its depth
// (Xiao et al. 2018, "Dynamical isometry and a mean field theory of CNNs", algorithm 1). The middle of an even length is that before the
// half. Of a matrix it is Orthogonal. It needs at least two axes.
type DeltaOrthogonal struct {
	Gain float64 // default 1
}

func (o DeltaOrthogonal) fits(s Shape) error { return Orthogonal{}.fits(s) }

// Fill draws the matrix.
func (o DeltaOrthogonal) Fill(values []float64, shape Shape, r *rand.Rand) {
	clear(values)
	if o.fits(shape) != nil {
		return
	}
	matrix, middle := shape[len(shape)-2:], 0
	for _, length := range shape[:len(shape)-2] {
		middle = middle*length + (length-1)/2
	}
	size := matrix.Size()
	Orthogonal(o).Fill(values[middle*size:(middle+1)*size], matrix, r)
}

func (o DeltaOrthogonal) String() string {
	return fmt.Sprintf("delta_orthogonal(gain=%g)", orOne(o.Gain))
}

// MarshalText writes the initializer's name and settings.
func (o DeltaOrthogonal) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
