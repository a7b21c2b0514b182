package diagnosis

import (
	"fmt"
	"math"

	"dcae/graph"
	"dcae/models/edit"
)

// clearlyMore is how many times as much a wider code must explain for the present one to stand out.
const clearlyMore = 1.5

// capacityRestores widen a bottleneck that is too narrow for the data: a linear code of a sixteenth of the image's values explains clearly
// more than one of the bottleneck's.
func (l *look) capacityRestores(values int) []change {
	n := l.settings.BottleneckValues
	if l.attainable.own == 0 || 1-l.attainable.wide < clearlyMore*(1-l.attainable.own) {
		return nil
	}
	c := widened(n, values)
	c.kind, c.departure = Restore, math.Log10(float64(values)/16/float64(n))
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
