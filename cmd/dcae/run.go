package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
	"dcae/experiments/outcome"
)

// runFlags are the flags of dcae run.
type runFlags struct {
	data                             dataFlags
	seeds, out, task                 string
	arms                             []string
	epochs, images, batch            int
	threads                          int
	kernels                          kernels
	full, force, quiet, json, tensor bool
}

func runCommand() *cobra.Command {
	f := &runFlags{}
	c := &cobra.Command{
		Use:   "run [STUDY]",
		Short: "Train a study's arms side by side, and report",
		Long: "Trains every arm of a study with every seed, prints how each run ended, and leaves records and a report in a folder. A study that\n" +
			"was cut off in that folder goes on where it stopped. STUDY is a .yaml file or one of\n" + strings.Join(experiments.BuiltinStudies(), ", ") + " (see dcae list);\n" +
			"or theory, which holds what theory predicts against what is measured, and has no arms.",
		Args: arguments(0),
		RunE: func(c *cobra.Command, args []string) error {
			name := "failure-modes"
			if len(args) == 1 {
				name = args[0]
			}
			if name == theoryStudy {
				return runTheory(c, f)
			}
			return runStudy(c, name, f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.seeds, "seeds", "", "random seeds, as 1-5 or 1,3,7-9 (default: the study's)")
	flags.IntVar(&f.epochs, "epochs", 0, "epochs of every arm (default: the study's)")
	flags.IntVar(&f.images, "images", 0, "train on the first so many training images (default: the study's)")
	flags.IntVar(&f.batch, "batch", 0, "images in a step (default: the study's)")
	flags.StringSliceVar(&f.arms, "arms", nil, "run only these arms, as sigmoid,improved")
	flags.StringVar(&f.data.Source, "data", "", "images: mnist, pneumonia, a .npz, .npy, .csv or IDX file, or a folder of PNG or JPEG files (default: the study's)")
	f.data.addTreatment(flags)
	flags.BoolVar(&f.full, "full", false, "each arm's full published length on all images: hours")
	flags.StringVar(&f.out, "out", "", "folder for records and pictures (default: results/STUDY)")
	flags.BoolVar(&f.force, "force", false, "replace the study that lies in the folder")
	flags.StringVar(&f.task, "task", "", "do the K-th of N parts alone, as 3/16 (default: SLURM_ARRAY_TASK_ID and ..._COUNT, or JOB_COMPLETION_INDEX and DCAE_TASKS, where set); dcae merge joins them")
	flags.IntVar(&f.threads, "threads", runtime.NumCPU(), "processors to use; results do not depend on it")
	f.kernels.add(flags, "those of the study in the folder, else the machine's best")
	flags.BoolVar(&f.tensor, "tensorboard", false, "write TensorBoard's event files, too, under tensorboard/ in the folder")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress, only the table")
	flags.BoolVar(&f.json, "json", false, "one JSON object a line instead of progress and table")
	return c
}

func runStudy(c *cobra.Command, name string, f *runFlags) error {
	plan, err := choosePlan(c, name, f)
	if err != nil {
		return usageError{err}
	}
	task, err := chooseTask(f.task)
	if err != nil {
		return err
	}
	if f.out == "" {
		f.out = "results/" + plan.Name
	}
	folder := f.out
	if f.force {
		folder = "" // what lies there is replaced
	}
	if err := f.kernels.choose(folder); err != nil {
		return err
	}
	out := c.OutOrStdout()
	progress := chooseProgress(c, f.quiet, f.json)
	start := time.Now()
	study, err := plan.Open()
	if err != nil {
		return err
	}
	savesWhenInterrupted(c)
	results, err := experiments.Run(c.Context(), study, experiments.Options{
		Dir: f.out, Threads: f.threads, Task: task, Force: f.force, Invocation: invocation(start, nil, plan.PathsFrom()), TensorBoard: f.tensor, Notice: notice(c),
	}, progress)
	progress.end()
	interrupted := errors.Is(err, context.Canceled)
	if err != nil && !interrupted {
		return err
	}
	var undrawn error
	if task.N <= 1 { // dcae merge draws the whole study
		undrawn = drawInTime(c, f.out, results)
	}
	if !f.json && len(results) > 0 {
		if err := experiments.WriteTable(out, f.out, results); err != nil {
			return err
		}
	}
	if undrawn != nil {
		return undrawn
	}
	if interrupted {
		return errors.Errorf("interrupted: %d of %d runs had finished, and lie in %s; the same call goes on", len(results), plan.Runs(), f.out)
	}
	if task.N > 1 {
		if !f.json {
			fmt.Fprintf(out, "\nThe records of task %s are in %s; when all tasks have ended, dcae merge makes the study of them.\n", task, f.out)
		}
		return nil
	}
	if !f.json {
		fmt.Fprintf(out, "\nRecords and pictures are in %s (begin with report.html); it took %s.\n", f.out, time.Since(start).Round(time.Second))
	}
	return nil
}

// drawInTime draws a study. One that was interrupted is drawn if that takes no longer than a second; dcae plot draws it at any time.
func drawInTime(c *cobra.Command, dir string, results []*experiments.Result) error {
	if c.Context().Err() == nil {
		return experiments.Draw(c.Context(), dir, results, notice(c))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), time.Second)
	defer cancel()
	err := experiments.Draw(ctx, dir, results, nil)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// choosePlan applies the flags to a study.
func choosePlan(c *cobra.Command, name string, f *runFlags) (*experiments.Plan, error) {
	plan, err := experiments.LookupPlan(name)
	if err != nil {
		return nil, err
	}
	changed := c.Flags().Changed
	if changed("arms") {
		if err := plan.Only(f.arms); err != nil {
			return nil, err
		}
	}
	if changed("seeds") {
		if err := plan.SetSeeds(f.seeds); err != nil {
			return nil, err
		}
	}
	if changed("data") {
		plan.SetSource(f.data.Source)
	}
	if changed("target") {
		plan.SetTarget(f.data.Target)
	}
	for _, n := range []struct {
		flag, value string
		to          *string
	}{{"scale", f.data.Scale, &plan.Data.Scale}, {"resize", f.data.Resize, &plan.Data.Resize}, {"holdout", f.data.Holdout, &plan.Data.Holdout}} {
		if changed(n.flag) {
			*n.to = n.value
		}
	}
	if _, err := plan.Data.Options(); err != nil {
		return nil, errors.Errorf("--%v", err)
	}
	for _, n := range []struct {
		flag  string
		value int
		to    *int
	}{{"epochs", f.epochs, &plan.Budget.Epochs}, {"images", f.images, &plan.Budget.Images}, {"batch", f.batch, &plan.Budget.Batch}} {
		if !changed(n.flag) {
			continue
		}
		if err := inRange(n.flag, n.value, 1, unlimited); err != nil {
			return nil, err
		}
		*n.to = n.value
	}
	if err := inRange("threads", f.threads, 1, mostThreads); err != nil {
		return nil, err
	}
	if f.full && (changed("epochs") || changed("images")) {
		return nil, errors.New("--full sets epochs and images; leave out --epochs and --images")
	}
	if f.quiet && f.json {
		return nil, errors.New("--quiet and --json exclude each other")
	}
	plan.Budget.Full, plan.Budget.Exactly = f.full, changed("images")
	return plan, nil
}

// invocation is what invocation.json holds: it differs from time to time and from machine to machine. data is where the images came from, if
// study.json does not say so, and from is where relative paths in study.json start.
func invocation(start time.Time, data *experiments.DataPlan, from experiments.PathsFrom) any {
	host, _ := os.Hostname()
	dir, _ := os.Getwd()
	return struct {
		Version   string    `json:"version"`
		Command   []string  `json:"command"`
		Folder    string    `json:"working_directory"`
		Host      string    `json:"host"`
		System    string    `json:"system"`
		CPUs      int       `json:"processors"`
		Go        string    `json:"go"`
		StartedAt time.Time `json:"started_at"`

		Data *experiments.DataPlan `json:"data,omitempty"`
		From experiments.PathsFrom `json:"paths_from,omitzero"`
	}{outcome.Version(), os.Args, dir, host, runtime.GOOS + "/" + runtime.GOARCH, runtime.NumCPU(), runtime.Version(), start, data, from}
}
