package training

import (
	"fmt"
	"math"

	"dcae/graph"
)

// Optimizer is the settings of an optimizer. Formulas and defaults are Keras'.
type Optimizer interface {
	// String names the optimizer and its settings.
	String() string
	// start prepares the state for the variables that are trained.
	start(variables []*graph.Variable) updater
}

// updater is an optimizer at work on a model.
type updater interface {
	// begin starts step t (1, 2, ...) and returns its learning rate.
	begin(t int) float64
	// update changes the i-th variable by its gradient.
	update(threads *graph.Threads, i int, gradient []float32) graph.UpdateSums
}

// Adam is the optimizer of Kingma and Ba 2015; see [graph.UpdateAdam] for the formula.
type Adam struct {
	LearningRate float64 // default 0.001
	Beta1        float64 // default 0.9
	Beta2        float64 // default 0.999
	Epsilon      float64 // default 1e-7
}

func (a Adam) withDefaults() Adam {
	setDefault(&a.LearningRate, 0.001)
	setDefault(&a.Beta1, 0.9)
	setDefault(&a.Beta2, 0.999)
	setDefault(&a.Epsilon, 1e-7)
	return a
}

// String names the optimizer and its settings.
func (a Adam) String() string {
	a = a.withDefaults()
	return fmt.Sprintf("adam(learning_rate=%g, beta_1=%g, beta_2=%g, epsilon=%g)", a.LearningRate, a.Beta1, a.Beta2, a.Epsilon)
}

func (a Adam) start(variables []*graph.Variable) updater {
	return &adam{Adam: a.withDefaults(), variables: variables, first: zerosLike(variables), second: zerosLike(variables)}
}

type adam struct {
	Adam
	variables     []*graph.Variable
	first, second [][]float32 // moments of the gradients
	alpha         float64
}

func (a *adam) begin(t int) float64 {
	a.alpha = a.LearningRate * math.Sqrt(1-math.Pow(a.Beta2, float64(t))) / (1 - math.Pow(a.Beta1, float64(t)))
	return a.LearningRate
}

func (a *adam) update(threads *graph.Threads, i int, g []float32) graph.UpdateSums {
	return graph.UpdateAdam(threads, a.variables[i].Float32s(), g, a.first[i], a.second[i], a.alpha, a.Beta1, a.Beta2, a.Epsilon)
}

// SGD is gradient descent; see [graph.UpdateSGD] for the formula.
type SGD struct {
	LearningRate float64 // default 0.01
	Momentum     float64
	Nesterov     bool
}

func (s SGD) withDefaults() SGD {
	setDefault(&s.LearningRate, 0.01)
	return s
}

// String names the optimizer and its settings.
func (s SGD) String() string {
	s = s.withDefaults()
	return fmt.Sprintf("sgd(learning_rate=%g, momentum=%g, nesterov=%t)", s.LearningRate, s.Momentum, s.Nesterov)
}

func (s SGD) start(variables []*graph.Variable) updater {
	u := &sgd{SGD: s.withDefaults(), variables: variables, velocity: make([][]float32, len(variables))}
	if s.Momentum != 0 {
		u.velocity = zerosLike(variables)
	}
	return u
}

type sgd struct {
	SGD
	variables []*graph.Variable
	velocity  [][]float32
}

func (s *sgd) begin(int) float64 { return s.LearningRate }

func (s *sgd) update(threads *graph.Threads, i int, g []float32) graph.UpdateSums {
	return graph.UpdateSGD(threads, s.variables[i].Float32s(), g, s.velocity[i], s.LearningRate, s.Momentum, s.Nesterov)
}

func zerosLike(variables []*graph.Variable) [][]float32 {
	out := make([][]float32, len(variables))
	for i, v := range variables {
		out[i] = make([]float32, v.Shape.Size())
	}
	return out
}

func setDefault(x *float64, def float64) {
	if *x == 0 {
		*x = def
	}
}
