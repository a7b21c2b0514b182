package saved

import (
	"fmt"
	"strings"

	"dcae/graph"
	"dcae/models/torch"
	"dcae/training"
	"dcae/training/settings"
)

// torchOptimizerCode is the Python expression that makes an optimizer in PyTorch for a module named model. Parameter groups go by the names that the
// program gives the variables; without a program there are none.
func torchOptimizerCode(o training.Optimizer, m *torch.Module) string {
	all := training.Settings(o)
	var given []settings.Setting
	for i, s := range all {
		switch {
		case i == 0:
			s.Name = "lr"
		case s.IsDefault || strings.HasPrefix(s.Name, "clip") || s.Name == "global_clipnorm":
			continue // clipping is a call of its own
		case s.Value == nil:
			s.Value = 0.0
		}
		given = append(given, s)
	}
	params := "model.parameters()"
	if groups := training.Shared(o).Groups; len(groups) > 0 && m != nil {
		params = groupsCode(groups, training.LearningRate(o), m)
	}
	return "torch.optim." + rowOf(o).class + "(" + params + ", " + arguments(given)[1:]
}

// groupsCode are parameter groups, the last one of all parameters that are in no other.
func groupsCode(groups []training.Group, rate float64, m *torch.Module) string {
	var parts, named []string
	for _, g := range groups {
		var names []string
		for _, v := range g.Variables {
			if s := m.StoredAs(v); s != nil {
				names = append(names, Python(s.Name))
			}
		}
		named = append(named, names...)
		parts = append(parts, fmt.Sprintf(`{"params": [p for n, p in model.named_parameters() if n in {%s}], "lr": %s, "weight_decay": %s}`,
			strings.Join(names, ", "), Python(rate*g.Rate), Python(g.WeightDecay)))
	}
	parts = append(parts, fmt.Sprintf(`{"params": [p for n, p in model.named_parameters() if n not in {%s}]}`, strings.Join(named, ", ")))
	return "[" + strings.Join(parts, ", ") + "]"
}

// clippingCode are the lines that stand between backward and step where gradients are clipped; none if they are not.
func clippingCode(o training.Optimizer) string {
	switch b := training.Shared(o); {
	case b.GlobalClipNorm > training.Zero:
		return fmt.Sprintf("# between loss.backward() and optimizer.step():\n# torch.nn.utils.clip_grad_norm_(model.parameters(), %s)\n", Python(b.GlobalClipNorm))
	case b.ClipNorm > training.Zero:
		return fmt.Sprintf("# between loss.backward() and optimizer.step():\n# for p in model.parameters(): torch.nn.utils.clip_grad_norm_(p, %s)\n", Python(b.ClipNorm))
	case b.ClipValue > training.Zero:
		return fmt.Sprintf("# between loss.backward() and optimizer.step():\n# torch.nn.utils.clip_grad_value_(model.parameters(), %s)\n", Python(b.ClipValue))
	}
	return ""
}

// torchLossCode is the Python expression for a loss in PyTorch; empty for one that PyTorch has not, or that the program computes.
func torchLossCode(l graph.Loss) string {
	if l.Function == graph.Given {
		return ""
	}
	row, all := lossSettings(l, PyTorch)
	if row.of != PyTorch {
		return ""
	}
	all = changed(all)
	for i, s := range all {
		switch {
		case s.Name == "sum":
			all[i].Name, all[i].Value = "reduction", "sum"
		case s.Name == "delta" && row.name == graph.SmoothL1Loss:
			all[i].Name = "beta"
		}
	}
	return "torch.nn." + row.class + arguments(all)
}

// TorchTrainingCode is Python code that makes the optimizer and the loss of a module named model.
func TorchTrainingCode(o training.Optimizer, l graph.Loss, m *torch.Module) string {
	code := "optimizer = " + torchOptimizerCode(o, m) + "\n"
	if loss := torchLossCode(l); loss != "" {
		code += "loss_function = " + loss + "\n"
	}
	return code + clippingCode(o)
}
