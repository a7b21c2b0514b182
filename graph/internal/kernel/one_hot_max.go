package kernel

// OneHotMax writes, for each row of so many values, 1 at the first of the largest ones and 0 elsewhere.
func OneHotMax[T Float](p *Pool, width int, y, x []T) {
	p.forElements(len(x)).run(len(x)/width, each(func(row int) {
		x, y := x[row*width:][:width], y[row*width:][:width]
		at := 0
		for i, v := range x {
			if v > x[at] {
				at = i
			}
		}
		clear(y)
		y[at] = 1
	}))
}
