package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
	"dcae/experiments/saved"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/names"
)

// trainFlags are the flags of dcae train.
type trainFlags struct {
	data dataFlags
	trainedBy
	epochs, batch   int
	seed            uint64
	out             string
	force, resume   bool
	checkpointEvery int
	threads         int
	kernels         kernels
	quiet, json     bool
	tensor          bool
}

func trainCommand() *cobra.Command {
	f := &trainFlags{}
	c := &cobra.Command{
		Use:   "train MODEL",
		Short: "Train one model on any images",
		Long: "Trains a variant (" + strings.Join(saved.VariantNames(), ", ") + ") from values that the seed gives, or a model that Keras saved (.keras, .h5, .hdf5) or\n" +
			"PyTorch exported (.pt2) from those in the file. Leaves the records and pictures of a run, and model.keras (after the best held-out\n" +
			"epoch) and last.keras; for PyTorch model.safetensors, last.safetensors and the program itself.",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error { return train(c, args[0], f) },
	}
	flags := c.Flags()
	f.data.add(flags)
	flags.IntVar(&f.epochs, "epochs", 10, "epochs")
	flags.IntVar(&f.batch, "batch", 32, "images in a step")
	f.add(c)
	flags.Uint64Var(&f.seed, "seed", 1, "random seed: of a variant's first values, and of the images' order")
	flags.StringVar(&f.out, "out", "", "folder for records, pictures and models (default: results/train-MODEL)")
	flags.BoolVar(&f.force, "force", false, "replace the study that lies in the folder")
	flags.BoolVar(&f.resume, "resume", false, "go on from the folder's last checkpoint; all else as in the first call")
	flags.IntVar(&f.checkpointEvery, "checkpoint-every", 200, "steps between checkpoints")
	flags.IntVar(&f.threads, "threads", runtime.NumCPU(), "processors to use; results do not depend on it")
	f.kernels.add(flags, "the machine's best; with --resume those of the run")
	flags.BoolVar(&f.tensor, "tensorboard", false, "write TensorBoard's event files, too, under tensorboard/ in the folder")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress, only the table")
	flags.BoolVar(&f.json, "json", false, "one JSON object a line instead of progress and table")
	return c
}

func train(c *cobra.Command, name string, f *trainFlags) error {
	if err := firstError(inRange("epochs", f.epochs, 1, unlimited), inRange("batch", f.batch, 1, unlimited), inRange("threads", f.threads, 1, mostThreads), inRange("checkpoint-every", f.checkpointEvery, 1, unlimited)); err != nil {
		return err
	}
	if f.quiet && f.json {
		return usageError{errors.New("--quiet and --json exclude each other")}
	}
	if f.force && f.resume {
		return usageError{errors.New("--force and --resume exclude each other")}
	}
	arm := experiments.Arm{Name: names.File(saved.NameOf(name))}
	if f.out == "" {
		f.out = filepath.Join("results", "train-"+arm.Name)
	}
	folder := ""
	if f.resume {
		folder = f.out
	}
	if err := f.kernels.choose(folder); err != nil {
		return err
	}
	set, err := f.data.openFor(c, name)
	if err != nil {
		return err
	}
	model, err := openModel(name, set)
	if err != nil {
		return err
	}
	if set, err = f.data.fit(c, model.Model, set); err != nil {
		return err
	}
	if err := f.change(c, model); err != nil {
		return usageError{err}
	}
	if f.batch, err = fitBatch(c, model, f.batch, set.Train.Len()); err != nil {
		return err
	}
	for _, warning := range model.Warnings {
		warn(c, name, warning)
	}
	arm.Model, arm.Optimizer, arm.Loss = model.Model, model.Optimizer, model.Loss
	savesWhenInterrupted(c)
	progress := chooseProgress(c, f.quiet, f.json)
	data := f.data.Absolute()
	start := time.Now()
	res, fitted, err := experiments.Train(c.Context(), arm, set, experiments.TrainOptions{
		Options: experiments.Options{Dir: f.out, Threads: f.threads, Force: f.force, Resume: f.resume, Notice: notice(c), TensorBoard: f.tensor, Invocation: invocation(start, &data, experiments.PathsFrom{})},
		Seed:    f.seed, Epochs: f.epochs, Batch: f.batch, CheckpointEvery: f.checkpointEvery, Params: model.Params, State: model.State,
		Save: func(fitted *training.Result) error { return experiments.SaveTrained(f.out, model, fitted) },
	}, progress)
	progress.end()
	if errors.Is(err, context.Canceled) {
		return errors.Errorf("interrupted after %d steps; the same call with --resume continues", fitted.Steps)
	}
	if err != nil {
		return err
	}
	results := []*experiments.Result{res}
	undrawn := experiments.Draw(c.Context(), f.out, results, notice(c))
	if !f.json {
		if err := experiments.WriteTable(c.OutOrStdout(), f.out, results); err != nil {
			return err
		}
	}
	if undrawn != nil {
		return undrawn
	}
	if !f.json {
		fmt.Fprintf(c.OutOrStdout(), "\n%s, records and pictures are in %s; it took %s.\n", strings.Join(experiments.TrainedFiles(model), ", "), f.out, time.Since(start).Round(time.Second))
	}
	return nil
}

// openModel reads a .keras file, or takes a variant, whose Params stay nil.
func openModel(name string, set *dataset.Set) (*saved.Model, error) {
	m, err := saved.Open(name, set)
	if err != nil && !saved.IsFile(name) {
		err = usageError{err}
	}
	return m, err
}
