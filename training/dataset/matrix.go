package dataset

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Matrices are slices of rows. Their products are written here, without assembly and fused products, so that results that depend on
// them have the same bits on every processor.

func newMatrix(rows, columns int) [][]float64 {
	values := make([]float64, rows*columns)
	m := make([][]float64, rows)
	for i := range m {
		m[i] = values[i*columns:][:columns:columns]
	}
	return m
}

func transposed(m [][]float64) [][]float64 {
	if len(m) == 0 {
		return nil
	}
	t := newMatrix(len(m[0]), len(m))
	for i, row := range m {
		for j, v := range row {
			t[j][i] = v
		}
	}
	return t
}

// addInnerProducts adds the inner products of x's rows to a symmetric matrix. Processors share its rows, each of which one computes
// alone.
func addInnerProducts(to, x [][]float64) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(x); i = int(next.Add(1)) - 1 {
				for j := i; j < len(x); j++ {
					to[i][j] += innerProduct(x[i], x[j])
					to[j][i] = to[i][j]
				}
			}
		})
	}
	all.Wait()
}

// innerProduct adds in four chains, always the same ones, since one would wait for each addition.
func innerProduct(x, y []float64) float64 {
	y = y[:len(x)]
	var a, b, c, d float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a += float64(x[i] * y[i])
		b += float64(x[i+1] * y[i+1])
		c += float64(x[i+2] * y[i+2])
		d += float64(x[i+3] * y[i+3])
	}
	for ; i < len(x); i++ {
		a += float64(x[i] * y[i])
	}
	return (a + b) + (c + d)
}

// addMultiple is y += factor*x.
func addMultiple(y []float64, factor float64, x []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(factor * v)
	}
}
