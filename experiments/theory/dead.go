package theory

import (
	"fmt"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/training"
)

// dead are the rows of dead networks.
func dead() []Row { return []Row{bornDead(), constants()} }

// bornDead is the share of narrow networks whose output no longer depends on the input, at initialization.
func bornDead() Row {
	const nets = 150 // with each seed
	cases := []struct{ units, layers int }{{2, 5}, {3, 5}, {3, 10}, {4, 20}}
	return Row{
		Name: "born-dead", Claim: "A ReLU network without biases is dead at a given input from the start with probability 1 - (1 - 2^-units)^layers, since every layer has all its units negative with probability 2^-units.",
		Source: "Lu et al. 2018, \"Dying ReLU and initialization\", and Rister and Rubin, \"Probabilistic bounds on neuron death in deep rectifier networks\", for a single input", Unit: "share of networks that are dead",
		Regime: "Symmetric weights, no biases, one input. Measured: 150 networks with each seed.",
		points: func(*lab) ([]Point, error) {
			var out []Point
			for i, c := range cases {
				alive := arithmetic.Pow(1-arithmetic.Pow(2, -float64(c.units)), float64(c.layers))
				out = append(out, Point{fmt.Sprintf("%d layers of %d units", c.layers, c.units), float64(i + 1), 1 - alive})
			}
			return out, nil
		},
		measure: func(_ *lab, _ []Point, seed uint64) ([]float64, error) {
			var out []float64
			for _, c := range cases {
				n := 0
				for draw := range uint64(nets) {
					p, err := network{input: graph.Shape{c.units}, layers: c.layers, act: graph.ReLU, kernel: scaled(2), batch: 1}.run(seed*nets + draw)
					if err != nil {
						return nil, err
					}
					if p.delta[0] == 0 {
						n++
					}
				}
				out = append(out, float64(n)/nets)
			}
			return out, nil
		},
	}
}

// constants are what dead networks learn.
func constants() Row {
	losses := []graph.Loss{graph.MSE, {Function: graph.MeanAbsoluteError}}
	return Row{
		Name: "dead-constants", Claim: "A dead ReLU network learns one image for every input: the mean image under mse, the median image under mae.",
		Source: "Lu et al. 2018, \"Dying ReLU and initialization\", which proves that gradient descent takes it there", Unit: "loss over that of the best constant",
		Regime: "All units of a hidden layer dead, trained to the end. Measured: the first 256 digits of MNIST, all in each step, Adam.",
		points: func(*lab) ([]Point, error) {
			return []Point{{"mse, mean image", 1, 1}, {"mae, median image", 2, 1}}, nil
		},
		measure: func(l *lab, _ []Point, seed uint64) ([]float64, error) {
			p, err := l.principal()
			if err != nil {
				return nil, err
			}
			var out []float64
			for _, loss := range losses {
				m := graph.Sequential("dead", graph.Shape{784},
					graph.Dense{Units: 4, Activation: graph.ReLU, BiasInit: graph.Constant{Value: -1000}}, graph.Dense{Units: 784, KernelInit: graph.RandomNormal{StdDev: 0.02}, BiasInit: graph.RandomNormal{StdDev: 0.1}})
				params, err := fitted(m, loss, p.digits, 500, seed)
				if err != nil {
					return nil, err
				}
				best, err := training.BestConstant(loss, p.digits, 784)
				if err != nil {
					return nil, err
				}
				out = append(out, lossOf(loss, p.digits, params.Lookup("dense_1/bias").Float32s())/lossOf(loss, p.digits, best))
			}
			return out, nil
		},
	}
}

// lossOf is the mean loss of printing one image for every input.
func lossOf(loss graph.Loss, images array, print []float32) float64 {
	sum := 0.0
	for i, v := range images.values {
		d := float64(v) - float64(print[i%images.size])
		if loss.Function == graph.MeanAbsoluteError {
			sum += max(d, -d)
		} else {
			sum += float64(d * d)
		}
	}
	return sum / float64(len(images.values))
}
