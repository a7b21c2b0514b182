//go:build amd64 && !noasm

package kernel

import (
	"unsafe"

	"dcae/graph/arithmetic"
)

// hasFast is whether there are fast forms: for float32, and where there is anything to compute.
func hasFast[T Float](w Window) bool {
	return family() != arithmetic.Portable && unsafe.Sizeof(T(0)) == 4 && min(w.InH, w.InW, w.InC, w.OutH, w.OutW, w.OutC) > 0
}

// fastProduct returns the fast form of a correlation or, transposed, of an adjoint; nil where there is none.
func fastProduct[T Float](w Window, act Activation, transposed bool, from origin) imageProduct {
	if !hasFast[T](w) {
		return nil
	}
	p := correlationPlan(w)
	if transposed {
		p = adjointPlan(w)
	}
	if f := filterOf(w, transposed, from != features); f != nil {
		return newFilterProduct(f, p, act, transposed)
	}
	return newProduct(p, act, transposed, from == computedGradient)
}

// fastKernelSum returns the fast form of the gradients by a kernel and bias; nil where there is none. The bias gradient is the
// sum over the window's input (inBias) or its output.
func fastKernelSum[T Float](w Window, inBias, derived bool) kernelGradient {
	if !hasFast[T](w) {
		return nil
	}
	f := filterOf(w, false, true)
	if f != nil && len(f.tapPhases) > 0 {
		return newPhaseSum(f, correlationPlan(w), inBias)
	}
	if f != nil {
		if f.step == f.size && !inBias {
			return newFilterSum(f, adjointPlan(w), true, true)
		}
		return newFilterSum(f, correlationPlan(w), false, inBias)
	}
	unit := w.StrideH == 1 && w.StrideW == 1
	if !inBias && unit && w.OutC <= maxColumns && w.OutC < w.InC {
		return newKernelSum(adjointPlan(w), true, true, derived, false)
	}
	return newKernelSum(correlationPlan(w), false, inBias, inBias && derived, !inBias && derived)
}
