package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
	"dcae/experiments/diagnosis"
	"dcae/experiments/saved"
	"dcae/training/dataset"
	"dcae/training/names"
)

// diagnoseFlags are the flags of dcae diagnose.
type diagnoseFlags struct {
	data dataFlags
	trainedBy
	seconds     float64
	batch       int
	seeds       int
	threads     int
	kernels     kernels
	out         string
	patient     bool
	quiet, json bool
	progress    bool
	records     bool
}

func diagnoseCommand() *cobra.Command {
	f := &diagnoseFlags{}
	c := &cobra.Command{
		Use:   "diagnose MODEL",
		Short: "Find out why a model does not learn, and repair it",
		Long: "Names the cause by intervention: changes one thing about a model, trains it briefly, and looks whether it learns now. MODEL is a\n" +
			"file of Keras (.keras, .h5, .hdf5) or PyTorch (.pt2), a variant (" + strings.Join(saved.VariantNames(), ", ") + "), or the folder of a finished dcae train, whose images are\n" +
			"those that it was trained on unless --data names others. Leaves the answer as report.html and diagnosis.json, and the\n" +
			"repaired model, trained, as fixed.keras, or its state_dict as fixed.safetensors. Where an earlier answer is whole and this one was\n" +
			"interrupted, the earlier one stays, and this one is in the folder interrupted beside it.",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error { return diagnose(c, args[0], f) },
	}
	flags := c.Flags()
	f.data.add(flags)
	f.add(c)
	flags.Float64Var(&f.seconds, "seconds", 60, "how long it may take: what is done in it is planned for two processors, and the clock cuts the rest")
	flags.BoolVar(&f.patient, "patient", false, "let the clock cut nothing: on a busy or slow machine the answer is the one of an idle machine")
	flags.IntVar(&f.batch, "batch", 32, "images in a step")
	flags.IntVar(&f.seeds, "seeds", 6, "fresh random seeds that confirm a repair, at least 6")
	flags.IntVar(&f.threads, "threads", runtime.NumCPU(), "processors to use; the answer does not depend on it")
	f.kernels.add(flags, "the machine's best")
	flags.StringVar(&f.out, "out", "", "folder for the answer and the repaired model (default: results/diagnose-MODEL)")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress, only the answer")
	flags.BoolVar(&f.json, "json", false, "the answer as JSON, and no progress")
	flags.BoolVar(&f.progress, "progress", false, "with --json: what is being done, too, as one JSON object a line on standard error")
	flags.BoolVar(&f.records, "records", false, "MODEL is a folder of records, of a run or of a recorder in Python: tell the symptoms that they show, and no cause")
	return c
}

// tellSymptoms prints what records alone show.
func tellSymptoms(c *cobra.Command, dir string, asJSON bool) error {
	r, err := experiments.Symptoms(dir)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(c.OutOrStdout(), r)
	}
	_, err = r.WriteTo(c.OutOrStdout())
	return err
}

func diagnose(c *cobra.Command, name string, f *diagnoseFlags) error {
	if f.records {
		return tellSymptoms(c, name, f.json)
	}
	start := time.Now()
	if err := firstError(inRange("seconds", f.seconds, 1, mostSeconds), inRange("batch", f.batch, 1, unlimited), inRange("seeds", f.seeds, 6, 1000), inRange("threads", f.threads, 1, mostThreads)); err != nil {
		return err
	}
	if f.progress && !f.json {
		return usageError{errors.New("--progress goes with --json; progress in words is shown anyway")}
	}
	if err := f.kernels.choose(""); err != nil {
		return err
	}
	name = filepath.Clean(name)
	file := experiments.ModelFile(name)
	set, err := f.images(c, name)
	if err != nil {
		return err
	}
	model, err := openModel(file, set)
	if err != nil {
		return err
	}
	if set, err = f.data.fit(c, model.Model, set); err != nil {
		return err
	}
	if err := f.change(c, model); err != nil {
		return usageError{err}
	}
	if f.batch, err = fitBatch(c, model, f.batch, 0); err != nil {
		return err
	}
	for _, warning := range model.Warnings {
		warn(c, name, warning)
	}
	subject := diagnosis.Subject{
		Name:  saved.NameOf(name),
		Model: model.Model, Params: model.Params, Optimizer: model.Optimizer, Loss: model.Loss, Images: set,
		Torch: model.Torch, Assumed: model.AssumedOptimizer || model.AssumedLoss, Metrics: model.Metrics,
	}
	if f.out == "" {
		f.out = filepath.Join("results", "diagnose-"+names.File(subject.Name))
	}
	leave, err := diagnosis.Claim(f.out, file, f.data.Source, f.data.Target) // before the work, not after it
	if err != nil {
		return err
	}
	defer leave()
	options := diagnosis.Options{Seconds: f.seconds, Batch: f.batch, Seeds: f.seeds, Threads: f.threads, Start: start}
	if f.patient {
		options.Guard = math.MaxInt64
	}
	switch {
	case f.progress:
		options.Progress = newEvents(c.ErrOrStderr()).said
	case !f.quiet && !f.json:
		options.Progress = func(line string) { fmt.Fprintln(c.ErrOrStderr(), names.Line(line)) }
	}
	savesWhenInterrupted(c)
	limitMemory(diagnosis.WorkingMemory)
	e, err := diagnosis.Diagnose(c.Context(), subject, options)
	if err != nil {
		return err
	}
	return f.answer(c, e)
}

// answer saves an answer and prints it. One that cannot be saved is printed all the same.
func (f *diagnoseFlags) answer(c *cobra.Command, e *diagnosis.Examination) error {
	dir, leave, failed := e.Place(f.out)
	var warnings []string
	if failed == nil {
		defer leave()
		warnings, failed = e.Save(dir)
	}
	if failed != nil {
		dir = ""
	}
	for _, w := range warnings {
		fmt.Fprintln(c.ErrOrStderr(), "warning:", names.Line(w))
	}
	var err error
	if f.json {
		err = writeJSON(c.OutOrStdout(), e.Diagnosis)
	} else {
		_, err = io.WriteString(c.OutOrStdout(), e.Text(dir))
	}
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return errors.Wrap(err, "printing the answer")
	case e.Interrupted && dir != f.out:
		return errors.Errorf("interrupted; the answer above is what was certain until then. It is in %s: %s keeps the earlier answer, which is whole", dir, f.out)
	case e.Interrupted:
		return errors.New("interrupted; the answer above is what was certain until then")
	}
	return nil
}

// images are those that --data names, or, without it, those that the run was trained on in whose folder the model is.
func (f *diagnoseFlags) images(c *cobra.Command, name string) (*dataset.Set, error) {
	trained, from, ok, err := experiments.RunImages(name)
	if err != nil {
		return nil, err
	}
	if !ok || c.Flags().Changed("data") {
		return f.data.openFor(c, experiments.ModelFile(name))
	}
	for flag, value := range map[string]struct{ given, trained *string }{
		"scale": {&f.data.Scale, &from.Scale}, "resize": {&f.data.Resize, &from.Resize}, "holdout": {&f.data.Holdout, &from.Holdout}, "target": {&f.data.Target, &from.Target},
	} {
		if !c.Flags().Changed(flag) {
			*value.given = *value.trained
		}
	}
	f.data.Source, f.data.images, f.data.ChannelsFirst = from.Source, trained.Train, from.ChannelsFirst
	set, err := f.data.open(c)
	if err != nil {
		return nil, errors.WithMessagef(err, "the images that %s was trained on cannot be opened; give --data", name)
	}
	if set.Checksum != trained.Checksum {
		return nil, usageError{errors.Errorf("%s was trained on other images than data %s now gives; give --data, and --scale, --resize and --holdout as for its training", name, trained.Name)}
	}
	return set, nil
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return errors.Wrap(encoder.Encode(v), "printing the answer")
}
