package dataset

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

const (
	// Principal components of images of up to largestCovariance values come from the covariance of all training images;
	// those of larger ones from the inner products of innerProducts of them.
	largestCovariance = 1024
	innerProducts     = 1000
	pcaBatch          = 500
)

// PCA returns how well the best linear autoencoders do: for each number of components in dims, the fraction of the test
// images' variance, around the mean training image, that is left unexplained (FVU, 0 to 1) when they are rebuilt from
// that many principal components of the training images. It is the mark for a bottleneck of that size (Baldi and Hornik
// 1989, "Neural networks and principal component analysis: learning from examples without local minima"). 0 components
// give 1; more than there are give what all give.
//
// Images of up to 1,024 values take the eigenvectors of the training images' covariance. Larger ones take those of the
// inner products of at most 1,000 training images, evenly chosen (Sirovich and Kirby 1987, "Low-dimensional procedure
// for the characterization of human faces"): then there are at most 1,000 components. It fails for a negative number of components, and
// if images cannot be read, are not finite or do not differ.
func (set *Set) PCA(dims []int) ([]float64, error) {
	fvu, err := set.pca(dims)
	return fvu, errors.WithMessagef(err, "principal components of data %s", set.Name)
}

func (set *Set) pca(dims []int) ([]float64, error) {
	if len(dims) == 0 {
		return nil, nil
	}
	if d := slices.Min(dims); d < 0 {
		return nil, errors.Errorf("%d components can't be asked for: give 0 or more", d)
	}
	mean := set.Train.Mean()
	find := covarianceComponents
	if len(mean) > largestCovariance {
		find = innerProductComponents
	}
	components, err := find(set.Train, mean, slices.Max(dims))
	if err != nil {
		return nil, err
	}
	explained, total := set.Test.explained(components, mean)
	for _, images := range []*Images{set.Train, set.Test} {
		if err := images.Err(); err != nil {
			return nil, err
		}
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return nil, errors.New("the test images hold values that are infinite or NaN, or all equal the mean training image")
	}
	fvu := make([]float64, len(dims))
	for i, d := range dims {
		left := total
		for _, e := range explained[:min(d, len(explained))] {
			left -= e
		}
		fvu[i] = max(left/total, 0)
	}
	return fvu, nil
}

// Principal finds the images' first n principal components, [components, values] of length 1, with the variance along each and in all, both
// summed over values and averaged over images. There are fewer components where the images have no more. It fails where [Set.PCA] does.
func (s *Images) Principal(n int) (components [][]float64, variances []float64, total float64, err error) {
	mean := s.Mean()
	find := covarianceComponents
	if len(mean) > largestCovariance {
		find = innerProductComponents
	}
	if components, err = find(s, mean, n); err != nil {
		return nil, nil, 0, err
	}
	variances, total = s.explained(components, mean)
	for i := range variances {
		variances[i] /= float64(s.Len())
	}
	return components, variances, total / float64(s.Len()), s.Err()
}

// explained is the squared length of the images, less the mean, along each component, [components, values], and altogether.
func (s *Images) explained(components [][]float64, mean []float32) (along []float64, total float64) {
	along = make([]float64, len(components))
	s.centered(evenly(s.Len(), s.Len()), mean, func(batch [][]float64) {
		for _, image := range batch {
			total += innerProduct(image, image)
			for j, c := range components {
				v := innerProduct(image, c)
				along[j] += float64(v * v)
			}
		}
	})
	return along, total
}

// covarianceComponents finds up to count principal components as eigenvectors of the sum of outer products.
func covarianceComponents(train *Images, mean []float32, count int) ([][]float64, error) {
	sum := newMatrix(len(mean), len(mean))
	train.centered(evenly(train.Len(), train.Len()), mean, func(batch [][]float64) {
		addInnerProducts(sum, transposed(batch))
	})
	_, vectors, err := leading(sum, count)
	return vectors, err
}

// innerProductComponents finds up to count principal components as combinations of some of the images.
func innerProductComponents(train *Images, mean []float32, count int) ([][]float64, error) {
	chosen := evenly(train.Len(), innerProducts)
	var images [][]float64
	train.centered(chosen, mean, func(batch [][]float64) {
		for _, image := range batch {
			images = append(images, slices.Clone(image))
		}
	})
	products := newMatrix(len(images), len(images))
	addInnerProducts(products, images)
	values, vectors, err := leading(products, count)
	if err != nil {
		return nil, err
	}
	components := newMatrix(len(vectors), len(mean))
	for j, vector := range vectors {
		for i, share := range vector {
			addMultiple(components[j], share/math.Sqrt(values[j]), images[i])
		}
	}
	return components, nil
}

// leading finds the largest eigenvalues, at most count, of a symmetric matrix that has no negative ones, and their vectors. Those that
// the rounding of float32 images can't tell from 0 are left out.
func leading(a [][]float64, count int) (values []float64, vectors [][]float64, err error) {
	trace := 0.0
	for i, row := range a {
		trace += row[i]
	}
	if trace-trace != 0 {
		return nil, nil, errors.Errorf("the training images hold values that are infinite or NaN: %s", nonFiniteAdvice)
	}
	n := len(a)
	ascending, all, ok := eigenvectors(a)
	if !ok {
		return nil, nil, errors.New("the eigenvalues of the training images' covariance can't be found: scale the images to 0..1")
	}
	smallest := ascending[n-1] * float64(n) * 0x1p-46
	for i := n - 1; i >= 0 && len(values) < count && ascending[i] > smallest; i-- {
		values, vectors = append(values, ascending[i]), append(vectors, all[i])
	}
	return values, vectors, nil
}

// centered hands images, less the mean, to use: [batch, values], overwritten by the next.
func (s *Images) centered(indices []int, mean []float32, use func(batch [][]float64)) {
	size := len(mean)
	values := make([]float32, pcaBatch*size)
	rows := newMatrix(pcaBatch, size)
	for batch := range slices.Chunk(indices, pcaBatch) {
		s.Read(values[:len(batch)*size], batch)
		for i, v := range values[:len(batch)*size] {
			rows[i/size][i%size] = float64(v) - float64(mean[i%size])
		}
		use(rows[:len(batch)])
	}
}

// evenly lists at most so many of the indices 0 to n-1, in equal steps.
func evenly(n, most int) []int {
	indices := make([]int, min(n, most))
	for i := range indices {
		indices[i] = i * n / len(indices)
	}
	return indices
}
