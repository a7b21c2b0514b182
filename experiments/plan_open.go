package experiments

import (
	"github.com/pkg/errors"
)

// Open opens the plan's images and makes the study for them. It fails if they cannot be read, and if a model cannot be made of the plan or
// does not fit them.
func (p *Plan) Open() (Study, error) {
	images, err := p.data().Open()
	if err != nil {
		return Study{}, err
	}
	if n := images.Train.Len(); p.Budget.Exactly && p.Budget.Images > n {
		return Study{}, errors.Errorf("%d images are more than the %d training images of %s", p.Budget.Images, n, images.Name)
	}
	return p.Study(images)
}

// Runs is how many runs the plan asks for.
func (p *Plan) Runs() int {
	n := 0
	for _, g := range p.Groups {
		seeds := g.Seeds
		if seeds == nil {
			seeds = p.Seeds
		}
		n += len(g.Arms) * len(seeds)
	}
	return n
}
