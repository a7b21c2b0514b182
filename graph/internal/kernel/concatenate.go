package kernel

// CopyStrips copies strips of equal length: the i-th from x[i*fromStep+fromStart:] to y[i*toStep+toStart:].
func CopyStrips[T Float](p *Pool, strips, length int, y []T, toStart, toStep int, x []T, fromStart, fromStep int) {
	perPiece := max(1, blockLength/max(length, 1))
	p.forElements(strips*length).run((strips+perPiece-1)/perPiece, each(func(piece int) {
		for i := piece * perPiece; i < min((piece+1)*perPiece, strips); i++ {
			copy(y[i*toStep+toStart:][:length], x[i*fromStep+fromStart:])
		}
	}))
}

// Broadcast computes y [n,len(at)] from x [n,size]: each of an image's values is the one of x that at names.
func Broadcast[T Float](p *Pool, n, size int, at []int32, y, x []T) {
	p.forElements(len(y)).run(n, each(func(image int) {
		x, y := x[image*size:][:size], y[image*len(at):][:len(at)]
		for i, from := range at {
			y[i] = x[from]
		}
	}))
}

// BroadcastGradient computes dx from dy; values that were repeated sum their gradients.
func BroadcastGradient[T Float](p *Pool, n, size int, at []int32, dx, dy []T) {
	p.forElements(len(dy)).run(n, each(func(image int) {
		dx, dy := dx[image*size:][:size], dy[image*len(at):][:len(at)]
		sums := make([]float64, size)
		for i, to := range at {
			sums[to] += float64(dy[i])
		}
		for i, s := range sums {
			dx[i] = T(s)
		}
	}))
}
