package torch

import (
	"slices"

	"dcae/graph"
)

// patches cut images and sequences into parts that may overlap, and put them together.
var patches = map[string]translation{"im2col": one(imageToPatches), "col2im": one(patchesToImage), "unfold": one(unfold)}

// windows are parts of an axis, at equal distances. A margin of zeros stands at either end of the axis.
type windows struct {
	size, stride, dilation, margin int
	count                          int
}

// windowsOf are the windows that lie on an axis of length n, each whole. They fail for settings that no axis of a program can have.
func (r *reading) windowsOf(n, size, stride, dilation, margin int) windows {
	w := windows{size, stride, dilation, margin, 0}
	if r.err != nil {
		return w
	}
	if min(size, stride, dilation) < 1 || max(size, stride, dilation, margin) > maxPlaces || margin < 0 || dilation*(size-1) >= n+2*margin {
		r.fail("windows of %d in steps of %d do not fit an axis of %d", size, stride, n)
		return w
	}
	w.count = (n+2*margin-dilation*(size-1)-1)/stride + 1
	if r.places += w.count * w.size; r.places > maxPlaces {
		r.fail("it takes more than %d places of an axis", maxPlaces)
	}
	return w
}

// places are where, on an axis of length n, lie the first places of all windows, then the second places, and so on; n in the margins.
func (w windows) places(n int) []int {
	var out []int
	for i := range w.size {
		for at := range w.count {
			place := at*w.stride + i*w.dilation - w.margin
			if place < 0 || place > n {
				place = n
			}
			out = append(out, place)
		}
	}
	return out
}

// ofImage are the windows along height and width of images of a size.
func (r *reading) ofImage(size graph.Size) (h, w windows) {
	kernel, stride, dilation, margin := r.pair("kernel_size", false, 0), r.pair("stride", false, 0), r.pair("dilation", false, 0), r.pair("padding", false, 0)
	return r.windowsOf(size.H, kernel.H, stride.H, dilation.H, margin.H), r.windowsOf(size.W, kernel.W, stride.W, dilation.W, margin.W)
}

// imageToPatches makes [N, C*kh*kw, patches] of [N, C, H, W].
func imageToPatches(r *reading) *value {
	v := r.image("self", 4)
	if r.err != nil {
		return failed
	}
	h, w := r.ofImage(graph.Size{H: v.dims[2], W: v.dims[3]})
	v = r.inWindows(r.inWindows(v, 2, h), 3, w)
	if r.err != nil {
		return failed
	}
	v = r.withDims(v, []int{1, v.dims[1], h.size, h.count, w.size, w.count})
	return r.shapedAs(r.permuted(v, []int{0, 1, 2, 4, 3, 5}), r.shapeOfResult(0))
}

// inWindows puts all windows of an axis side by side, in the order of [windows.places].
func (r *reading) inWindows(v *value, axis int, w windows) *value {
	if r.err != nil {
		return failed
	}
	places := w.places(v.dims[axis])
	if slices.Contains(places, v.dims[axis]) {
		v = r.padded(v, axis, 0, 1, 0)
	}
	return r.takenPlaces(v, axis, places)
}

// patchesToImage adds up patches [N, C*kh*kw, patches] in an image [N, C, H, W].
func patchesToImage(r *reading) *value {
	v, size := r.tensor("self"), r.pair("output_size", false, 0)
	h, w := r.ofImage(size)
	if r.err == nil && (!v.batched || v.rows() != 1 || len(v.dims) != 3 || v.dims[1]%(h.size*w.size) != 0 || v.dims[2] != h.count*w.count) {
		r.fail("it makes an image of %v", v)
	}
	if r.err != nil {
		return failed
	}
	channels := v.dims[1] / (h.size * w.size)
	v = r.permuted(r.withDims(v, []int{1, channels, h.size, w.size, h.count, w.count}), []int{0, 1, 2, 4, 3, 5})
	v = r.withDims(v, []int{1, channels, h.size * h.count, w.size * w.count})
	return r.outOfWindows(r.outOfWindows(v, 2, h, size.H), 3, w, size.W)
}

// outOfWindows adds up, along an axis that becomes n long, what lies in windows.
func (r *reading) outOfWindows(v *value, axis int, w windows, n int) *value {
	if r.err != nil {
		return failed
	}
	places := w.places(n)
	from := make([]int, n)
	for i, place := range places {
		if place < n {
			from[place] = i
		}
	}
	if inverse := slices.Sorted(slices.Values(places)); len(places) == n && inverse[n-1] < n && len(slices.Compact(inverse)) == n { // each once
		return r.takenPlaces(v, axis, from)
	}
	if n > maxPlaces/len(places) {
		r.fail("it adds up %d values in %d places, which is not supported", len(places), n)
		return failed
	}
	sums := make([]float64, len(places)*n)
	for i, place := range places {
		if place < n {
			sums[i*n+place] = 1
		}
	}
	return r.multipliedAlong(v, axis, r.checked(r.constant([]int{len(places), n}, sums)))
}

// unfold makes an axis one of windows, whose places become a new last axis.
func unfold(r *reading) *value {
	v := r.tensor("self")
	r.mustBeNumbers(v)
	if r.err != nil {
		return failed
	}
	axis, err := axisOf(r.integer("dimension"), len(v.dims))
	if err != nil || len(v.dims) == 0 || v.batched && axis == 0 {
		r.fail("it takes windows of axis %d of %v", r.integer("dimension"), v)
		return failed
	}
	w := r.windowsOf(v.dims[axis], r.integer("size"), r.integer("step"), 1, 0)
	v = r.inWindows(v, axis, w)
	if r.err != nil {
		return failed
	}
	v = r.withDims(v, slices.Replace(slices.Clone(v.dims), axis, axis+1, w.size, w.count))
	order := slices.DeleteFunc(allAxes(v), func(a int) bool { return a == axis })
	return r.permuted(v, append(order, axis))
}
