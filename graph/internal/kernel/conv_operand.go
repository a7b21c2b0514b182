package kernel

import "unsafe"

// operand is what a convolution reads: pixels as they are, lazy ones in fast forms only, or, when y is set, times the derivative of the
// activation whose result is y (the gradient by the sum before an activation, from the one behind it).
type operand[T Float] struct {
	Pixels[T]
	y   []T
	act Activation
}

// plain is the operand for values as they are.
func plain[T Float](values []T) operand[T] { return operand[T]{Pixels: InMemory(values)} }

// origin says where a product's operand comes from.
type origin uint8

const (
	features origin = iota // a layer's input
	plainGradient
	computedGradient // times a derivative, or lazy
)

// gradient is the operand for dy behind the given activation; y nil: dy is the gradient before it already.
func gradient[T Float](act Activation, y []T, dy Pixels[T]) operand[T] {
	o := operand[T]{Pixels: dy}
	if y != nil && act.Function != Linear {
		o.y, o.act = y, act
	}
	return o
}

// origin is that of an operand that is a gradient.
func (o *operand[T]) origin() origin {
	if o.y != nil || o.lazy != nil {
		return computedGradient
	}
	return plainGradient
}

// derived returns the elements from..to, which are in memory; dst is used for their product with the derivative.
func (o *operand[T]) derived(dst []T, from, to int) []T {
	if o.y == nil {
		return o.values[from:to]
	}
	dst = dst[:to-from]
	multiplyDerivative(o.act, dst, o.y[from:to], o.values[from:to])
	return dst
}

// multiplyDerivative computes dz = dy * act'(y), with one loop for each function so that the loops stay tight.
func multiplyDerivative[T Float](act Activation, dz, y, dy []T) {
	y, dy = y[:len(dz)], dy[:len(dz)]
	switch act.Function {
	case Linear:
		copy(dz, dy)
	case Sigmoid:
		for i, v := range y {
			dz[i] = dy[i] * (v * (1 - v))
		}
	case Tanh:
		for i, v := range y {
			dz[i] = dy[i] * (1 - T(v*v))
		}
	default:
		for i, v := range y {
			dz[i] = dy[i] * derivative(act, v)
		}
	}
}

// single is s as what it is, float32.
func single[T Float](s []T) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

func singleOperand[T Float](o operand[T]) operand[float32] {
	s := plain(single(o.values))
	s.act = o.act
	if o.lazy != nil {
		s.lazy = o.lazy.(Lazy[float32])
	}
	if o.y != nil {
		s.y = single(o.y)
	}
	return s
}

// imageProduct is a fast form of a correlation or an adjoint.
type imageProduct interface {
	run(p *Pool, n int, in operand[float32], out, kernel, bias []float32)
}

// lazyImageProduct is an imageProduct that can compute its results where they are read.
type lazyImageProduct interface {
	lazy(p *Pool, n int, in operand[float32], kernel, bias []float32) Lazy[float32]
}

// lazyResults are those of a product that can be lazy.
func lazyResults[T Float](product imageProduct, p *Pool, n int, in operand[T], kernel, bias []T) Lazy[T] {
	return product.(lazyImageProduct).lazy(p, n, singleOperand(in), single(kernel), single(bias)).(Lazy[T])
}

// kernelGradient is a fast form of the gradients by kernel and bias (nil: not wanted), from a window's input and output.
type kernelGradient interface {
	run(p *Pool, n int, in, out operand[float32], dkernel, dbias []float32)
}

// jointGradient is a kernelGradient that may compute the gradient by the layer's input besides, from its kernel. False: it has
// not computed anything.
type jointGradient interface {
	runWithImage(p *Pool, n int, in, out operand[float32], dkernel, dbias, image, kernel []float32) bool
}
