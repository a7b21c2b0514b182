package graph

import (
	"strings"
	"time"

	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// OpTime is how long one op of an expression graph took.
type OpTime struct {
	Layer    string // empty for the loss
	Op       string // as the graph shows it: conv2d+bias+relu
	Backward bool
	Lazy     bool          // its output is computed by the ops that read it, and counts as their time
	View     bool          // its output is the memory of what it reads: there is nothing to compute
	Time     time.Duration // added up over all runs since StartProfile
	Bytes    float64       // likewise, of values in memory that it reads and writes; what caches spare counts, too
}

// clock adds up what runs of an op take.
type clock struct {
	time  time.Duration
	bytes float64
}

// add adds a run that has begun at start.
func (c *clock) add(o *op, in []gorgonia.Value, out gorgonia.Value, start time.Time) {
	c.time += time.Since(start)
	if o.view || o.isLazy() {
		return
	}
	c.bytes += float64(out.MemSize())
	if o.handsOut() {
		return
	}
	for _, v := range in {
		c.bytes += float64(v.MemSize())
	}
}

// handsOut tells whether the op's output is a tensor that another op has written beside its own.
func (o *op) handsOut() bool {
	_, side := o.output.(ownOutput)
	return side && len(o.item) > 0
}

// StartProfile makes the program measure each op from the next run on.
func (m *machine) StartProfile() {
	for _, o := range m.ops {
		o.clock = new(clock)
	}
}

// Profile is the time of each op since StartProfile, in the order in which ops were added: forward from the first layer to the
// loss, then backward.
func (m *machine) Profile() []OpTime {
	var out []OpTime
	of := map[*op]int{} // where an op is in out
	for _, o := range m.ops {
		if o.clock == nil {
			continue
		}
		if o.handsOut() {
			if len(o.sources) > 0 {
				out[of[o.sources[0]]].Bytes += o.clock.bytes
			}
			continue
		}
		of[o] = len(out)
		name, backward := strings.CutPrefix(o.label, "gradient of ")
		out = append(out, OpTime{o.layer, name, backward, o.isLazy(), o.view, o.clock.time, o.clock.bytes})
	}
	return out
}

// PeakFLOPS is how many multiplications and additions a second the threads do together that do nothing else.
func (t *Threads) PeakFLOPS() float64 { return kernel.PeakFLOPS(t.kernelPool()) }

// CopyBytes is how many bytes a second the threads read and write together that copy more memory than caches hold.
func (t *Threads) CopyBytes() float64 { return kernel.CopyBytes(t.kernelPool()) }
