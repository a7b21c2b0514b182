package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// gramOf draws the inner products of n vectors of so many values.
func gramOf(n, values int, seed uint64) [][]float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := newMatrix(n, values)
	for _, row := range x {
		for j := range row {
			row[j] = float64(r.Float64()*float64(j+1)) - 0.3
		}
	}
	products := newMatrix(n, n)
	addInnerProducts(products, x)
	return products
}

func TestEigenvectors(t *testing.T) {
	diagonal := newMatrix(4, 4)
	for i, v := range []float64{3, 0, 7, 7} {
		diagonal[i][i] = v
	}
	for name, a := range map[string][][]float64{
		"one row": gramOf(1, 5, 1), "two rows": gramOf(2, 5, 2), "full rank": gramOf(60, 90, 3), "rank 7": gramOf(50, 7, 4),
		"zero": newMatrix(5, 5), "diagonal": diagonal, "large": gramOf(120, 500, 5),
	} {
		t.Run(name, func(t *testing.T) {
			n := len(a)
			values, vectors, ok := eigenvectors(a)
			if !ok {
				t.Fatal("not found")
			}
			symmetric := mat.NewSymDense(n, slices.Concat(a...))
			var peer mat.EigenSym
			if !peer.Factorize(symmetric, false) {
				t.Fatal("gonum finds none")
			}
			tolerance := 1e-13 * max(mat.Trace(symmetric), 1e-300)
			for i, want := range peer.Values(nil) {
				if !(math.Abs(values[i]-want) <= tolerance) {
					t.Errorf("eigenvalue %d is %v, gonum says %v", i, values[i], want)
				}
			}
			for i, vector := range vectors {
				for j := range n {
					if got, want := innerProduct(a[j], vector), values[i]*vector[j]; !(math.Abs(got-want) <= tolerance) {
						t.Fatalf("vector %d: the matrix makes %v of element %d, not %v", i, got, j, want)
					}
					unit := 0.0
					if i == j {
						unit = 1
					}
					if got := innerProduct(vector, vectors[j]); !(math.Abs(got-unit) <= 1e-13) {
						t.Fatalf("the product of vectors %d and %d is %v", i, j, got)
					}
				}
			}
		})
	}
}

func TestEigenvectorsOfNonsense(t *testing.T) {
	a := gramOf(5, 5, 1)
	a[2][3], a[3][2] = math.NaN(), math.NaN()
	if _, _, ok := eigenvectors(a); ok {
		t.Error("a matrix with NaN has eigenvectors")
	}
}

// TestEigenvectorsHaveTheSameBitsEverywhere: the digest comes from amd64.
func TestEigenvectorsHaveTheSameBitsEverywhere(t *testing.T) {
	values, vectors, _ := eigenvectors(gramOf(60, 90, 3))
	digest := sha256.New()
	for _, v := range append(values, slices.Concat(vectors...)...) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
		digest.Write(b[:])
	}
	if got := fmt.Sprintf("%x", digest.Sum(nil)[:8]); got != "0395aad372ac66b5" {
		t.Errorf("the digest is %s", got)
	}
}
