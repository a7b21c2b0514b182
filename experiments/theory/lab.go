package theory

import (
	"sync"

	"dcae/training/dataset"
)

// lab is what measurements have in common. Several may use it at the same time.
type lab struct {
	once  sync.Once
	deep  sync.Map // what is known of the depths that were trained
	found *principal
	err   error
}

// principal are the images' principal components, which are found when they are first asked for.
func (l *lab) principal() (*principal, error) {
	l.once.Do(func() { l.found, l.err = findPrincipal() })
	return l.found, l.err
}

func findPrincipal() (*principal, error) {
	set, err := dataset.Open("mnist", dataset.Options{Scale: dataset.ScaleUnit})
	if err != nil {
		return nil, err
	}
	images := set.Train.Head(digits)
	p := &principal{digits: array{make([]float32, images.Len()*784), 784}}
	if p.directions, p.variances, p.total, err = images.Principal(components); err != nil {
		return nil, err
	}
	indices := make([]int, images.Len())
	for i := range indices {
		indices[i] = i
	}
	images.Read(p.digits.values, indices)
	p.centred = p.digits.times(1)
	mean := images.Mean()
	for i := range p.centred.values {
		p.centred.values[i] -= mean[i%784]
	}
	return p, nil
}
