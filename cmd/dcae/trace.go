package main

import (
	"runtime"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training/dataset/npz"
	"dcae/training/files"
)

func traceCommand() *cobra.Command {
	var data, out string
	var steps, threads int
	var kernels kernels
	var by trainedBy
	c := &cobra.Command{
		Use:   "trace MODEL",
		Short: "Write what a model does with one batch, for comparison with Keras or PyTorch",
		Long: "Trains a model for some steps on one batch and writes everything on the way, in float32 and in Keras' shapes, or PyTorch's, where\n" +
			"LAYER/VAR is the name in state_dict, act and actgrad are left out, and moving are the buffers:\n\n" +
			"  x, target             the batch\n" +
			"  y                     output in evaluation\n" +
			"  y_train, loss         output in training (batch statistics), and its loss\n" +
			"  param/LAYER/VAR       trainable weights at the start\n" +
			"  grad/LAYER/VAR        gradient of the loss by them\n" +
			"  act/LAYER             output of a layer in that training pass; not for models with models in them\n" +
			"  actgrad/LAYER         gradient of the loss by it\n" +
			"  losses                the loss before each step\n" +
			"  final/LAYER/VAR       trainable weights after the steps\n" +
			"  moving/LAYER/VAR      non-trainable weights after them\n\n" +
			"The optimizer (the file's, that of --optimizer, or Adam) starts afresh. Regularizers take no part. Layers of one name go by their path, as in\n" +
			"encoder/conv2d. A model with dropout or noise layers is refused.",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case data == "":
				return usageError{errors.New("--data names no .npz file with x and target")}
			case out == "":
				return usageError{errors.New("--out names no .npz file to write")}
			case !strings.HasSuffix(out, ".npz"):
				return usageError{errors.Errorf("--out must name an .npz file to write, not %q", out)}
			}
			if err := firstError(inRange("steps", steps, 0, unlimited), inRange("threads", threads, 1, mostThreads)); err != nil {
				return err
			}
			if err := kernels.choose(""); err != nil {
				return err
			}
			isTrace := func() bool { return slices.Contains(npz.Names(out), "y_train") }
			if err := files.CheckOutput(out, isTrace, args[0], data); err != nil {
				return err
			}
			model, err := saved.Load(args[0])
			if err != nil {
				return err
			}
			if err := by.change(c, model); err != nil {
				return usageError{err}
			}
			for _, w := range model.Warnings {
				warn(c, args[0], w)
			}
			batch, err := saved.ReadBatch(data, model)
			if err != nil {
				return err
			}
			pool := graph.NewThreads(threads)
			defer pool.Close()
			arrays, err := model.Trace(batch, steps, pool)
			if err != nil {
				return err
			}
			return npz.Write(out, arrays)
		},
	}
	c.Flags().StringVar(&data, "data", "", "NPZ file with x and target (default: y if it is such, else x)")
	c.Flags().StringVar(&out, "out", "", "NPZ file to write")
	by.add(c)
	c.Flags().IntVar(&steps, "steps", 20, "optimizer steps")
	c.Flags().IntVar(&threads, "threads", runtime.NumCPU(), "threads; results do not depend on them")
	kernels.add(c.Flags(), "the machine's best")
	return c
}

// loadModel reads a model's file and prints what is odd about it.
func loadModel(c *cobra.Command, path string) (*saved.Model, error) {
	model, err := saved.Load(path)
	if err != nil {
		return nil, err
	}
	for _, w := range model.Warnings {
		warn(c, path, w)
	}
	return model, nil
}
