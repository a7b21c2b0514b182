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
)

// runFlags are the flags of dcae run.
type runFlags struct {
	seeds, out            string
	arms                  []string
	epochs, images, batch int
	threads               int
	full, force           bool
	quiet, json           bool
}

func runCommand() *cobra.Command {
	f := &runFlags{}
	c := &cobra.Command{
		Use:   "run [STUDY]",
		Short: "Train a study's arms side by side, and report",
		Long:  "Trains every arm of a study with every seed, prints how each run ended, and leaves records and pictures in a folder.\nSTUDY is " + studyNames() + ".",
		Args:  arguments(0),
		RunE: func(c *cobra.Command, args []string) error {
			name := "failure-modes"
			if len(args) == 1 {
				name = args[0]
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
	flags.BoolVar(&f.full, "full", false, "each arm's full published length on all images: hours")
	flags.StringVar(&f.out, "out", "", "folder for records and pictures (default: results/STUDY)")
	flags.BoolVar(&f.force, "force", false, "replace the study that lies in the folder")
	flags.IntVar(&f.threads, "threads", runtime.NumCPU(), "processors to use; results do not depend on it")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress, only the table")
	flags.BoolVar(&f.json, "json", false, "one JSON object a line instead of progress and table")
	return c
}

func studyNames() string {
	var names []string
	for _, s := range experiments.Builtin() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

func runStudy(c *cobra.Command, name string, f *runFlags) error {
	study, err := chooseStudy(c, name, f)
	if err != nil {
		return usageError{err}
	}
	if f.out == "" {
		f.out = "results/" + study.Name
	}
	if err := experiments.PrepareFolder(f.out, f.force); err != nil {
		return err
	}
	out := c.OutOrStdout()
	progress := chooseProgress(c, f.quiet, f.json)
	start := time.Now()
	results, err := experiments.Run(c.Context(), study, experiments.Options{Dir: f.out, Threads: f.threads, Invocation: invocation(start)}, progress)
	progress.end()
	interrupted := errors.Is(err, context.Canceled)
	if err != nil && !interrupted {
		return err
	}
	if !f.json && len(results) > 0 {
		if err := experiments.WriteTable(out, results); err != nil {
			return err
		}
	}
	if err := experiments.Draw(f.out, results); err != nil {
		return err
	}
	if interrupted {
		return errors.Errorf("interrupted: %d of %d runs had finished; their records, and those of the others up to there, are in %s",
			len(results), len(study.Arms())*len(study.Budget.Seeds), f.out)
	}
	if !f.json {
		fmt.Fprintf(out, "\nRecords and pictures are in %s (begin with report.png); it took %s.\n", f.out, time.Since(start).Round(time.Second))
	}
	return nil
}

// chooseStudy applies the flags to a built-in study.
func chooseStudy(c *cobra.Command, name string, f *runFlags) (experiments.Study, error) {
	study, err := experiments.Lookup(name)
	if err != nil {
		return study, err
	}
	changed := c.Flags().Changed
	if changed("arms") {
		if study, err = study.Only(f.arms); err != nil {
			return study, err
		}
	}
	if changed("seeds") {
		if study.Budget.Seeds, err = experiments.ParseSeeds(f.seeds); err != nil {
			return study, err
		}
	}
	for _, n := range []struct {
		flag  string
		value int
		to    *int
	}{{"epochs", f.epochs, &study.Budget.Epochs}, {"images", f.images, &study.Budget.Images}, {"batch", f.batch, &study.Budget.Batch}, {"threads", f.threads, nil}} {
		if !changed(n.flag) {
			continue
		}
		if n.value < 1 {
			return study, errors.Errorf("--%s must be at least 1, not %d", n.flag, n.value)
		}
		if n.to != nil {
			*n.to = n.value
		}
	}
	if f.full && (changed("epochs") || changed("images")) {
		return study, errors.New("--full sets epochs and images; leave out --epochs and --images")
	}
	if f.quiet && f.json {
		return study, errors.New("--quiet and --json exclude each other")
	}
	study.Budget.Full = f.full
	if limit := 55000; study.Budget.Images > limit {
		return study, errors.Errorf("--images %d is more than the %d training images", study.Budget.Images, limit)
	}
	return study, nil
}

// invocation is what invocation.json holds: it differs from time to time and from machine to machine.
func invocation(start time.Time) any {
	host, _ := os.Hostname()
	dir, _ := os.Getwd()
	return struct {
		Command   []string  `json:"command"`
		Folder    string    `json:"working_directory"`
		Host      string    `json:"host"`
		System    string    `json:"system"`
		CPUs      int       `json:"processors"`
		Go        string    `json:"go"`
		StartedAt time.Time `json:"started_at"`
	}{os.Args, dir, host, runtime.GOOS + "/" + runtime.GOARCH, runtime.NumCPU(), runtime.Version(), start}
}
