package diagnosis

import (
	"fmt"
	"math"
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
		b.WriteString(moduleCode(from.model, to.model, from.batch, m))
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

// torchCodeAnew is code for a program whose settings are good, and whose weights are not.
func torchCodeAnew(s setup, m *torch.Module) string {
	return `import torch

for module in model.modules():  # with weights drawn anew
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()
` + saved.TorchTrainingCode(s.optimizer, s.loss, m)
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
	term, times := edit.FullPrior(s.model, s.batch)
	return change{
		cause: Loss, kind: Restore, departure: math.Log10(times),
		what: fmt.Sprintf("term %s of the loss divided by %.6g, as where the error is summed over an image's values, and the term over the code's", termName(term), times),
		apply: func(s setup) (setup, bool, error) {
			return edited(func(m *graph.Model) (*graph.Model, []string, error) { return edit.WeighPrior(m, s.batch) })(s)
		},
	}, term != ""
}
