package npz

// numpy, over improved.npz: len(d.files), and of some arrays d[k].shape, .sum(dtype="f8"), .ravel()[-1], .dtype == "float32".
const wantArrays = 90

var wantSums = []struct {
	name      string
	shape     []int
	sum, last float64
	single    bool
}{
	{"x", []int{8, 28, 28, 1}, 790.2980462731794, 0.0, false},
	{"target", []int{8, 28, 28, 1}, 790.2980462731794, 0.0, false},
	{"param/conv2d/kernel", []int{3, 3, 1, 32}, 1.6642938894219697, 0.5770409107208252, true},
	{"grad/conv2d/kernel", []int{3, 3, 1, 32}, -0.012598328084596488, 7.454712613252923e-05, true},
	{"final/conv2d_2/kernel", []int{3, 3, 32, 1}, -3.0157505472307093, -0.11113040149211884, true},
	{"moving/batch_normalization_1/moving_variance", []int{64}, 68.50260132551193, 0.8691189289093018, true},
}
