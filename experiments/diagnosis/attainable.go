package diagnosis

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"dcae/graph"
)

// What a model can attain is measured by a linear code of the model's own size: as many principal components of the training images as
// the model's bottleneck has values (Baldi and Hornik 1989), or, where images have targets of their own, a reduced-rank regression
// (Izenman 1975). It is fitted on training images and measured on the held-out ones that trials are scored on. The rule:
//
//   - A model has learned when it explains at least half of what the linear code of its own size explains.
//   - Where that code explains less than six tenths of what one of a sixteenth of the image's values does, and this one explains more than half of
//     the variance, the bottleneck is too narrow for the data, and the wider code is the measure.
//   - Where images have targets of which a linear map tells next to nothing, a model has learned under an FVU of 0.9.
//   - The rule ends where there is nothing to compare with: no bottleneck, or a code as wide as the image, where images are their own targets;
//     fewer than four training images for each value of the code; values that lie far out in held-out images. There a model has learned under an FVU of 0.5.
type attainable struct {
	Values int     // of the code that is the measure; 0: there is none
	Images int     // that it was fitted on
	FVU    Number  // that it leaves unexplained; NaN: there is none
	Narrow bool    // the model's own code is narrower, and too narrow
	Maps   bool    // images to targets, and not to themselves
	own    float64 // FVU of the linear code of the model's own size, and of a sixteenth of the image's values; 0 where there is none
	wide   float64
	why    string // there is none
}

const (
	halfLearned      = 0.5  // share of what is attainable from which on a model has learned
	narrowShare      = 0.6  // of what a wide code explains, under which a bottleneck is narrow
	imagesPerValue   = 4    // of the code, for a fit
	mostComponents   = 128  // of a wider code as many stand for it: it explains at least as much
	fitImages        = 2000 // that components are found from
	regressionImages = 1000 // that targets are regressed on
	fitWork          = 4e9  // multiplications that finding them may take
	nothingToLearn   = 0.05 // share of the variance under which there is nothing to attain
	mostLeftByMaps   = 0.8  // FVU that a map from images to targets may leave at most for it to be the measure
	subspaceRounds   = 3
	spareComponents  = 8 // beyond those that are asked for
)

// mark is the FVU under which a model has learned.
func (a attainable) mark() float64 {
	if math.IsNaN(float64(a.FVU)) {
		return 1 - halfLearned
	}
	return 1 - halfLearned*(1-a.left())
}

// left is the FVU that is taken to be attainable. What no linear map tells of targets, another map may: where it tells next to nothing, a model that prints
// the mean target has not learned.
func (a attainable) left() float64 {
	if a.Maps {
		return min(mostLeftByMaps, float64(a.FVU))
	}
	return min(1, float64(a.FVU))
}

// share is that of the variance that can be attained; 1 where it is not known.
func (a attainable) share() float64 {
	if a.Values == 0 {
		return 1
	}
	if a.Maps {
		return 1 - a.left()
	}
	return 1 - float64(a.FVU)
}

// told is what the answer says about it.
func (a attainable) told() Attainable {
	out := Attainable{Values: a.Values, FVU: a.FVU, Mark: Number(a.mark())}
	switch {
	case a.Values == 0:
		out.Text = fmt.Sprintf("There is no linear code to compare with: %s. The model has learned under an FVU of %.2f.", a.why, a.mark())
	case a.Narrow:
		out.Text = fmt.Sprintf("A linear code of the model's own size leaves a share of %.2f of the held-out variance unexplained, one of %d values only %.2f: the bottleneck is narrow for these images. The model has learned under an FVU of %.2f.", a.own, a.Values, float64(a.FVU), a.mark())
	case a.Maps && float64(a.FVU) > mostLeftByMaps:
		out.Text = fmt.Sprintf("A linear map of rank %d from images to targets leaves a share of %.2f of the held-out variance unexplained; another map may leave less. The model has learned under an FVU of %.2f.", a.Values, float64(a.FVU), a.mark())
	case a.Maps:
		out.Text = fmt.Sprintf("A linear map of rank %d from images to targets leaves a share of %.2f of the held-out variance unexplained. The model has learned when it explains half as much: under an FVU of %.2f.", a.Values, float64(a.FVU), a.mark())
	default:
		out.Text = fmt.Sprintf("A linear code of %d values leaves a share of %.2f of the held-out variance unexplained. The model has learned when it explains half as much: under an FVU of %.2f.", a.Values, float64(a.FVU), a.mark())
	}
	return out
}

// newAttainable fits the linear code of a model whose bottleneck has so many values, 0: it has none, with so many multiplications.
func newAttainable(values int, images *pool, work float64) attainable {
	none := func(format string, args ...any) attainable {
		return attainable{FVU: Number(math.NaN()), why: fmt.Sprintf(format, args...)}
	}
	_, size := images.train.goals()
	size = min(size, images.train.size)
	if images.train.targets != nil && (values == 0 || values > size) {
		values = size // even without a bottleneck there is something to do, which a regression may do, too
	}
	switch {
	case values == 0:
		return none("the model has no bottleneck that all paths go through")
	case values >= size && images.train.targets == nil:
		return none("the code of %d values is as wide as the image", values)
	case images.train.n() < imagesPerValue*min(values, mostComponents):
		return none("%d training images are too few to fit a linear code of %d values", images.train.n(), values)
	}
	wide := max(1, size/16)
	n, k := fitSize(images.train.n(), size, max(values, wide), work)
	left := linearCode(images.train.slice(0, n), images.held, k)
	at := func(k int) float64 { return left[min(k, len(left)-1)] }
	a := attainable{Values: min(values, len(left)-1), Images: n, FVU: Number(at(values)), own: at(values), wide: at(max(wide, values)), Maps: images.train.targets != nil}
	if own, most := 1-at(values), 1-at(wide); values < wide && most >= 0.5 && own < narrowShare*most {
		a.Values, a.FVU, a.Narrow = min(wide, len(left)-1), Number(at(wide)), true
	}
	return a
}

// fitSize is how many images and components a fit takes so that its work is at most so many multiplications: first fewer images, then fewer
// components.
func fitSize(images, size, values int, most float64) (n, k int) {
	n, k = min(images, fitImages), min(values, mostComponents, max(1, images/imagesPerValue))
	work := func() float64 {
		return float64(2*subspaceRounds+1) * float64(n) * float64(size) * float64(k+spareComponents)
	}
	for work() > most && k > 1 {
		if n <= imagesPerValue*k {
			k = k * 3 / 4
		}
		n = max(n*3/4, imagesPerValue*k)
	}
	return n, k
}

// linearCode tells what linear codes of 0, 1, ... k values, fitted to training images, leave unexplained of held-out ones: FVU. There are
// fewer of them where the images have fewer dimensions.
func linearCode(train, held samples, k int) []float64 {
	goals, size := train.goals()
	mean := meanOf(goals, size)
	heldGoals, _ := held.goals()
	targets := centered(heldGoals, mean)
	fitted, predicted := centered(goals, mean), targets
	if train.targets != nil {
		few := train.slice(0, min(train.n(), regressionImages))
		fitted, predicted = regression(few, held, centered(few.targets, mean))
	}
	components := leadingComponents(fitted, k)
	_, k = components.Dims()
	var along mat.Dense // [held-out images, components]
	along.Mul(predicted, components)
	left := make([]float64, k+1)
	// Component by component the error |y - c|^2 changes by c^2 - 2 c y, where y is the target along the component.
	var wanted mat.Dense
	wanted.Mul(targets, components)
	total := 0.0
	for _, v := range targets.RawMatrix().Data {
		total += v * v
	}
	error := total
	left[0] = 1
	n, _ := along.Dims()
	for j := range k {
		for i := range n {
			c, y := along.At(i, j), wanted.At(i, j)
			error += c*c - 2*c*y
		}
		left[j+1] = error / total
	}
	return left
}

// regression predicts targets from images by ridge regression, whose penalty is the one that does best on a fifth of the training images: the
// centered targets of the training images as they are fitted, and those of the held-out ones as they are predicted.
func regression(train, held samples, targets *mat.Dense) (fitted, predicted *mat.Dense) {
	mean := meanOf(train.images, train.size)
	x := centered(train.images, mean)
	var products, across mat.Dense // inner products among training images, and of held-out ones with these
	products.Mul(x, x.T())
	across.Mul(centered(held.images, mean), x.T())
	n, size := targets.Dims()
	fit := n - n/5
	best, least := 1.0, math.Inf(1)
	for _, penalty := range []float64{1e-4, 1e-3, 1e-2, 1e-1, 1} {
		weights := ridge(products.Slice(0, fit, 0, fit), targets.Slice(0, fit, 0, size), penalty)
		if weights == nil {
			continue
		}
		var off mat.Dense
		off.Mul(products.Slice(fit, n, 0, fit), weights)
		off.Sub(&off, targets.Slice(fit, n, 0, size))
		if e := mat.Norm(&off, 2); e < least {
			best, least = penalty, e
		}
	}
	fitted, predicted = &mat.Dense{}, &mat.Dense{}
	weights := ridge(&products, targets, best)
	fitted.Mul(&products, weights)
	predicted.Mul(&across, weights)
	return fitted, predicted
}

// ridge solves (products + penalty * their mean square length) weights = targets; nil where it can't.
func ridge(products, targets mat.Matrix, penalty float64) *mat.Dense {
	n, _ := products.Dims()
	penalized := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			penalized.SetSym(i, j, products.At(i, j))
		}
	}
	more := penalty * mat.Trace(penalized) / float64(n)
	for i := range n {
		penalized.SetSym(i, i, penalized.At(i, i)+more)
	}
	var factors mat.Cholesky
	var weights mat.Dense
	if !factors.Factorize(penalized) || factors.SolveTo(&weights, targets) != nil {
		return nil
	}
	return &weights
}

func meanOf(values []float32, size int) []float64 {
	mean := make([]float64, size)
	share := float64(size) / float64(len(values))
	for i, v := range values {
		mean[i%size] += float64(v) * share
	}
	return mean
}

// centered are images less their mean: [images, values].
func centered(values []float32, mean []float64) *mat.Dense {
	data := make([]float64, len(values))
	for i, v := range values {
		data[i] = float64(v) - mean[i%len(mean)]
	}
	return mat.NewDense(len(values)/len(mean), len(mean), data)
}

// leadingComponents are the k directions along which rows vary most, as columns, by subspace iteration with a few spare directions (Halko,
// Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4). There are fewer where rows have fewer dimensions.
func leadingComponents(rows *mat.Dense, k int) *mat.Dense {
	n, size := rows.Dims()
	p := min(k+spareComponents, n, size)
	directions := mat.NewDense(p, size, nil) // as rows
	draw := graph.Random(0, "diagnosis", "components", 0)
	for i := range directions.RawMatrix().Data {
		directions.RawMatrix().Data[i] = draw.NormFloat64()
	}
	var along mat.Dense
	for range subspaceRounds {
		directions = orthonormal(directions)
		along.Reset()
		along.Mul(rows, directions.T())
		directions.Reset()
		directions.Mul(along.T(), rows)
	}
	directions = orthonormal(directions)
	p, _ = directions.Dims()
	along.Reset()
	along.Mul(rows, directions.T())
	products := mat.NewSymDense(p, nil)
	products.SymOuterK(1, along.T())
	var eigen mat.EigenSym
	var vectors, components mat.Dense
	k = min(k, p)
	if !eigen.Factorize(products, true) { // it does not fail for finite values
		return mat.DenseCopyOf(directions.Slice(0, k, 0, size).T())
	}
	eigen.VectorsTo(&vectors)
	components.Mul(directions.T(), vectors.Slice(0, p, p-k, p))
	flipped := mat.NewDense(size, k, nil) // the largest first
	for j := range k {
		flipped.SetCol(j, mat.Col(nil, k-1-j, &components))
	}
	return flipped
}

// orthonormal makes rows orthonormal, twice for good (Gram and Schmidt); those that depend on others are left out.
func orthonormal(rows *mat.Dense) *mat.Dense {
	n, size := rows.Dims()
	out := mat.NewDense(n, size, nil)
	kept := 0
	for i := range n {
		v := mat.NewVecDense(size, mat.Row(nil, i, rows))
		before := mat.Norm(v, 2)
		for range 2 {
			for j := range kept {
				done := out.RowView(j)
				v.AddScaledVec(v, -mat.Dot(done, v), done)
			}
		}
		if length := mat.Norm(v, 2); length > 1e-10*before {
			v.ScaleVec(1/length, v)
			out.SetRow(kept, v.RawVector().Data)
			kept++
		}
	}
	return out.Slice(0, max(1, kept), 0, size).(*mat.Dense)
}
