// Package arithmetic is what all of the program's computing has in common: the family of kernels that a process computes with, the number of
// its bits, and elementary functions and normal draws.
//
// # The portable family
//
// Results of the portable family are the same, bit for bit, on every 64-bit processor. Three things would break that, and code on the path
// of a study must avoid them:
//
//   - On some processors Go's compiler fuses a product and a sum, which rounds once instead of twice. An explicit conversion forbids it:
//     a + float64(b*c). testdata/find-fused.sh finds sites without one.
//   - The functions of package math are assembly on some processors, and compiled with fused products on others. Those of this package
//     have a form of their own for the portable family. (math.Sqrt, Floor, Round, Abs, Frexp and Ldexp are exact everywhere.)
//   - The bits of a value that is not a number differ: see [OneNaN].
package arithmetic

import (
	"sync"

	"github.com/pkg/errors"
)

// Family is a family of kernels: the instructions that they are written in.
type Family uint8

// The families, from the slowest to the fastest. A processor that has one has those before it, too.
const (
	Portable Family = iota // Go
	AVX2                   // AVX2 and FMA of amd64
	AVX512                 // AVX-512 F, VL, DQ and BW besides
)

var familyNames = [...]string{Portable: "portable", AVX2: "avx2", AVX512: "avx512"}

// String is the name that [ParseFamily] reads.
func (f Family) String() string { return familyNames[f] }

// ParseFamily reads avx512, avx2 or portable. Any other name is an error.
func ParseFamily(name string) (Family, error) {
	for f, known := range familyNames {
		if name == known {
			return Family(f), nil
		}
	}
	return 0, errors.Errorf("there is no family of kernels %q: use avx512, avx2 or portable", name)
}

// Best is the fastest family that this machine can run: its processor and its operating system have the instructions.
func Best() Family { return best }

var best = detect()

var choice struct {
	once   sync.Once
	family Family
}

// Choose decides on the family that this process computes with. It comes before any computing: it fails when another family was
// chosen or used already, and when this machine can't run the family.
func Choose(f Family) error {
	if f > best {
		return errors.Errorf("this machine has no %s kernels: %s are the fastest that it can run", f, best)
	}
	choice.once.Do(func() { choice.family = f })
	if choice.family != f {
		return errors.Errorf("this process computes with %s kernels already, not with %s", choice.family, f)
	}
	return nil
}

// Chosen is the family that this process computes with: that of [Choose], or else [Best]. It never changes.
func Chosen() Family {
	choice.once.Do(func() { choice.family = best })
	return choice.family
}
