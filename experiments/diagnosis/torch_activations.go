package diagnosis

import (
	"fmt"

	"dcae/graph"
)

// activationModule is the module of an activation; empty for other layers.
func activationModule(l graph.Layer, inPlace bool) string {
	a, ok := activationOf(l)
	if !ok {
		return ""
	}
	return "torch.nn." + a.class + "(" + a.with(inPlace) + ")"
}

// activationCall is the same as a function of x.
func activationCall(l graph.Layer, inPlace bool) string {
	a, _ := activationOf(l)
	if a.function == "" {
		return "nothing"
	}
	if rest := a.with(inPlace); rest != "" {
		return a.function + "(x, " + rest + ")"
	}
	return a.function + "(x)"
}

// torchActivation is how PyTorch has an activation.
type torchActivation struct {
	class, function, arguments string
	mayBeInPlace               bool
}

func (a torchActivation) with(inPlace bool) string {
	switch {
	case !inPlace || !a.mayBeInPlace:
		return a.arguments
	case a.arguments == "":
		return "inplace=True"
	}
	return a.arguments + ", inplace=True"
}

func activationOf(l graph.Layer) (a torchActivation, ok bool) {
	switch l := l.(type) {
	case graph.LeakyRectifier:
		return torchActivation{"LeakyReLU", "torch.nn.functional.leaky_relu", fmt.Sprintf("%.6g", l.NegativeSlope), true}, true
	case graph.Activate:
		a, ok = map[graph.Activation]torchActivation{
			graph.LeakyReLU: {"LeakyReLU", "torch.nn.functional.leaky_relu", "0.2", true},
			graph.ReLU:      {"ReLU", "torch.nn.functional.relu", "", true},
			graph.ReLU6:     {"ReLU6", "torch.nn.functional.relu6", "", true},
			graph.ELU:       {"ELU", "torch.nn.functional.elu", "", true},
			graph.SELU:      {"SELU", "torch.nn.functional.selu", "", true},
			graph.Sigmoid:   {"Sigmoid", "torch.sigmoid", "", false},
			graph.Tanh:      {"Tanh", "torch.tanh", "", false},
			graph.Linear:    {"Identity", "", "", false},
		}[l.Function]
	}
	return a, ok
}
