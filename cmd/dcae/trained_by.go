package main

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments/saved"
	"dcae/training"
)

// trainedBy are the flags that replace what a model's file says of how it is trained.
type trainedBy struct {
	rate            float64
	optimizer, loss string
}

func (f *trainedBy) add(c *cobra.Command) {
	flags := c.Flags()
	flags.Float64Var(&f.rate, "lr", 0, "learning rate (default: the model's)")
	flags.StringVar(&f.optimizer, "optimizer", "", strings.Join(saved.OptimizerNames(saved.Keras), ", ")+", with Keras' defaults; for a .pt2 file PyTorch's "+
		strings.Join(saved.OptimizerNames(saved.PyTorch), ", ")+" (default: the model's)")
	flags.StringVar(&f.loss, "loss", "", strings.Join(saved.LossNames(saved.Keras), ", ")+"; for a .pt2 file "+strings.Join(saved.LossNames(saved.PyTorch), ", ")+" (default: the model's)")
}

// change applies the flags to a model, and warns of what neither they nor the file say.
func (f *trainedBy) change(c *cobra.Command, m *saved.Model) error {
	changed := c.Flags().Changed
	if changed("optimizer") {
		o, err := saved.OptimizerByName(f.optimizer, m.Framework())
		if err != nil {
			return err
		}
		m.Optimizer, m.State, m.AssumedOptimizer = o, nil, false
	}
	if changed("lr") {
		if f.rate <= 0 {
			return errors.Errorf("--lr must be positive, not %g", f.rate)
		}
		m.Optimizer = training.WithLearningRate(m.Optimizer, f.rate)
		if m.State != nil {
			m.State.LearningRate = f.rate
		}
	}
	if changed("loss") {
		l, err := saved.LossByName(f.loss, m.Framework())
		if err != nil {
			return err
		}
		m.Loss, m.AssumedLoss = l, false
	}
	if assumed := m.Assumptions(); assumed != "" {
		m.Warnings = append(m.Warnings, assumed)
	}
	return nil
}

// fitBatch is how many images a step of the model has, where the user wants so many, or nothing is given and that is usual. It says what of that is not as
// one may expect, of an epoch of so many images. It fails if the model takes no such batch.
func fitBatch(c *cobra.Command, m *saved.Model, batch, images int) (int, error) {
	takes := m.Model.Batch
	if c.Flags().Changed("batch") {
		if err := takes.Check(batch); err != nil {
			return 0, usageError{errors.WithMessage(err, "--batch")}
		}
	}
	if fitting := takes.Fit(batch); fitting != batch {
		note(c, []string{fmt.Sprintf("The model takes batches of another size: a step has %d images, not %d.", fitting, batch)})
		batch = fitting
	}
	if rest := images % batch; rest > 0 && rest < takes.Least {
		note(c, []string{fmt.Sprintf("The last %d images of each epoch's order are left out: the model is for batches of at least %d.", rest, takes.Least)})
	}
	return batch, nil
}
