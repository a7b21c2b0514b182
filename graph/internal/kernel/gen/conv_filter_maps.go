package main

// Minimal filtering transforms small square tiles, rows and columns alike. A linearMap first computes parts, each a combination of
// its inputs, then outputs from inputs and parts. Parts are numbered behind the inputs.
type linearMap struct {
	inputs         int
	parts, outputs []combination
}

type combination []term

type term struct {
	of     int
	weight float64
}

// F(2x2,3x3), stride 1: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015, section 4.1.
var (
	source3 = linearMap{4, nil, []combination{{{0, 1}, {2, -1}}, {{1, 1}, {2, 1}}, {{2, 1}, {1, -1}}, {{3, 1}, {1, -1}}}}
	kernel3 = linearMap{3, []combination{{{0, 0.5}, {2, 0.5}}}, []combination{
		{{0, 1}}, {{3, 1}, {1, 0.5}}, {{3, 1}, {1, -0.5}}, {{2, 1}},
	}}
	result3 = linearMap{4, nil, []combination{{{0, 1}, {1, 1}, {2, 1}}, {{1, 1}, {2, -1}, {3, 1}}}}
	// The adjoints of result3 and of kernel3.
	gradient3  = linearMap{2, nil, []combination{{{0, 1}}, {{0, 1}, {1, 1}}, {{0, 1}, {1, -1}}, {{1, 1}}}}
	kernelSum3 = linearMap{4, []combination{{{1, 0.5}, {2, 0.5}}}, []combination{
		{{0, 1}, {4, 1}}, {{1, 0.5}, {2, -0.5}}, {{4, 1}, {3, 1}},
	}}
)

// F(4x4,3x3) from the polynomials' values at 0, near, -near, far, -far and infinity (Winograd, "Arithmetic complexity of
// computations", 1980). Points on both sides of 1 keep float32's errors small, and the powers of these are exact.
const near, far = 0.75, 1.5

const near2, far2 = near * near, far * far

var (
	source4 = linearMap{6, []combination{
		{{4, 1}, {2, -far2}}, {{3, 1}, {1, -far2}},
		{{4, 1}, {2, -near2}}, {{3, 1}, {1, -near2}},
	}, []combination{
		{{4, 1}, {2, -near2 - far2}, {0, near2 * far2}},
		{{6, 1}, {7, near}}, {{6, 1}, {7, -near}},
		{{8, 1}, {9, far}}, {{8, 1}, {9, -far}},
		{{5, 1}, {3, -near2 - far2}, {1, near2 * far2}},
	}}
	// The kernel's values, over the product of each point's distances from the others.
	atNear, atFar = 1 / (2 * near2 * (near2 - far2)), 1 / (2 * far2 * (far2 - near2))
	kernel4       = linearMap{3, []combination{
		{{0, atNear}, {2, atNear * near2}}, {{0, atFar}, {2, atFar * far2}},
	}, []combination{
		{{0, 1 / (near2 * far2)}},
		{{3, 1}, {1, atNear * near}}, {{3, 1}, {1, -atNear * near}},
		{{4, 1}, {1, atFar * far}}, {{4, 1}, {1, -atFar * far}},
		{{2, 1}},
	}}
	result4 = linearMap{6, []combination{
		{{1, 1}, {2, 1}}, {{1, 1}, {2, -1}}, {{3, 1}, {4, 1}}, {{3, 1}, {4, -1}},
	}, []combination{
		{{0, 1}, {6, 1}, {8, 1}},
		{{7, near}, {9, far}},
		{{6, near2}, {8, far2}},
		{{5, 1}, {7, near2 * near}, {9, far2 * far}},
	}}
	// The adjoints of result4 and of kernel4.
	gradient4 = linearMap{4, []combination{
		{{0, 1}, {2, near2}}, {{1, near}, {3, near2 * near}}, {{0, 1}, {2, far2}}, {{1, far}, {3, far2 * far}},
	}, []combination{
		{{0, 1}}, {{4, 1}, {5, 1}}, {{4, 1}, {5, -1}}, {{6, 1}, {7, 1}}, {{6, 1}, {7, -1}}, {{3, 1}},
	}}
	kernelSum4 = linearMap{6, []combination{
		{{1, 1}, {2, 1}}, {{1, 1}, {2, -1}}, {{3, 1}, {4, 1}}, {{3, 1}, {4, -1}},
	}, []combination{
		{{0, 1 / (near2 * far2)}, {6, atNear}, {8, atFar}},
		{{7, atNear * near}, {9, atFar * far}},
		{{5, 1}, {6, atNear * near2}, {8, atFar * far2}},
	}}
)

// F(4x4,2x2) from the polynomials' values at half, -half, five quarters, their negative and infinity; the powers of these are exact, too.
const half, more = 0.5, 1.25

const half2, more2 = half * half, more * more

var (
	sourcePair = linearMap{5, []combination{
		{{3, 1}, {1, -more2}}, {{2, 1}, {0, -more2}},
		{{3, 1}, {1, -half2}}, {{2, 1}, {0, -half2}},
	}, []combination{
		{{5, 1}, {6, half}}, {{5, 1}, {6, -half}},
		{{7, 1}, {8, more}}, {{7, 1}, {8, -more}},
		{{4, 1}, {2, -half2 - more2}, {0, half2 * more2}},
	}}
	// The kernel's values, over the product of each point's distances from the others.
	atHalf, atMore = 1 / (2 * half * (half2 - more2)), 1 / (2 * more * (more2 - half2))
	kernelPair     = linearMap{2, nil, []combination{
		{{0, atHalf}, {1, atHalf * half}}, {{0, -atHalf}, {1, atHalf * half}},
		{{0, atMore}, {1, atMore * more}}, {{0, -atMore}, {1, atMore * more}},
		{{1, 1}},
	}}
	resultPair = linearMap{5, []combination{
		{{0, 1}, {1, 1}}, {{0, 1}, {1, -1}}, {{2, 1}, {3, 1}}, {{2, 1}, {3, -1}},
	}, []combination{
		{{5, 1}, {7, 1}},
		{{6, half}, {8, more}},
		{{5, half2}, {7, more2}},
		{{4, 1}, {6, half2 * half}, {8, more2 * more}},
	}}
	// The adjoints of resultPair and of kernelPair.
	gradientPair = linearMap{4, []combination{
		{{0, 1}, {2, half2}}, {{1, half}, {3, half2 * half}}, {{0, 1}, {2, more2}}, {{1, more}, {3, more2 * more}},
	}, []combination{
		{{4, 1}, {5, 1}}, {{4, 1}, {5, -1}}, {{6, 1}, {7, 1}}, {{6, 1}, {7, -1}}, {{3, 1}},
	}}
	kernelSumPair = linearMap{5, nil, []combination{
		{{0, atHalf}, {1, -atHalf}, {2, atMore}, {3, -atMore}},
		{{4, 1}, {0, atHalf * half}, {1, atHalf * half}, {2, atMore * more}, {3, atMore * more}},
	}}
)

// Stride 2: the even and the odd pixels of the larger image are convolved on their own. Two neighbours of the even ones,
// a*k0 + b*k2 and b*k0 + c*k2, are (a-b)*k0 + b*(k0+k2) and b*(k0+k2) + (c-b)*k2: three products for four.
var (
	// Of a convolution, from five pixels of the larger image.
	wideSource   = linearMap{5, nil, []combination{{{0, 1}, {2, -1}}, {{1, 1}}, {{2, 1}}, {{4, 1}, {2, -1}}, {{3, 1}}}}
	wideResult   = linearMap{3, nil, []combination{{{0, 1}, {1, 1}}, {{1, 1}, {2, 1}}}}
	wideGradient = linearMap{2, nil, []combination{{{0, 1}}, {{0, 1}, {1, 1}}, {{1, 1}}}}
	// Of a transposed convolution, from three pixels of the smaller image.
	thinSource = linearMap{3, nil, []combination{{{0, 1}, {1, -1}}, {{1, 1}}, {{2, 1}, {1, -1}}, {{2, 1}}}}
	thinResult = linearMap{5, nil, []combination{{{0, 1}, {1, 1}}, {{3, 1}}, {{1, 1}, {2, 1}}, {{4, 1}}}}
	kernel2    = linearMap{3, nil, []combination{{{2, 1}}, {{0, 1}, {2, 1}}, {{0, 1}}, {{1, 1}}}}
	kernelSum2 = linearMap{4, nil, []combination{{{0, 1}, {1, 1}}, {{3, 1}}, {{2, 1}, {1, 1}}}} // from k0, k0+k2, k2, k1
)
