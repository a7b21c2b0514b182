package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/models/torch"
	"dcae/training"
)

// code is what to paste behind the model.
func (f *Fix) code() string {
	if f.PyTorch != "" {
		return f.PyTorch
	}
	return f.Keras
}

// explain gives a fix its code, in the framework of the model.
func (s *search) explain(f *Fix, to setup) {
	targets := s.images.train.targets != nil
	if m := s.subject.Torch; m != nil {
		f.PyTorch, f.Data = torchCode(s.given.setup, to, m), dataCode(s.given.setup, to, targets)
		return
	}
	f.Keras, f.Data = kerasCode(s.given.setup, to, targets)
}

// torchCode is the difference of two setups as PyTorch code to paste behind the module, which is named model. Modules go by their paths; what forward
// calls by itself is told in comments, with file and line where the program has them.
func torchCode(from, to setup, m *torch.Module) string {
	var b strings.Builder
	b.WriteString("import torch\n\n")
	if from.model != to.model {
		b.WriteString(moduleCode(from.model, to.model))
	}
	if from.loss.Function == graph.Given && to.loss.Function != graph.Given {
		b.WriteString("# the loss is taken of the reconstruction alone, not of what forward returns as loss\n")
	}
	b.WriteString(saved.TorchTrainingCode(to.optimizer, to.loss, m))
	if from.batch != to.batch {
		fmt.Fprintf(&b, "# torch.utils.data.DataLoader(..., batch_size=%d, shuffle=True)\n", to.batch)
	}
	return b.String()
}

// moduleCode changes modules in their places.
func moduleCode(from, to *graph.Model) string {
	var b strings.Builder
	before, after := slices.Concat(from.Nodes, from.OwnLoss), slices.Concat(to.Nodes, to.OwnLoss)
	for _, old := range before {
		if old.SharedWith != "" {
			continue
		}
		i := slices.IndexFunc(after, func(n graph.Node) bool { return n.Name == old.Name })
		if i < 0 {
			if _, noisy := graph.Noise(old.Layer); noisy && isModule(old.Name) {
				fmt.Fprintf(&b, "model.set_submodule(%s, torch.nn.Identity())\n", saved.Python(old.Name))
				continue
			}
			fmt.Fprintf(&b, "# %s (%s) is left out\n", old.Name, old.Layer.Class())
			continue
		}
		b.WriteString(nodeCode(old, after[i]))
	}
	if term, values := edit.FullPrior(from); term != "" && len(to.OwnLoss) > len(from.OwnLoss) {
		fmt.Fprintf(&b, "# in forward: the term %s of the loss, which does not depend on the reconstruction, divided by %d:\n# loss = reconstruction_error + kl / %d\n", term, values, values)
	} else {
		for _, n := range after {
			if !slices.ContainsFunc(before, func(old graph.Node) bool { return old.Name == n.Name }) {
				fmt.Fprintf(&b, "# %s (%s) is added\n", n.Name, n.Layer.Class())
			}
		}
	}
	return b.String()
}

// isModule tells whether a node goes by the path of a module, and not by a call in forward.
func isModule(name string) bool { return !strings.ContainsAny(name, " #:") }

// nodeCode is what makes one layer the other.
func nodeCode(from, to graph.Node) string {
	name := saved.Python(from.Name)
	code := ""
	if from.Frozen && !to.Frozen || len(from.Untrained) > len(to.Untrained) {
		code = fmt.Sprintf("model.get_submodule(%s).requires_grad_(True)\n", name)
	}
	a, b := fmt.Sprintf("%+v", from.Layer), fmt.Sprintf("%+v", to.Layer)
	if a == b {
		return code
	}
	module := activationCode(to.Layer)
	switch l := to.Layer.(type) {
	case graph.BatchNormalization:
		if old, ok := from.Layer.(graph.BatchNormalization); ok && isModule(from.Name) && old.Momentum != l.Momentum {
			return code + fmt.Sprintf("model.get_submodule(%s).momentum = %.6g\n", name, 1-l.Momentum)
		}
	case graph.Conv2D, graph.Conv2DTranspose, graph.Dense:
		if isModule(from.Name) {
			return code + initializerCode(name, from.Layer, to.Layer)
		}
	}
	switch {
	case module != "" && isModule(from.Name):
		return code + fmt.Sprintf("model.set_submodule(%s, %s)\n", name, module)
	case module != "":
		return code + fmt.Sprintf("# in forward, %s: %s\n", from.Name, module)
	}
	return code + fmt.Sprintf("# %s (%s) has other settings: see report.html\n", from.Name, from.Layer.Class())
}

// activationCode is the module of an activation; empty for other layers.
func activationCode(l graph.Layer) string {
	switch l := l.(type) {
	case graph.LeakyRectifier:
		return fmt.Sprintf("torch.nn.LeakyReLU(%.6g)", l.NegativeSlope)
	case graph.Activate:
		switch l.Function {
		case graph.LeakyReLU:
			return "torch.nn.LeakyReLU(0.2)"
		case graph.Linear:
			return "torch.nn.Identity()"
		}
		if class, ok := map[graph.Activation]string{
			graph.ReLU: "ReLU", graph.Sigmoid: "Sigmoid", graph.Tanh: "Tanh", graph.ELU: "ELU", graph.SELU: "SELU", graph.ReLU6: "ReLU6",
		}[l.Function]; ok {
			return "torch.nn." + class + "()"
		}
	}
	return ""
}

// initializerCode draws the weights of a module anew, where its initializers differ.
func initializerCode(name string, from, to graph.Layer) string {
	code := ""
	for _, v := range []struct{ variable, argument string }{{"kernel", "weight"}, {"bias", "bias"}} {
		old, now := edit.InitializerOf(from, v.variable), edit.InitializerOf(to, v.variable)
		if now == nil || fmt.Sprint(old) == fmt.Sprint(now) {
			continue
		}
		at := fmt.Sprintf("model.get_submodule(%s).%s", name, v.argument)
		switch i := now.(type) {
		case graph.Zeros:
			code += fmt.Sprintf("torch.nn.init.zeros_(%s)\n", at)
		case graph.Constant:
			code += fmt.Sprintf("torch.nn.init.constant_(%s, %.6g)\n", at, i.Value)
		case graph.VarianceScaling:
			how := "xavier"
			if i.Scale == 2 {
				how = "kaiming"
			}
			distribution := "normal"
			if i.Distribution == graph.Uniform {
				distribution = "uniform"
			}
			code += fmt.Sprintf("torch.nn.init.%s_%s_(%s)\n", how, distribution, at)
		default:
			code += fmt.Sprintf("# %s: %v\n", at, now)
		}
	}
	if code == "" {
		return fmt.Sprintf("# %s has other settings: see report.html\n", name)
	}
	return code
}

// usualAdam is the optimizer that works for most models, in the framework of another.
func usualAdam(o training.Optimizer) training.Optimizer {
	if saved.FrameworkOf(o) == saved.PyTorch {
		return training.TorchAdam{}
	}
	return training.Adam{}
}

// crossEntropy is that of the framework of an optimizer.
func crossEntropy(o training.Optimizer) graph.Loss {
	if saved.FrameworkOf(o) == saved.PyTorch {
		return graph.Loss{Function: graph.BCELoss}
	}
	return graph.Loss{Function: graph.BinaryCrossentropy}
}

// priorRestore gives the term of a variational autoencoder's loss that does not depend on the reconstruction its usual weight.
func priorRestore(s setup) (change, bool) {
	if s.loss.Function != graph.Given {
		return change{}, false
	}
	term, values := edit.FullPrior(s.model)
	return change{
		cause: Loss, kind: Restore, departure: 3,
		what:  fmt.Sprintf("term %s of the loss divided by %d, as where the error is summed over an image's values, not their mean", term, values),
		apply: edited(edit.WeighPrior),
	}, term != ""
}
