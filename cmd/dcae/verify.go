package main

import (
	"fmt"
	"runtime"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
	"dcae/experiments/theory"
)

func verifyCommand() *cobra.Command {
	var o experiments.VerifyOptions
	var quiet bool
	var kernels kernels
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Run a study again and compare every record, bit for bit",
		Long: "Runs again, in a temporary folder, what study.json in DIR describes, and compares all records of all runs, bit for bit, and whether\n" +
			"results.csv follows from them. Exit code 0 says that all are equal, 1 that some differ: then the first difference in each file is\n" +
			"printed.",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.Runs < 0 {
				return usageError{errors.Errorf("--runs must be at least 1, not %d", o.Runs)}
			}
			if err := inRange("threads", o.Threads, 1, mostThreads); err != nil {
				return err
			}
			if theory.IsFolder(args[0]) {
				return verifyTheory(c, args[0], o.Threads, quiet, kernels)
			}
			if err := kernels.choose(args[0]); err != nil {
				return err
			}
			savesWhenInterrupted(c) // it has a temporary folder to remove
			progress := chooseProgress(c, quiet, false)
			v, err := experiments.Verify(c.Context(), args[0], o, progress)
			progress.end()
			if err != nil {
				return err
			}
			return report(c, args[0], v)
		},
	}
	c.Flags().IntVar(&o.Runs, "runs", 0, "run only so many of the runs again, spread evenly (default: all)")
	c.Flags().IntVar(&o.Threads, "threads", runtime.NumCPU(), "processors to use; results do not depend on it")
	kernels.add(c.Flags(), "those of the study")
	c.Flags().BoolVar(&quiet, "quiet", false, "no progress")
	return c
}

// report prints what came out; differences are an error.
func report(c *cobra.Command, dir string, v *experiments.Verification) error {
	out := c.OutOrStdout()
	for _, reason := range v.Reasons {
		fmt.Fprintf(out, "The bits may differ: %s.\n", reason)
	}
	if n := len(v.Unfinished); n > 0 {
		fmt.Fprintf(out, "%d runs of the study are not finished, and were left out.\n", n)
	}
	for _, d := range v.Differences {
		fmt.Fprintln(out, d.String())
	}
	if n := len(v.Differences); n > 0 {
		return errors.Errorf("%d files of %s are not what came out now; %d of its %d finished runs were run again", n, dir, v.Checked, v.Finished)
	}
	fmt.Fprintf(out, "%d of %d finished runs were run again: every record is the same, bit for bit.\n", v.Checked, v.Finished)
	return nil
}
