// Package kernel computes neural network layers on plain slices: images are NHWC, weights are laid out as Keras does.
//
// Every operation exists in portable Go, generic over float32 and float64; that form is the reference for tests and the
// fallback. For float32 faster ones are chosen by shape and by the family that the process computes with (package arithmetic),
// never by timing; the build tag noasm leaves only the portable form.
//
// # Bits
//
// Results do not depend on the number of threads: reductions over a batch are cut into chunks fixed by the shape and the
// batch, and the chunks' sums are added in a fixed order. The families "avx2" and "avx512" give the same bits for a
// convolution or a dense layer of more than four channels on both sides (with few columns, vectors run along the sum, and
// they differ in length); the portable form sums in another order and does not use fused multiply-add. It gives the same bits on
// every processor: package arithmetic says what its code must avoid.
//
// Convolutions, dense layers and optimizers of the other families take subnormal numbers (below 1.2e-38) for zero, since some
// processors need over a hundred cycles for each.
//
// # Convolutions
//
// A layer consists of three products: a correlation, its adjoint (one is forward, the other backward by the data) and the
// gradient by the kernel. In fast form each is one of:
//
//   - product: direct, in tiles of pixels by columns of the kernel held in registers, from a copy of a part of the image with
//     its border; an adjoint of stride s falls into s*s phases, so that no inserted zero is multiplied;
//   - filterProduct, filterSum, phaseSum: minimal filtering for kernels of stride 1 and 2 with enough channels: 3x3 as they are, others
//     from 2x2 to 6x6 by their phases where those have two or three taps in each direction;
//   - kernelSum: sums of outer products over pixels.
//
// The derivative of the activation is applied where a gradient is copied, bias and activation where results are written.
package kernel

// Float is the element type of a kernel.
type Float interface{ float32 | float64 }

// Window is the geometry that a convolution or a pooling sees: for each output pixel (oh, ow) the input pixels
// (oh*StrideH - PadTop + i*DilationH, ow*StrideW - PadLeft + j*DilationW), i < KernelH, j < KernelW. Pixels outside of the
// input count as zero (convolution) or are left out (pooling).
type Window struct {
	InH, InW, InC        int
	OutH, OutW, OutC     int
	KernelH, KernelW     int
	StrideH, StrideW     int
	DilationH, DilationW int // 1 is an ordinary kernel
	PadTop, PadLeft      int // what lies below and to the right follows from the output's size
}

// Function is the shape of an activation function.
type Function uint8

// The functions whose derivative follows from the output y alone, so that they can be fused into the operation before them.
const (
	Linear    Function = iota // y = z
	ReLU                      // y = max(z, 0); derivative 0 at z = 0
	LeakyReLU                 // y = z for z > 0, Slope*z otherwise; Slope must be positive
	Sigmoid                   // y = 1/(1+exp(-z))
	Tanh                      // y = tanh(z)
)

// Activation is a function with its parameter; the zero value is linear.
type Activation struct {
	Function Function
	Slope    float64 // of LeakyReLU for negative z
}
