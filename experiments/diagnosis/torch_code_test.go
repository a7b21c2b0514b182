package diagnosis

import (
	"os"
	"strings"
	"testing"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
)

// TestTorchCode names modules by their paths and calls by their lines.
func TestTorchCode(t *testing.T) {
	m, err := saved.LoadTorch("../../models/torch/testdata/tied.pt2")
	if err != nil {
		t.Fatal(err)
	}
	from := setup{model: m.Model, optimizer: m.Optimizer, loss: m.Loss, batch: 32}
	to := from
	to.optimizer, to.batch = training.WithLearningRate(m.Optimizer, 0.01), 16
	if to.model, _, err = edit.HiddenActivations(m.Model, func(graph.Activation) bool { return true }, graph.LeakyReLU); err != nil {
		t.Fatal(err)
	}
	code := torchCode(from, to, m.Torch)
	for _, want := range []string{"import torch\n", "(zoo.py:", "torch.nn.functional.leaky_relu(x, 0.2) in its place", "optimizer = torch.optim.", "lr=0.01", "batch_size=16"} {
		if !strings.Contains(code, want) {
			t.Errorf("there is no %s in\n%s", want, code)
		}
	}
	if strings.Contains(code, "keras") {
		t.Errorf("it speaks of Keras:\n%s", code)
	}
	modules := graph.Sequential("m", graph.Shape{8, 8, 1}, graph.Conv2D{Filters: 2, Kernel: graph.Square(3), Padding: graph.Same}, graph.Activate{Function: graph.Sigmoid}, graph.Dropout{Rate: 0.5}, graph.BatchNormalization{Momentum: 0.99})
	names := []string{"enc.0", "enc.1", "enc.2", "enc.3"}
	for i := range modules.Nodes {
		modules.Nodes[i].Name = names[i]
	}
	other, _, err := edit.RemoveDropout(modules)
	if err != nil {
		t.Fatal(err)
	}
	if other, _, err = edit.NormalizationMomentum(other, 0.9); err != nil {
		t.Fatal(err)
	}
	if other, _, err = edit.ResetKernels(other); err != nil {
		t.Fatal(err)
	}
	got := moduleCode(modules, other, 32, nil)
	for _, want := range []string{"model.set_submodule(\"enc.2\", torch.nn.Identity())\n", "model.get_submodule(\"enc.3\").momentum = 0.1\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
}

// TestTorchCodeOfAVariationalAutoencoder tells which term of the loss is weighed.
func TestTorchCodeOfAVariationalAutoencoder(t *testing.T) {
	const path = "../../../shared/reports/torch_vae.pt2"
	if _, err := os.Stat(path); err != nil {
		t.Skip("needs a report: ", err)
	}
	m, err := saved.LoadTorch(path)
	if err != nil {
		t.Fatal(err)
	}
	from := setup{model: m.Model, optimizer: m.Optimizer, loss: m.Loss, batch: 32}
	c, ok := priorRestore(from)
	if !ok {
		t.Fatal("the full prior is not seen")
	}
	to, ok, err := c.apply(from)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	want := "import torch\n\n# in forward: the term mul_2 of the loss, which does not depend on the reconstruction, divided by 3072:\n# loss = reconstruction_error + kl / 3072\n" +
		"optimizer = torch.optim.Adam(model.parameters(), lr=0.002)\n"
	if code := torchCode(from, to, m.Torch); code != want {
		t.Errorf("code\n%s", code)
	}
	sigmoid := from // the file does not say in which line it is called: nothing may be set in its name
	if sigmoid.model, _, err = edit.OutputActivation(from.model, graph.Linear); err != nil {
		t.Fatal(err)
	}
	if code := torchCode(from, sigmoid, m.Torch); strings.Contains(code, "submodule") || !strings.Contains(code, "# in forward, sigmoid: ") {
		t.Errorf("code\n%s", code)
	}
	params, err := to.model.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Torch.ChangedStateDict(params); err != nil {
		t.Error(err)
	}
}
