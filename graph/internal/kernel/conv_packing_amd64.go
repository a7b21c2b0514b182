//go:build amd64 && !noasm

package kernel

import "unsafe"

func (p *product) packedSize() int {
	taps := 0
	for i := range p.phases {
		taps += len(p.phases[i].taps)
	}
	return taps * p.k * p.padded(p.plan.n)
}

// packing is the job that puts the kernel's matrices in the order in which they are read, a piece a panel or, where there are
// few panels, a part of its rows: by phase, panel, tap and k the columns of the panel, padded to whole vectors; or by phase
// and column, where vectors run along the sum.
type packing product

// parts is into how many parts a panel's rows are cut.
func (p *packing) parts() int {
	if p.columns {
		return 1
	}
	return max(1, min(ceil(fewPieces, len(p.panels)), p.k/64))
}

func (p *packing) piece(worker, i int) {
	w := p.workers[worker]
	parts := p.parts()
	panel, part := p.panels[i/parts], i%parts
	from, to := split(ceil(p.k, 8), parts, part)
	from, to = 8*from, min(p.k, 8*to)
	for f := range p.phases {
		at := p.tables[f].packed + panel.from*len(p.phases[f].taps)*p.k
		(*product)(p).packPanel(w, p.packed[at:], f, panel, from, to)
	}
}

// packPanel packs the rows from..end of a phase's matrices in a panel.
func (p *product) packPanel(w *productWorker, to []float32, f int, panel panel, from, end int) {
	width, taps := panel.vectors*p.lanes, p.phases[f].taps
	for j, t := range taps {
		matrix := p.kernel[t.matrix*p.k*p.plan.n:][:p.k*p.plan.n]
		switch {
		case p.columns:
			p.packColumns(to[j*p.k:], matrix, len(taps)*p.k)
		case p.transposed:
			w.transpose.pack(to[j*p.k*width:], matrix, panel, p.k, width, from, end)
		default:
			packRows(to[j*p.k*width:], matrix, panel, p.plan.n, width, from, end)
		}
	}
}

// packRows packs the rows from..end of a panel of a matrix [k,n].
func packRows(to, matrix []float32, panel panel, n, width, from, end int) {
	for i := from; i < end; i++ {
		row := to[i*width:][:width]
		clear(row[copy(row, matrix[i*n+panel.from:][:panel.columns]):])
	}
}

// pack packs the rows from..end, from divisible by 8, of a panel of a matrix [n,k].
func (a *transposeArgs) pack(to, matrix []float32, panel panel, k, width, from, end int) {
	matrix = matrix[panel.from*k:][:panel.columns*k]
	c, whole := 0, from+(end-from)&^7 // rows in blocks of 8
	if whole > from {
		a.blocks, a.stride, a.toStride = (whole-from)/8, 4*k, 4*width
		for ; c+8 <= panel.columns; c += 8 {
			a.from, a.to = &matrix[c*k+from], &to[from*width+c]
			transpose8((*byte)(unsafe.Pointer(a)))
			for i := whole; i < end; i++ {
				for d := c; d < c+8; d++ {
					to[i*width+d] = matrix[d*k+i]
				}
			}
		}
	}
	if c == width {
		return
	}
	for i := from; i < end; i++ {
		row := to[i*width:][:width]
		for d := c; d < panel.columns; d++ {
			row[d] = matrix[d*k+i]
		}
		clear(row[panel.columns:])
	}
}

// packColumns packs each column of a matrix on its own, at the given distance.
func (p *product) packColumns(to, matrix []float32, distance int) {
	for c := range p.plan.n {
		column := to[c*distance:][:p.k]
		if p.transposed {
			copy(column, matrix[c*p.k:])
			continue
		}
		for i := range column {
			column[i] = matrix[i*p.plan.n+c]
		}
	}
}
