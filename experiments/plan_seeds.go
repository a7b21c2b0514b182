package experiments

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// maxSeeds bounds what one list of seeds may ask for.
const maxSeeds = 100000

// ParseSeeds reads a list such as 1-5 or 1,3,7-9. It fails for anything else, for a seed that is there twice, and for too many seeds.
func ParseSeeds(text string) ([]uint64, error) {
	var out []uint64
	seen := map[uint64]bool{}
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		first, err := strconv.ParseUint(from, 10, 63)
		last := first
		if err == nil && isRange {
			last, err = strconv.ParseUint(to, 10, 63)
		}
		if err != nil || last < first {
			return nil, errors.Errorf("bad seeds %q: write them as 1-5 or 1,3,7-9", text)
		}
		if last-first >= maxSeeds || len(out) > maxSeeds {
			return nil, errors.Errorf("bad seeds %q: over %d of them", text, maxSeeds)
		}
		for s := first; s <= last; s++ {
			if seen[s] {
				return nil, errors.Errorf("bad seeds %q: %d is there twice", text, s)
			}
			seen[s] = true
			out = append(out, s)
		}
	}
	return out, nil
}

// FormatSeeds writes a list as ParseSeeds reads it.
func FormatSeeds(seeds []uint64) string {
	var parts []string
	for i := 0; i < len(seeds); {
		k := i
		for k+1 < len(seeds) && seeds[k+1] == seeds[k]+1 {
			k++
		}
		if k > i {
			parts = append(parts, fmt.Sprintf("%d-%d", seeds[i], seeds[k]))
		} else {
			parts = append(parts, fmt.Sprint(seeds[i]))
		}
		i = k + 1
	}
	return strings.Join(parts, ",")
}

// ParseShare reads 10% or 0.1: a share above 0 and below one half. It fails for any other text.
func ParseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	x, err := strconv.ParseFloat(number, 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x > 0 && x < 0.5) {
		return 0, errors.Errorf("%q is no share above 0 and below one half, as 10%%", text)
	}
	return x, nil
}

// SeedList is a list of random seeds, written as 1-5 or 1,3,7-9.
type SeedList []uint64

// UnmarshalYAML reads a list as ParseSeeds does, or a list of such lists. It fails as ParseSeeds does.
func (s *SeedList) UnmarshalYAML(decode func(any) error) error {
	var text string
	if decode(&text) != nil {
		var parts []string
		if err := decode(&parts); err != nil {
			return err
		}
		text = strings.Join(parts, ",")
	}
	seeds, err := ParseSeeds(text)
	*s = seeds
	return err
}

// MarshalYAML writes a list as ParseSeeds reads it. It never fails.
func (s SeedList) MarshalYAML() ([]byte, error) { return []byte(FormatSeeds(s)), nil }
