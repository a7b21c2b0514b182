package arithmetic

import "github.com/pkg/errors"

// bitsNumbers are raised by one whenever results of a family may change, so that records of two programs are never mixed without a word.
// TestBits in package experiments says when that is.
var bitsNumbers = [...]int{Portable: 1, AVX2: 4, AVX512: 4}

// Bits is the number of the family's bits. Programs with the same number compute the same bits with the family's kernels.
func (f Family) Bits() int { return bitsNumbers[f] }

// CheckBits tells why this program does not compute the bits of a record that names its family of kernels and the number of its bits;
// nil if it does. The number is 0 where the record names none.
func CheckBits(family string, number int) error {
	f, err := ParseFamily(family)
	switch {
	case err != nil:
		return err
	case number == 0:
		return errors.Errorf("it was computed by an older program, whose bits had no number; this program has number %d of the %s kernels", f.Bits(), f)
	case number != f.Bits():
		return errors.Errorf("it was computed with bits number %d of the %s kernels, this program has number %d", number, f, f.Bits())
	}
	return nil
}
