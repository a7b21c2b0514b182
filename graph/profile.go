package graph

import (
	"strings"
	"time"
)

// OpTime is how long one op of an expression graph took.
type OpTime struct {
	Layer    string // empty for the loss
	Op       string // as the graph shows it: conv2d+bias+relu
	Backward bool
	Lazy     bool          // its output is computed by the ops that read it, and counts as their time
	View     bool          // its output is the memory of what it reads: there is nothing to compute
	Time     time.Duration // added up over all runs since StartProfile
}

// StartProfile makes the program measure each op from the next run on.
func (m *machine) StartProfile() {
	for _, o := range m.ops {
		o.clock = new(time.Duration)
	}
}

// Profile is the time of each op since StartProfile, in the order in which ops were added: forward from the first layer to the
// loss, then backward.
func (m *machine) Profile() []OpTime {
	var out []OpTime
	for _, o := range m.ops {
		if _, side := o.output.(ownOutput); side && len(o.item) > 0 || o.clock == nil {
			continue // only hands out what another op has computed
		}
		name, backward := strings.CutPrefix(o.label, "gradient of ")
		out = append(out, OpTime{o.layer, name, backward, o.isLazy(), o.view, *o.clock})
	}
	return out
}
