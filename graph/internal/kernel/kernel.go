// Package kernel computes neural network layers on plain slices: images are NHWC, weights are laid out as Keras does.
//
// Every operation exists in portable Go, generic over float32 and float64; that form is the reference for tests and the
// fallback. For float32 faster ones are chosen by shape and CPU features alone (see [Family]), never by timing.
// Results do not depend on the number of threads: reductions over a batch are cut into chunks fixed by the shape, and the
// chunks' sums are added in index order.
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
