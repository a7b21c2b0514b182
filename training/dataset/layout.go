package dataset

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
)

// arranged brings images of an array, whose axes are known, to [H, W, C]. Arrays of four axes are [N, H, W, C], or [N, C, H, W] where
// channels come first; one channel may stand on either side, since values then have the same order.
func (l loader) arranged(s source) (source, error) {
	if len(s.axes) != 4 {
		return s, nil
	}
	first := Shape{H: s.axes[2], W: s.axes[3], C: s.axes[1]}
	last := s.axes[3] <= 4
	switch {
	case s.axes[1] == 1 && !last:
		s.shape = first
		return s, nil
	case l.channelsFirst && (s.axes[1] <= 4 || !last):
		return channelsLast(s, first), nil
	case s.axes[1] == 3 && !last:
		return s, errors.Errorf("an array of shape %v looks like [N, C, H, W]: bring channels last with x.transpose(0, 2, 3, 1)", s.axes)
	}
	return s, nil
}

// noteChannelsLast says, once for arrays of one shape, that channels are taken to be last where they should be first. What is wrong with the source shows
// elsewhere.
func (l loader) noteChannelsLast(open func() (source, error)) {
	if !l.channelsFirst {
		return
	}
	s, err := open()
	if err != nil {
		return
	}
	if s.close != nil {
		defer s.close()
	}
	if len(s.axes) != 4 || s.axes[1] <= 4 || s.axes[3] > 4 {
		return
	}
	note := fmt.Sprintf("Arrays of [N, %d, %d, %d] are taken as [N, H, W, C], though PyTorch's order is [N, C, H, W]: their channels are brought to the front.", s.axes[1], s.axes[2], s.axes[3])
	if !slices.Contains(*l.notes, note) {
		*l.notes = append(*l.notes, note)
	}
}

// channelsLast transposes images of [C, H, W], which are to have the given shape.
func channelsLast(s source, to Shape) source {
	raw := make([]byte, s.imageBytes())
	next, size, pixels := s.next, s.kind.size(), to.H*to.W
	s.shape, s.plain = to, nil
	s.next = func(dst []byte) error {
		if err := next(raw); err != nil {
			return err
		}
		for c := range to.C {
			for p := range pixels {
				copy(dst[(p*to.C+c)*size:][:size], raw[(c*pixels+p)*size:])
			}
		}
		return nil
	}
	return s
}
