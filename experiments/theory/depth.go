package theory

import (
	"fmt"
	"math"
	"sync"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/training"
)

// Deep networks that are trained: how wide, on how many digits, all in each step, and when one has learned something.
const (
	deepUnits   = 64
	deepImages  = 64
	deepLearned = 0.95 // FVU; half of the first principal component is learned then
)

// depthRegime is that of all rows of trained depth.
const depthRegime = "Ordered phase, sigma_b^2 = 0.05; tanh, 64 units, the first 64 digits of MNIST less the mean of 256, all in each step. Learned: FVU under 0.95. Depths between those that were trained go by the logarithm of their steps."

// depthSigmas are the sigma_w^2 of the networks whose depth is measured.
var depthSigmas = []float64{0.7, 0.85, 1}

// descent is a way to train deep networks.
type descent struct {
	optimizer training.Optimizer
	output    graph.Initializer // of the last layer
	few, many int               // steps within which depths are measured
	inXi      []float64         // depths that are trained
	layers    []int             // where they are the same for every xi
}

var (
	plainDescent = descent{training.SGD{LearningRate: training.Exactly(1)}, graph.Zeros{}, 100, 400, []float64{0.5, 1.5, 3, 4.5, 6, 7.5, 9, 10.5}, nil}
	adamRandom   = descent{training.Adam{LearningRate: training.Exactly(1e-3)}, scaled(1), 25, 100, nil, []int{8, 14, 20, 26, 32, 38, 46}}
	adamZero     = descent{training.Adam{LearningRate: training.Exactly(1e-4)}, graph.Zeros{}, 40, 100, []float64{2, 4, 6, 8, 10, 12, 14, 16}, nil}
)

var errLearned = errors.New("learned")

// learning notes the step in which a network has learned.
type learning struct {
	below float64 // loss
	at    int
}

// Step looks at the loss before the step changes anything.
func (l *learning) Step(r *training.StepRecord) error {
	if r.Loss < l.below {
		l.at = r.Step
		return errLearned
	}
	return nil
}

// Epoch does nothing.
func (l *learning) Epoch(*training.EpochRecord) error { return nil }

// stepsToLearn is in which step a tanh network of so many layers has learned; infinite if not within the most.
func stepsToLearn(p *principal, sigmaW float64, layers int, d descent, seed uint64) (float64, error) {
	bias := graph.RandomNormal{StdDev: math.Sqrt(criticalSigmaB)}
	var list []graph.Layer
	for range layers {
		list = append(list, graph.Dense{Units: deepUnits, Activation: graph.Tanh, KernelInit: scaled(sigmaW), BiasInit: bias})
	}
	m := graph.Sequential("deep", graph.Shape{784}, append(list, graph.Dense{Units: 784, KernelInit: d.output})...)
	images := array{p.centred.values[:deepImages*784], 784}
	l := &learning{below: deepLearned * meanSquare(images.values)}
	_, err := trained(m, images, training.Config{Seed: seed, Epochs: 3 * d.many, Optimizer: d.optimizer}, l)
	switch {
	case errors.Cause(err) == errLearned:
		return float64(l.at), nil
	case err != nil:
		return 0, err
	}
	return math.Inf(1), nil
}

// depths are how deep networks may be that learn within few and within many steps, by sigma_w^2.
type depths struct{ few, many []float64 }

// depthsOf are measured once for each way and seed.
func (l *lab) depthsOf(d *descent, seed uint64) (depths, error) {
	type key struct {
		d    *descent
		seed uint64
	}
	measure, _ := l.deep.LoadOrStore(key{d, seed}, sync.OnceValues(func() (depths, error) {
		p, err := l.principal()
		if err != nil {
			return depths{}, err
		}
		var out depths
		for _, w := range depthSigmas {
			few, many, err := depthsLearned(p, w, *d, seed)
			if err != nil {
				return depths{}, err
			}
			out.few, out.many = append(out.few, few), append(out.many, many)
		}
		return out, nil
	}))
	return measure.(func() (depths, error))()
}

// depthsLearned trains networks, deeper and deeper, until one does not learn within many steps. A depth that none of these lies under, or over, is NaN.
func depthsLearned(p *principal, sigmaW float64, d descent, seed uint64) (few, many float64, err error) {
	layers := d.layers
	for _, x := range d.inXi {
		layers = append(layers, int(math.Round(x*tanhField(sigmaW, criticalSigmaB).depthScale())))
	}
	few, many = math.NaN(), math.NaN()
	before, steps := 0, 0.0
	for _, n := range layers {
		now, err := stepsToLearn(p, sigmaW, n, d, seed)
		if err != nil {
			return 0, 0, err
		}
		between := func(at int) float64 {
			return float64(before) + float64(n-before)*arithmetic.Log(float64(at)/steps)/arithmetic.Log(now/steps)
		}
		if steps > 0 && steps <= float64(d.few) && now > float64(d.few) {
			few = between(d.few)
		}
		if steps > 0 && steps <= float64(d.many) && now > float64(d.many) {
			many = between(d.many)
		}
		before, steps = n, now
		if math.IsInf(now, 1) {
			break
		}
	}
	return few, many, nil
}

// deep are the rows of trained depth.
func deep() []Row { return []Row{sixXi(), depthGained(), randomOutput(), zeroOutput()} }

// xis are the depth scales of depthSigmas.
func xis() []float64 {
	var out []float64
	for _, w := range depthSigmas {
		out = append(out, tanhField(w, criticalSigmaB).depthScale())
	}
	return out
}

// overLast are points whose values are compared with that of the last sigma_w^2, predicted to be as their xi.
func overLast(*lab) ([]Point, error) {
	var out []Point
	scales := xis()
	last := len(scales) - 1
	for i, xi := range scales[:last] {
		out = append(out, Point{fmt.Sprintf("sigma_w^2 %g, xi %.2f", depthSigmas[i], xi), xi, xi / scales[last]})
	}
	return out, nil
}

// sixXi is how deep networks may be in xi.
func sixXi() Row {
	return Row{
		Name: "trained-depth", Claim: "Networks of up to about 6 xi layers can be trained.",
		Source: schoenholz + ", section 5: 6 xi describes what was trained on MNIST, by eye; their numbers of steps and rates are others", Unit: "depth in 400 steps, in xi", X: "xi", Outside: true,
		Regime: depthRegime + " Gradient descent, rate 1; the last layer starts at zero, so that there is no error that all images have in common.",
		Why:    "It is no constant: each further factor of steps buys further layers, and networks with a larger sigma_w^2 begin with a stronger signal. The row trained-depth-gained says what a factor of 4 buys.",
		points: func(*lab) ([]Point, error) {
			var out []Point
			for i, xi := range xis() {
				out = append(out, Point{fmt.Sprintf("sigma_w^2 %g, xi %.2f", depthSigmas[i], xi), xi, 6})
			}
			return out, nil
		},
		measure: fromDepths(&plainDescent, func(own depths, i int, p Point) float64 { return own.many[i] / p.X }),
	}
}

// fromDepths measures a value of each point from what was learned in one way.
func fromDepths(d *descent, of func(own depths, i int, p Point) float64) func(*lab, []Point, uint64) ([]float64, error) {
	return func(l *lab, points []Point, seed uint64) ([]float64, error) {
		own, err := l.depthsOf(d, seed)
		if err != nil {
			return nil, err
		}
		var out []float64
		for i, p := range points {
			out = append(out, of(own, i, p))
		}
		return out, nil
	}
}

// gained is what four times as many steps gain, over that of the last sigma_w^2.
func gained(own depths, i int, _ Point) float64 {
	last := len(depthSigmas) - 1
	return (own.many[i] - own.few[i]) / (own.many[last] - own.few[last])
}

// depthGained is how much deeper networks may be that are trained longer.
func depthGained() Row {
	return Row{
		Name: "trained-depth-gained", Claim: "The layers that four times as many steps buy are a number of xi, the same for every sigma_w^2: signals and gradients fall as exp(-L/(2 xi)), and what falls so is made up for by as many times the steps.",
		Source: schoenholz + ", for the scale; that steps make up for it is derived here", Unit: "gain from 100 to 400 steps, over that at sigma_w^2 = 1", X: "xi",
		Regime: depthRegime + " Gradient descent, rate 1; the last layer starts at zero, so that there is no error that all images have in common.",
		points: overLast, measure: fromDepths(&plainDescent, gained),
	}
}

// randomOutput is how deep networks may be that Adam trains from an ordinary start.
func randomOutput() Row {
	return Row{
		Name: "trained-depth-random-output", Claim: "The depth that can be trained is a number of xi, whatever the optimizer and the last layer.",
		Source: schoenholz + ", for gradient descent", Unit: "depth in 100 steps, over that at sigma_w^2 = 1", X: "xi", Outside: true,
		Regime:  depthRegime + " Adam, rate 0.001; the last layer starts at random, with sigma_w^2 = 1.",
		Why:     "Of what all images have in common a random last layer makes an error that is the same for all of them. Adam makes steps of full length of it in every layer, however little of the gradient comes through, before it is about what images differ in; then the layers are others than those that xi was computed for. In the row trained-depth-random-output-explained the last layer starts at zero, so that there is no such error.",
		points:  overLast,
		measure: fromDepths(&adamRandom, func(own depths, i int, _ Point) float64 { return own.many[i] / own.many[len(depthSigmas)-1] }),
	}
}

// zeroOutput is what explains randomOutput.
func zeroOutput() Row {
	return Row{
		Name: "trained-depth-random-output-explained", Claim: "With Adam and a last layer that starts at zero, too, the layers that further steps buy are a number of xi.",
		Source: "As trained-depth-gained", Unit: "gain from 40 to 100 steps, over that at sigma_w^2 = 1", X: "xi",
		Regime: depthRegime + " Adam, rate 0.0001; the last layer starts at zero.",
		points: overLast, measure: fromDepths(&adamZero, gained),
	}
}
