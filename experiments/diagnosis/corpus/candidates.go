package corpus

import "github.com/pkg/errors"

// Candidates are all cases that were made, in a fixed order: the bases of each half, then what the operators make of them, then the
// real cases. Those that proved right are [Cases].
func Candidates() ([]Case, error) {
	var out []Case
	for _, half := range []Half{Development, HeldOut} {
		var own []Case
		for _, b := range bases() {
			if b.Half == half {
				b.Name, b.Base = b.Model.Name, b.Model.Name
				own = append(own, b)
			}
		}
		out = append(out, own...)
		for _, operators := range [][]operator{variations(), mutations()} {
			for i, o := range operators {
				made, err := o.onSome(own, i)
				if err != nil {
					return nil, err
				}
				out = append(out, made...)
			}
		}
	}
	return append(out, realCases()...), nil
}

// onSome makes cases of as many bases as the operator says, of every third and then of those between, beginning with one by its number.
func (o operator) onSome(bases []Case, number int) ([]Case, error) {
	var out []Case
	for k := range bases {
		step := []int{0, 3, 1, 4, 2, 5}[k%6]
		c, ok, err := o.on(bases[(number+step)%len(bases)])
		if err != nil {
			return nil, errors.WithMessage(err, c.Name)
		}
		if !ok {
			continue
		}
		if out = append(out, c); len(out) >= max(1, o.bases) {
			break
		}
	}
	return out, nil
}
