package diagnosis

import (
	"fmt"
	"slices"

	"dcae/training/names"
)

// Finding is something that is certain without any training.
type Finding struct {
	Name    string `json:"name"`
	Where   string `json:"where,omitempty"` // a layer, or a part of the images
	Text    string `json:"text"`
	Do      string `json:"do"`
	Cause   Cause  `json:"cause,omitempty"` // that it speaks for; empty: none
	Decides bool   `json:"decides"`         // it proves that the model fails as it is; else it is a warning
}

// Findings with which nothing is trained.
const (
	equalImages = "equal_images"
	noValues    = "no_values"
)

// nonFinite is the finding that values are infinite or not a number.
const nonFinite = "non_finite"

// findings are collected as they are found.
type findings []Finding

func (f *findings) add(name, where, text, do string) *Finding {
	*f = append(*f, Finding{Name: name, Where: where, Text: names.Line(text), Do: names.Line(do)})
	return &(*f)[len(*f)-1]
}

// blames says which cause the finding speaks for, and whether it proves that the model fails.
func (f *Finding) blames(c Cause, decides bool) { f.Cause, f.Decides = c, decides }

// deciding are those that make the verdict.
func (f findings) deciding() []Finding {
	var out []Finding
	for _, one := range f {
		if one.Decides {
			out = append(out, one)
		}
	}
	return out
}

// splits tells whether a part of the images is of another kind than the training images.
func (f findings) splits(name string) bool {
	return slices.ContainsFunc(f, func(one Finding) bool { return one.Decides && one.Cause == DataSplit && one.Where == name })
}

// untrainable tells whether there is nothing that training could show.
func (f findings) untrainable() bool {
	return slices.ContainsFunc(f, func(one Finding) bool { return one.Name == equalImages || one.Name == noValues })
}

// lackNumbers tells whether training values are infinite or not a number.
func (f findings) lackNumbers() bool {
	return slices.ContainsFunc(f, func(one Finding) bool { return one.Name == nonFinite && one.Where == "training" })
}

// lackNumbersLater tells whether that is all that is wrong with held-out images.
func (f findings) lackNumbersLater() bool {
	split := slices.DeleteFunc(f.deciding(), func(one Finding) bool { return one.Cause != DataSplit })
	return len(split) > 0 && !slices.ContainsFunc(split, func(one Finding) bool { return one.Name != nonFinite })
}

func number(n int, singular, plural string) string {
	if n == 1 {
		return "one " + singular
	}
	return fmt.Sprintf("%d %s", n, plural)
}
