package training

import "dcae/graph"

// unitObserver finds a layer's dead units and saturated values while it is evaluated.
type unitObserver struct {
	layer     string
	units     int
	asleep    []int // units that have been zero for every image so far
	low, high float32
	saturates bool
	saturated int
	values    int
	on        bool
}

func newUnitObserver(n graph.Node, out graph.Shape) *unitObserver {
	u := &unitObserver{layer: n.Name, units: out[len(out)-1]}
	low, high, ok := graph.Saturation(n.Layer)
	u.low, u.high, u.saturates = float32(low), float32(high), ok
	return u
}

func (u *unitObserver) reset() {
	u.asleep = u.asleep[:0]
	for i := range u.units {
		u.asleep = append(u.asleep, i)
	}
	u.saturated, u.values = 0, 0
}

func (u *unitObserver) observe(values []float32) {
	if !u.on {
		return
	}
	for row := 0; row < len(values) && len(u.asleep) > 0; row += u.units {
		still := u.asleep[:0]
		for _, i := range u.asleep {
			if values[row+i] == 0 {
				still = append(still, i)
			}
		}
		u.asleep = still
	}
	u.values += len(values)
	if u.saturates {
		for _, v := range values {
			if v < u.low || v > u.high {
				u.saturated++
			}
		}
	}
}

func (u *unitObserver) shares() UnitShares {
	return UnitShares{u.layer, float64(len(u.asleep)) / float64(u.units), float64(u.saturated) / float64(max(u.values, 1))}
}
