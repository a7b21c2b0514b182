package diagnosis

import (
	"fmt"
	"math"

	"dcae/graph"
	"dcae/models/edit"
	"dcae/training/dataset"
)

const (
	// smallBottleneck is up to how many values a bottleneck is compared with principal components.
	smallBottleneck = 16
	// narrow is an FVU that a bottleneck should get well under; it stands out if the best linear code of as many values does not.
	narrow = 0.4
	// componentImages are those that principal components are found from.
	componentImages = 1000
)

// lookAtBottleneck compares a narrow bottleneck with as many principal components, the best linear code (Baldi and Hornik 1989).
// Validation images are looked at, since the comparison has a part in what is tried.
func (l *look) lookAtBottleneck(set *dataset.Set) {
	n := l.settings.BottleneckValues
	if n == 0 || n > smallBottleneck || l.values.NonFinite > 0 || l.values.OutlierFactor >= outlierFactor {
		return
	}
	few := *set
	few.Train, few.Test = set.Train.Head(componentImages), set.Validation.Head(scoredImages)
	fvu, err := few.PCA([]int{n})
	if err != nil {
		return // images without variance
	}
	l.codeFVU = fvu[0]
	l.add("bottleneck", l.settings.Bottleneck, fvu[0], "All of an image must go through the %d values of %s; the best linear code of as many leaves a share of %.2f of the variance unexplained.", n, l.settings.Bottleneck, fvu[0])
}

// capacityRestores widen a bottleneck that is too narrow for the data.
func (l *look) capacityRestores(values int) []change {
	if l.codeFVU < narrow {
		return nil
	}
	c := widened(l.settings.BottleneckValues, values)
	c.kind, c.departure = Restore, math.Log10(float64(values)/16/float64(l.settings.BottleneckValues))
	if !c.departs() {
		return nil
	}
	return []change{c}
}

// widened is a bottleneck of a sixteenth of the image's values, at least of twice as many as now.
func widened(n, values int) change {
	wide := max(2*n, values/16)
	return change{cause: Capacity, kind: Aid, what: fmt.Sprintf("bottleneck %d -> %d values", n, wide), apply: edited(func(m *graph.Model) (*graph.Model, []string, error) {
		return edit.WidenBottleneck(m, float64(wide)/float64(n))
	})}
}
