package dataset

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/pkg/errors"
)

// Bounds of what trains with the usual initializers and learning rates, which are made for values of about 0 to 1.
const (
	largeMagnitude   = 10   // a median image whose largest absolute value is above this
	smallReach       = 0.02 // a median image whose values all lie closer than this to the center
	blankShare       = 0.5
	duplicateShare   = 0.01 // of held-out images that are also training images
	scaleAdvice      = "scale them: unit for 0 to 255 or 0 to 65535, else minmax or standardize"
	nonFiniteAdvice  = "replace them, for example with numpy.nan_to_num, or leave those images out"
	outlierAdvice    = "look at them, and clip or leave them out"
	duplicateAdvice  = "leave them out of one of the two, or the held-out error is too good to be true"
	allConstAdvice   = "check how the images were made"
	unreadableAdvice = "check the disk and the file, and open the set again"
)

func (r Report) warnings(set *Set) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	parts := r.parts()
	for i, images := range []*Images{set.Train, set.Validation, set.Test} {
		if err := images.Err(); err != nil {
			warn("The %s images can't all be read (%v): %s.", parts[i].name, err, unreadableAdvice)
		}
	}
	for _, part := range parts {
		if part.NonFinite > 0 {
			warn("The %s images hold %d values that are infinite or NaN, first in %s: %s.",
				part.name, part.NonFinite, part.FirstNonFinite, nonFiniteAdvice)
		}
	}
	if r.magnitude > largeMagnitude {
		warn("Training values go from %.4g to %.4g, far from 0 to 1: %s.", r.Train.Min, r.Train.Max, scaleAdvice)
	}
	if r.Reach > 0 && r.Reach < smallReach {
		warn("Most training values lie within %.2g of %.4g, so that there is little to tell images apart by; perhaps they were scaled twice: %s.",
			r.Reach, r.Center, scaleAdvice)
	}
	for _, part := range parts {
		if part.Outliers > 0 {
			warn("%d of %d %s images hold values over %d times as far from %.4g as a typical image does, first %s: %s.",
				part.Outliers, part.Images, part.name, outlierReach, r.Center, part.FirstOutlier, outlierAdvice)
		}
	}
	if float64(r.Train.Constant) > blankShare*float64(r.Train.Images) {
		warn("%d of %d training images have one and the same value everywhere: %s.", r.Train.Constant, r.Train.Images, allConstAdvice)
	}
	for _, part := range parts[1:] {
		if part.InTrain > 0 && float64(part.InTrain) >= duplicateShare*float64(part.Images) {
			warn("%d of %d %s images are training images too: %s.", part.InTrain, part.Images, part.name, duplicateAdvice)
		}
	}
	return warnings
}

type namedPart struct {
	name string
	PartReport
}

func (r Report) parts() []namedPart {
	return []namedPart{{"training", r.Train}, {"validation", r.Validation}, {"test", r.Test}}
}

// WriteTo writes the report as text: a line on the set, a table of its parts, the warnings. It fails where w does.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var text bytes.Buffer
	what := fmt.Sprintf("images of %v (height x width x channels)", r.Shape)
	if r.Shape.H == 1 && r.Shape.C == 1 {
		what = fmt.Sprintf("samples of %d values", r.Shape.W)
	}
	fmt.Fprintf(&text, "%s: %s, scale %v", r.Name, what, r.Scaling.Scale)
	if r.Scaling.Shift != 0 {
		fmt.Fprintf(&text, ": (value - %.6g) / %.6g", r.Scaling.Shift, r.Scaling.Divisor)
	} else if !r.Scaling.identity() {
		fmt.Fprintf(&text, ": value / %.6g", r.Scaling.Divisor)
	}
	text.WriteString("\n\n")
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "part\timages\tmin\tmax\tmean\tstd\tnot finite\tconstant\toutliers\tin training\t")
	for _, part := range r.parts() {
		fmt.Fprintf(table, "%s\t%d\t%.4g\t%.4g\t%.4g\t%.4g\t%d\t%d\t%d\t%d\t\n", part.name, part.Images,
			part.Min, part.Max, part.Mean, part.Deviation, part.NonFinite, part.Constant, part.Outliers, part.InTrain)
	}
	if err := table.Flush(); err != nil {
		return 0, errors.WithStack(err)
	}
	if len(r.Warnings) > 0 {
		text.WriteString("\n")
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&text, "warning: %s\n", warning)
	}
	n, err := text.WriteTo(w)
	if err != nil || r.Targets == nil {
		return n, errors.WithStack(err)
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return n, errors.WithStack(err)
	}
	more, err := r.Targets.WriteTo(w)
	return n + 1 + more, err
}
