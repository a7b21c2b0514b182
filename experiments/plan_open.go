package experiments

import (
	"context"

	"github.com/pkg/errors"
)

// RunPlan opens the plan's images, makes its study and runs it; see [Run]. It fails if the images cannot be opened or are too few, and as
// Run does.
func RunPlan(ctx context.Context, p *Plan, o Options, w Watcher) ([]*Result, error) {
	s, err := p.open()
	if err != nil {
		return nil, err
	}
	return Run(ctx, s, o, w)
}

// open makes the study for the plan's images.
func (p *Plan) open() (Study, error) {
	images, err := p.Data.Open()
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
