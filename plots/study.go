package plots

import (
	"image"
	"math"

	"github.com/pkg/errors"
)

// Point is one recorded value; Y may be NaN or infinite.
type Point struct{ X, Y float64 }

// Series is a curve in order of rising X.
type Series []Point

// Reference is a labelled horizontal line to compare with, such as the loss of printing the mean image.
type Reference struct {
	Label string
	Y     float64
}

// Moment is a point in training at which Profile compares the layers.
type Moment struct {
	Label string
	// Step selects the last recorded step not after it; +Inf is the end of the run. A run that ended before a finite Step
	// is left out of that moment.
	Step float64
}

// GradientNorms holds the gradient norm of each layer of an arm over the steps of one run.
type GradientNorms struct {
	Steps []float64   // strictly rising
	Norms [][]float64 // [layer][step], layers as in Arm.Layers; zero, NaN and infinity are allowed
}

// Run is one arm with one random seed.
type Run struct {
	Seed    uint64
	Outcome string // such as "learned"; shown beside the reconstructions and in the table

	Train   Series // training loss against epoch
	HeldOut Series // held-out loss against epoch

	Gradients GradientNorms

	// Table columns; NaN says "not measured".
	HeldOutMSE      float64
	FVU             float64
	RatioStart      float64 // gradient norm of the first layer / last layer at the first step
	RatioEnd        float64 // the same at the last step
	ImagesPerSecond float64

	// Reconstructions of Study.Originals, in the same order. A run without any has no row in the picture, so that the caller
	// decides how many rows there are.
	Reconstructions []image.Image
}

// Arm is one variant of a study.
type Arm struct {
	Name    string
	Layers  []string // layers whose gradient norms were recorded, from input to output
	Summary string   // one sentence for the report
	Runs    []Run
}

// MaxArms is the number of arms up to which the pictures of a Study stay readable; for more choose some, or use Dots and Intervals.
// Larger studies are drawn all the same: colours repeat from here on, and pictures with a panel an arm grow.
const MaxArms = 10

// Study is the data of all pictures. Every field may be empty; what is missing is said in the picture.
type Study struct {
	Title    string // the question; title of the report
	Subtitle string // data, sizes, seeds in one line below it
	LossName string // default "loss"

	References []Reference // drawn into the loss picture
	Moments    []Moment    // default: first step, end of training

	Originals []image.Image // held-out images that were reconstructed
	Targets   []image.Image // what they are to become, in the same order; none: themselves
	MeanImage image.Image   // mean training image, last row of the reconstructions

	Arms []Arm
}

// validate reports data whose shapes contradict each other.
func (s Study) validate() error {
	for _, a := range s.Arms {
		for _, r := range a.Runs {
			if err := r.Gradients.validate(len(a.Layers)); err != nil {
				return errors.WithMessagef(err, "arm %q, seed %d", a.Name, r.Seed)
			}
			for _, series := range []Series{r.Train, r.HeldOut} {
				if err := series.validate(); err != nil {
					return errors.WithMessagef(err, "loss of arm %q, seed %d", a.Name, r.Seed)
				}
			}
		}
	}
	return nil
}

func (g GradientNorms) validate(layers int) error {
	if len(g.Norms) == 0 && len(g.Steps) == 0 {
		return nil
	}
	if len(g.Norms) != layers {
		return errors.Errorf("gradient norms of %d layers, the arm names %d", len(g.Norms), layers)
	}
	for i, norms := range g.Norms {
		if len(norms) != len(g.Steps) {
			return errors.Errorf("layer %d has %d gradient norms for %d steps", i, len(norms), len(g.Steps))
		}
	}
	for i, x := range g.Steps {
		if !isFinite(x) || i > 0 && x <= g.Steps[i-1] {
			return errors.Errorf("step number %v at position %d does not rise", x, i)
		}
	}
	return nil
}

func (s Series) validate() error {
	for i, p := range s {
		if !isFinite(p.X) || i > 0 && p.X < s[i-1].X {
			return errors.Errorf("x = %v at position %d does not rise", p.X, i)
		}
	}
	return nil
}

// layer returns the norms of one layer as a series over steps.
func (g GradientNorms) layer(i int) Series {
	if i >= len(g.Norms) {
		return nil
	}
	s := make(Series, len(g.Steps))
	for j, x := range g.Steps {
		s[j] = Point{x, g.Norms[i][j]}
	}
	return s
}

// at returns the index of the last step not after step, or -1 if the run did not get there.
func (g GradientNorms) at(step float64) int {
	n := len(g.Steps)
	if n == 0 || !math.IsInf(step, 1) && g.Steps[n-1] < step {
		return -1
	}
	i := n - 1
	for i >= 0 && g.Steps[i] > step {
		i--
	}
	return i
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
