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
