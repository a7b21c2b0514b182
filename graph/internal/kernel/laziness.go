package kernel

// Laziness says what of a convolution may be computed where it is read, instead of being written to memory and read from there.
type Laziness struct {
	Reads    bool // the gradient by its result: there is BackwardLazy
	Result   bool // its result: there is ForwardLazy, and it takes less time than Forward
	Input    bool // its input, in Forward and Backward
	Gradient bool // the gradient by its input: there is BackwardToLazy, and it takes less time than Backward
}

// LazinessOf says what may be lazy of a [Conv2D] of that geometry. Of a [Conv2DTranspose] Reads alone holds.
func LazinessOf[T Float](w Window) Laziness {
	return Laziness{
		Reads:    hasFast[T](w),
		Input:    hasFast[T](w) && (w.PadTop > 0 || w.PadLeft > 0), // without a border it is read where it is
		Result:   lazyPays[T](w, w.InC, w.OutC, lazyResult),
		Gradient: lazyPays[T](w, w.OutC, w.InC, lazyGradient) && w.StrideH == 1 && w.StrideW == 1,
	}
}

// Values of so many products are cheaper to compute than to write and read: a result four times, a gradient once. Measured with 28x28
// pixels and 32 channels; results of 25 and more products are not.
const (
	lazyResult   = 9
	lazyGradient = 64
	lazyChannels = 4 // a side with more takes other forms
)

// lazyPays tells whether values that are sums over the taps of so many channels should be lazy.
func lazyPays[T Float](w Window, from, to, products int) bool {
	return hasFast[T](w) && from <= lazyChannels && to > lazyChannels && w.KernelH*w.KernelW*from <= products
}
