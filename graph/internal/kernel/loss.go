package kernel

// SquaredError is the mean squared error over all elements.
type SquaredError[T Float] struct {
	backward  bool
	dy        []T
	y, target []T
	factor    T
	sums      []float64 // by block
}

// NewSquaredError returns the operation.
func NewSquaredError[T Float]() *SquaredError[T] {
	return &SquaredError[T]{}
}

// Forward returns the mean of (y - target)^2, summed in float64; 0 for no elements.
func (s *SquaredError[T]) Forward(p *Pool, y, target []T) T {
	if len(y) == 0 {
		return 0
	}
	n := blockCount(len(y))
	s.backward, s.y, s.target, s.sums = false, y, target, resize(s.sums, n)
	forTraffic[T](p, 2*len(y)).run(n, s)
	s.y, s.target = nil, nil
	total := 0.0
	for _, v := range s.sums {
		total += v
	}
	return T(total / float64(len(y)))
}

// Backward computes dy = scale * 2/len(y) * (y - target).
func (s *SquaredError[T]) Backward(p *Pool, dy, y, target []T, scale T) {
	s.backward, s.dy, s.y, s.target = true, dy, y, target
	s.factor = T(float64(scale) * 2 / float64(len(y)))
	forTraffic[T](p, 3*len(y)).run(blockCount(len(y)), s)
	s.dy, s.y, s.target = nil, nil, nil
}

func (s *SquaredError[T]) piece(_, i int) {
	from, to := blockRange(len(s.y), i)
	if s.backward {
		scaledDifference(s.dy[from:to], s.y[from:to], s.target[from:to], s.factor)
	} else {
		s.sums[i] = squaredDistance(s.y[from:to], s.target[from:to])
	}
}

// squaredDistance returns the sum of (y - target)^2 in float64.
func squaredDistance[T Float](y, target []T) float64 {
	sum, n := vectorSquaredDistance(float32s(y), float32s(target))
	target = target[n:len(y)]
	for i, v := range y[n:] {
		d := float64(v - target[i])
		sum += float64(d * d)
	}
	return sum
}

// scaledDifference computes dy = factor * (y - target).
func scaledDifference[T Float](dy, y, target []T, factor T) {
	n := vectorScaledDifference(float32s(dy), float32s(y), float32s(target), float32(factor))
	dy, target = dy[n:len(y)], target[n:len(y)]
	for i, v := range y[n:] {
		dy[i] = factor * (v - target[i])
	}
}
