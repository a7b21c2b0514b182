package experiments

import "testing"

func TestSeeds(t *testing.T) {
	for text, want := range map[string]string{"1-5": "1-5", "3": "3", "1,3,7-9": "1,3,7-9", "2,1": "2,1", "0": "0", "1,2,3": "1-3"} {
		seeds, err := ParseSeeds(text)
		if err != nil || FormatSeeds(seeds) != want {
			t.Errorf("%q reads as %v, %v", text, FormatSeeds(seeds), err)
		}
	}
	for _, text := range []string{"", "a", "5-1", "1,,2", "-1", "1-", "1,1", "1-3,2", "1-99999999999", "1.5"} {
		if seeds, err := ParseSeeds(text); err == nil {
			t.Errorf("%q reads as %d seeds", text, len(seeds))
		}
	}
}
