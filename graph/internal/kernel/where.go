package kernel

// Where is first where condition is not 0, else second; nil stands for zeros.
func Where[T Float](p *Pool, y, condition, first, second []T) {
	p.forElements(len(y)).run(blockCount(len(y)), each(func(block int) {
		from, to := blockRange(len(y), block)
		for i := from; i < to; i++ {
			chosen := second
			if condition[i] != 0 {
				chosen = first
			}
			if chosen == nil {
				y[i] = 0
			} else {
				y[i] = chosen[i]
			}
		}
	}))
}
