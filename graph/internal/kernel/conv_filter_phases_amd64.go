//go:build amd64 && !noasm

package kernel

import "slices"

// filterOfPhases is the filter for a kernel that is not 3x3, by phases; nil where there is none.
func filterOfPhases(w Window, transposed, gradient bool) *filter {
	stride := w.StrideH
	var base *filter
	switch max(ceil(w.KernelH, stride), ceil(w.KernelW, stride)) {
	case 2:
		base = &filterPair
	case 3:
		base = &filterStride1
		if gradient {
			base = &filterGradient
		}
	default:
		return nil
	}
	f := *base
	f.apart = transposed && stride > 1
	if f.apart {
		p := adjointPlan(w)
		for i := range p.phases {
			f.addPhase(p.phases[i].taps, &p)
			f.tapPhases[i].toRow, f.tapPhases[i].toCol = p.phases[i].row, p.phases[i].col
		}
		f.size *= stride
	} else {
		p := correlationPlan(w)
		if transposed {
			p = adjointPlan(w)
		}
		for row := range stride {
			for col := range stride {
				var taps []tap
				for i, t := range p.phases[0].taps {
					if i/w.KernelW%stride == row && i%w.KernelW%stride == col {
						taps = append(taps, t)
					}
				}
				f.addPhase(taps, &p)
			}
		}
		f.step *= stride
	}
	f.reach = 0
	for _, phase := range f.tapPhases {
		f.reach = max(f.reach, max(phase.row, phase.col)+(f.sources-1)*(f.step/base.step)+1)
	}
	return &f
}

// addPhase adds a phase of taps whose source pixels are equally far apart, in rising order.
func (f *filter) addPhase(taps []tap, p *plan) {
	phase := filterPhase{shortRows: true, shortCols: true}
	for range f.taps * f.taps {
		phase.order = append(phase.order, -1)
	}
	if len(taps) > 0 {
		phase.row, phase.col = taps[0].row+p.top, taps[0].col+p.left
	}
	rows, cols := 0, -1 // of taps so far
	for i, t := range taps {
		if i > 0 && t.row > taps[i-1].row {
			rows, cols = rows+1, -1
		}
		cols++
		phase.order[rows*f.taps+cols] = t.matrix
		phase.shortRows, phase.shortCols = phase.shortRows && rows < f.taps-1, phase.shortCols && cols < f.taps-1
	}
	f.tapPhases = append(f.tapPhases, phase)
}

// positions are how many rows and columns of the transformed kernel are not zero.
func (p *filterPhase) positions(f *filter) (rows, cols int) {
	rows, cols = f.kernels, f.kernels
	if p.shortRows {
		rows--
	}
	if p.shortCols {
		cols--
	}
	return rows, cols
}

// zero tells whether a position of the transformed kernel is.
func (p *filterPhase) zero(f *filter, position int) bool {
	rows, cols := p.positions(f)
	return position/f.kernels >= rows || position%f.kernels >= cols
}

// together is how many phases are computed together, since they add to the same results.
func (f *filter) together() int {
	if f.apart {
		return 1
	}
	return max(1, len(f.tapPhases))
}

// orders are the taps of each phase's kernel as the filter wants them.
func (f *filter) orders(transposed bool) [][]int {
	var list [][]int
	for _, p := range f.tapPhases {
		list = append(list, p.order)
	}
	if list != nil {
		return list
	}
	order := make([]int, f.taps*f.taps)
	for i := range order {
		order[i] = i
	}
	if f.step == f.size && transposed || f == &filterWide {
		slices.Reverse(order)
	}
	return [][]int{order}
}
