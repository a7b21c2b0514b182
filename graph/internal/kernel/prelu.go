package kernel

// PReLU is max(x, 0) + alpha*min(x, 0), where alpha is learned (He et al. 2015, eq. 1).
type PReLU[T Float] struct {
	at      []int32 // which of alpha's values belongs to each of an image's
	alphas  int
	partial []float64 // [chunks,alphas]
}

// NewPReLU returns the operation; at says for each value of an image which alpha is its, of so many.
func NewPReLU[T Float](at []int32, alphas int) *PReLU[T] { return &PReLU[T]{at: at, alphas: alphas} }

// Forward computes y for n images.
func (r *PReLU[T]) Forward(p *Pool, n int, y, x, alpha []T) {
	size := len(r.at)
	p.forElements(len(x)).run(n, each(func(image int) {
		x, y := x[image*size:][:size], y[image*size:][:size]
		for i, v := range x {
			if v < 0 {
				v *= alpha[r.at[i]]
			}
			y[i] = v
		}
	}))
}

// Backward computes dx (nil: not wanted) and dalpha. At 0 the derivative is 0.
func (r *PReLU[T]) Backward(p *Pool, n int, dx, dalpha, x, alpha, dy []T) {
	const chunks = 8 // whatever the number of threads
	size := len(r.at)
	r.partial = resize(r.partial, chunks*r.alphas)
	clear(r.partial)
	p.forElements(len(x)).run(chunks, each(func(chunk int) {
		sums := r.partial[chunk*r.alphas:][:r.alphas]
		for image := n * chunk / chunks; image < n*(chunk+1)/chunks; image++ {
			x, dy, dx := x[image*size:][:size], dy[image*size:][:size], part(dx, image*size, (image+1)*size)
			for i, v := range x {
				g := T(0)
				switch {
				case v > 0:
					g = dy[i]
				case v < 0:
					g = dy[i] * alpha[r.at[i]]
					sums[r.at[i]] += float64(dy[i] * v)
				}
				if dx != nil {
					dx[i] = g
				}
			}
		}
	}))
	for a := range dalpha {
		sum := 0.0
		for chunk := range chunks {
			sum += r.partial[chunk*r.alphas+a]
		}
		dalpha[a] = T(sum)
	}
}
