package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// byColumn runs over rows of width elements, four rows at a time and then one at a time. matrices are pointers to [rows, width], column
// is an offset into a row. body gets the number of rows and a function for the vector of matrix i in row r.
func (s isa) byColumn(rows, width reg.GPVirtual, matrices []reg.GPVirtual, column reg.GPVirtual, body func(rows int, at func(matrix, row int) Mem)) {
	SHLQ(Imm(2), width)
	stride3 := GP64()
	LEAQ(Mem{Base: width, Index: width, Scale: 2}, stride3)
	pass := func(name string, count int) {
		SUBQ(Imm(uint64(count)), rows)
		JL(LabelRef("end" + name))
		Label("rows" + name)
		XORQ(column, column)
		// Pointers run along with the column, and jump over the other rows at the end.
		Label("loop" + name)
		body(count, func(m, r int) Mem {
			switch p := matrices[m]; r {
			case 0:
				return Mem{Base: p}
			case 1, 2:
				return Mem{Base: p, Index: width, Scale: uint8(r)}
			default:
				return Mem{Base: p, Index: stride3, Scale: 1}
			}
		})
		for _, p := range matrices {
			ADDQ(Imm(uint64(s.bytes())), p)
		}
		ADDQ(Imm(uint64(s.bytes())), column)
		CMPQ(column, width)
		JL(LabelRef("loop" + name))
		if count > 1 {
			for _, p := range matrices {
				ADDQ(stride3, p)
			}
		}
		SUBQ(Imm(uint64(count)), rows)
		JGE(LabelRef("rows" + name))
		Label("end" + name)
		ADDQ(Imm(uint64(count)), rows)
	}
	pass("4", 4)
	pass("1", 1)
}

// sum adds registers in pairs.
func sum(r []reg.VecVirtual) reg.VecVirtual {
	for ; len(r) > 1; r = r[:len(r)/2] {
		for i := range len(r) / 2 {
			VADDPS(r[2*i+1], r[2*i], r[i])
		}
	}
	return r[0]
}

func normalization(s isa) {
	const shape = " x is [rows, width], the others [width]; width is a multiple of 16."
	column := func(p reg.GPVirtual, at reg.GPVirtual) Mem { return Mem{Base: p, Index: at, Scale: 1} }
	accumulate := func(r []reg.VecVirtual, to Mem) {
		t := sum(r)
		VADDPS(to, t, t)
		VMOVUPS(t, to)
	}

	start(s, "columnSums", "func(rows, width int, x, sums *float32)", "computes sums += x over the rows."+shape)
	p := parameters("rows", "width", "x", "sums")
	at := GP64()
	s.byColumn(p[0], p[1], p[2:3], at, func(rows int, m func(int, int) Mem) {
		r := make([]reg.VecVirtual, rows)
		for i := range r {
			r[i] = s.load(m(0, i))
		}
		accumulate(r, column(p[3], at))
	})
	end()

	start(s, "columnDeviations", "func(rows, width int, x, shift, sums, squares *float32)", "computes sums += x-shift and squares += (x-shift)^2 over the rows."+shape)
	p = parameters("rows", "width", "x", "shift", "sums", "squares")
	at = GP64()
	s.byColumn(p[0], p[1], p[2:3], at, func(rows int, m func(int, int) Mem) {
		shift := s.load(column(p[3], at))
		r, q := make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows)
		for i := range r {
			r[i], q[i] = s.load(m(0, i)), s.register()
			VSUBPS(shift, r[i], r[i])
			VMULPS(r[i], r[i], q[i])
		}
		accumulate(r, column(p[4], at))
		accumulate(q, column(p[5], at))
	})
	end()

	start(s, "normalize", "func(rows, width int, y, x, mean, scale, beta *float32)", "computes y = (x-mean)*scale + beta. y and x are [rows, width], the others [width]; width is a multiple of 16.")
	p = parameters("rows", "width", "y", "x", "mean", "scale", "beta")
	at = GP64()
	s.byColumn(p[0], p[1], p[2:4], at, func(rows int, m func(int, int) Mem) {
		mean, scale, beta := s.load(column(p[4], at)), s.load(column(p[5], at)), s.load(column(p[6], at))
		for i := range rows {
			x := s.load(m(1, i))
			VSUBPS(mean, x, x)
			VMULPS(scale, x, x)
			VADDPS(beta, x, x)
			VMOVUPS(x, m(0, i))
		}
	})
	end()

	start(s, "gradientSums", "func(rows, width int, x, dy, mean, sums, products *float32)", "computes sums += dy and products += dy*(x-mean) over the rows. x and dy are [rows, width], the others [width]; width is a multiple of 16.")
	p = parameters("rows", "width", "x", "dy", "mean", "sums", "products")
	at = GP64()
	s.byColumn(p[0], p[1], p[2:4], at, func(rows int, m func(int, int) Mem) {
		mean := s.load(column(p[4], at))
		dy, x := make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows)
		for i := range rows {
			x[i], dy[i] = s.load(m(0, i)), s.load(m(1, i))
			VSUBPS(mean, x[i], x[i])
			VMULPS(dy[i], x[i], x[i])
		}
		accumulate(dy, column(p[5], at))
		accumulate(x, column(p[6], at))
	})
	end()

	start(s, "normalizeGradient", "func(rows, width int, dx, x, dy, mean, scale, offset, slope *float32)", "computes dx = (dy-offset)*scale - (x-mean)*slope. dx, x and dy are [rows, width], the others [width]; width is a multiple of 16.")
	p = parameters("rows", "width", "dx", "x", "dy", "mean", "scale", "offset", "slope")
	at = GP64()
	s.byColumn(p[0], p[1], p[2:5], at, func(rows int, m func(int, int) Mem) {
		mean, scale, offset, slope := s.load(column(p[5], at)), s.load(column(p[6], at)), s.load(column(p[7], at)), s.load(column(p[8], at))
		for i := range rows {
			x, dy := s.load(m(1, i)), s.load(m(2, i))
			VSUBPS(mean, x, x)
			VMULPS(slope, x, x)
			VSUBPS(offset, dy, dy)
			VMULPS(scale, dy, dy)
			VSUBPS(x, dy, dy)
			VMOVUPS(dy, m(0, i))
		}
	})
	end()
}
