package diagnosis

import "dcae/graph"

// What a step costs at a nominal speed, about six tenths of that of one core of a server of 2024. It is a constant, so that the same call
// gives the same answer everywhere.
const (
	nominalFLOPs  = 120e9  // a second, of products
	nominalValues = 400e6  // a second, of layers' outputs, forward and backward
	nominalNode   = 300e-6 // seconds a layer, whatever its size
	nominalStart  = 0.03   // seconds to compile a trial
	fullWidth     = 16     // channels below which products are slower, as parts of vectors stay empty
	workers       = 2      // processors that the nominal speed is of
	inUse         = 0.85   // share of their time: runs side by side do not end together
)

// stepSeconds is what a training step of a model takes, with its share of looks at held-out images.
func stepSeconds(m *graph.Model, batch int) (float64, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return 0, err
	}
	products, err := m.LayerFLOPs()
	if err != nil {
		return 0, err
	}
	forward, training, outputs := 0.0, 0.0, 0.0
	for i, f := range products {
		from := m.Input
		if first := m.Nodes[i].Inputs[0]; first >= 0 {
			from = shapes[first]
		}
		slower := fullWidth / float64(min(fullWidth, max(channels(from), channels(shapes[i]))))
		forward += slower * f.Forward
		training += slower * f.Training
		outputs += float64(shapes[i].Size())
	}
	images, looks := float64(batch), scoredImages/float64(checkEvery)
	return images*(training/nominalFLOPs+outputs/nominalValues) + looks*(forward/nominalFLOPs+outputs/3/nominalValues) + nominalNode*float64(len(shapes)), nil
}

func channels(s graph.Shape) int { return s[len(s)-1] }

// budget is the work that may be done, in nominal seconds of one processor.
type budget struct {
	total, spent float64
	short, long  int // steps: of a trial, and of the model as given, which is owed more patience
}

const (
	shortSteps, longSteps = 500, 950 // where time is no matter
	leastSteps            = 100
)

func newBudget(seconds, step float64) budget {
	b := budget{total: seconds * workers * inUse}
	steps := b.total / step
	b.short = max(leastSteps, min(shortSteps, roundSteps(steps/9)))
	b.long = max(b.short, min(longSteps, roundSteps(steps/5)))
	return b
}

// roundSteps makes steps a multiple of those between two looks.
func roundSteps(steps float64) int { return int(min(steps, 1e6)) / checkEvery * checkEvery }

func (b *budget) left() float64 { return b.total - b.spent }

func (b *budget) exhausted() bool { return b.left() <= 0 }
