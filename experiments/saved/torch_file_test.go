package saved

import (
	"encoding/json"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models/torch"
	"dcae/training"
)

func TestTorchTraining(t *testing.T) {
	for _, c := range []struct {
		text, optimizer string
		loss            graph.Loss
		unsupported     string
	}{
		{`{}`, "", graph.Loss{}, ""},
		{`{"optimizer": {"class": "Adam"}}`, "torch.Adam(learning_rate=0.001, betas=(0.9, 0.999), eps=1e-08)", graph.Loss{}, ""},
		{`{"optimizer": {"class": "torch.optim.SGD", "groups": [{"lr": 0.1, "momentum": 0.9, "dampening": 0, "weight_decay": 0, "nesterov": true, "maximize": false, "foreach": null, "differentiable": false, "fused": null}]},
		   "loss": {"class": "nn.L1Loss", "reduction": "sum"}}`, "torch.SGD(learning_rate=0.1, momentum=0.9, nesterov=true)", graph.Loss{Function: graph.MeanAbsoluteError, Sum: true}, ""},
		{`{"optimizer": {"class": "Adam", "groups": [{"lr": 0.01, "betas": [0.5, 0.9], "decoupled_weight_decay": true, "weight_decay": 0.1}]}, "loss": {"class": "SmoothL1Loss", "beta": 0.5}}`,
			"torch.AdamW(learning_rate=0.01, betas=(0.5, 0.9), eps=1e-08, weight_decay=0.1)", graph.Loss{Function: graph.SmoothL1Loss, Delta: 0.5}, ""},
		{`{"loss": {"class": "SmoothL1Loss", "beta": 0}}`, "", graph.Loss{Function: graph.MeanAbsoluteError}, ""},
		{`{"loss": {"class": "Given"}}`, "", graph.Loss{Function: graph.Given}, ""},
		{`{"optimizer": {"class": "LBFGS", "groups": [{"lr": 1}]}, "loss": {"class": "CTCLoss"}}`, "", graph.Loss{}, "optimizer LBFGS: there is none here (there are SGD, Adam"},
		{`{"loss": {"class": "MSELoss", "reduction": "none"}}`, "", graph.Loss{}, "must be one number"},
		{`{"loss": {"class": "BCEWithLogitsLoss", "pos_weight": [2]}}`, "", graph.Loss{}, "pos_weight=[2]"},
		{`{"loss": {"class": "HuberLoss", "delta": -1}}`, "", graph.Loss{}, "must be positive"},
		{`{"optimizer": {"class": "Adam", "groups": [{"betas": [0.9]}]}}`, "", graph.Loss{}, "betas=[0.9]"},
		{`{"optimizer": {"class": "Adam", "groups": [{"maximize": true}]}}`, "", graph.Loss{}, "maximize=true"},
		{`{"optimizer": {"class": "Adam", "groups": [{"spin": 1}]}}`, "", graph.Loss{}, "spin"},
		{`{"optimizer": {"class": "Adam", "groups": [{"params": [0, 1]}]}}`, "", graph.Loss{}, "names of state_dict"},
		{`{"optimizer": {"class": "Adam", "groups": [{"lr": 1}, {"lr": 2}]}}`, "", graph.Loss{}, "has no params"},
		{`{"optimizer": {"class": "Adam", "groups": [{"params": ["a"]}, {"params": ["b"], "eps": 0.1}]}}`, "", graph.Loss{}, "differ in eps"},
	} {
		how, unsupported, err := parseTorchTraining(json.RawMessage(c.text))
		check(t, err)
		if c.unsupported != "" {
			if all := strings.Join(unsupported, "; "); !strings.Contains(all, c.unsupported) {
				t.Errorf("%s: unsupported is %q", c.text, all)
			}
			continue
		}
		optimizer := ""
		if how.optimizer != nil {
			optimizer = how.optimizer.String()
		}
		if len(unsupported) > 0 || optimizer != c.optimizer || how.loss != c.loss {
			t.Errorf("%s: %s and %+v, unsupported %v", c.text, optimizer, how.loss, unsupported)
		}
	}
	for _, damaged := range []string{`[]`, `{"optimizer": 3}`, `{"optimizer": {"class": "Adam", "groups": {}}}`, `{"loss": 1}`} {
		if _, _, err := parseTorchTraining(json.RawMessage(damaged)); err == nil {
			t.Errorf("%s is taken", damaged)
		}
	}
}

// TestParameterGroups gives a program's parameters other rates, and leaves some without steps.
func TestParameterGroups(t *testing.T) {
	m, err := LoadTorch("../../models/torch/testdata/tied.pt2")
	check(t, err)
	how, unsupported, err := parseTorchTraining(json.RawMessage(`{"optimizer": {"class": "SGD", "groups": [
		{"params": ["conv.weight"], "lr": 0.0}, {"params": ["conv.bias"], "lr": 0.1, "weight_decay": 0.5}]}}`))
	check(t, err)
	if len(unsupported) > 0 {
		t.Fatal(unsupported)
	}
	m.Optimizer = how.optimizer
	check(t, m.takeGroups(how.groups))
	groups := training.Shared(m.Optimizer).Groups
	if training.LearningRate(m.Optimizer) != 0.1 || training.Shared(m.Optimizer).WeightDecay != 0.5 || len(groups) != 1 || groups[0].Rate != 0 || groups[0].Variables[0] != "conv.weight/value" {
		t.Errorf("optimizer %v", m.Optimizer)
	}
	if n := len(m.Params.Trainable()); n != 2 {
		t.Errorf("%d variables are trained", n)
	}
	if w := m.Warnings[len(m.Warnings)-1]; !strings.Contains(w, "they get no step") {
		t.Errorf("warning %q", w)
	}
	code := torchOptimizerCode(m.Optimizer, m.Torch)
	want := `torch.optim.SGD([{"params": [p for n, p in model.named_parameters() if n in {"conv.weight"}], "lr": 0.0, "weight_decay": 0.0}, {"params": [p for n, p in model.named_parameters() if n not in {"conv.weight"}]}], lr=0.1, weight_decay=0.5)`
	if code != want {
		t.Errorf("code %s", code)
	}
}

// TestAssumptions says what the file does not, of optimizer and loss.
func TestAssumptions(t *testing.T) {
	for training, want := range map[string]string{
		``: "Adam with a learning rate of 0.001 and the mean squared error are taken",
		`{"optimizer": {"class": "SGD", "groups": [{"lr": 0.5}]}}`:     "the mean squared error is taken",
		`{"loss": {"class": "L1Loss"}}`:                                "Adam with a learning rate of 0.001 is taken",
		`{"optimizer": {"class": "SGD"}, "loss": {"class": "L1Loss"}}`: "",
	} {
		a, err := torch.Open("../../models/torch/testdata/tied.pt2")
		check(t, err)
		if a.Training = nil; training != "" {
			a.Training = json.RawMessage(training)
		}
		m, err := torchModel(a)
		check(t, err)
		got := m.Assumptions()
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: assumed %q, not %q", training, got, want)
		}
	}
}

func TestTorchCode(t *testing.T) {
	o := training.TorchAdamW{LearningRate: 0.002, Betas: [2]float64{0.5, 0.9}, Base: training.Base{WeightDecay: training.Zero, GlobalClipNorm: 1}}
	want := "optimizer = torch.optim.AdamW(model.parameters(), lr=0.002, betas=(0.5, 0.9), weight_decay=0.0)\nloss_function = torch.nn.HuberLoss(delta=2.0, reduction=\"sum\")\n" +
		"# between loss.backward() and optimizer.step():\n# torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n"
	if got := TorchTrainingCode(o, graph.Loss{Function: graph.Huber, Delta: 2, Sum: true}, nil); got != want {
		t.Errorf("code\n%s", got)
	}
}
