package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
	"dcae/experiments/theory"
	"dcae/graph/arithmetic"
)

// theoryStudy is the name of the study that holds predictions against measurements. It has rows in the place of arms.
const theoryStudy = "theory"

// theorySeeds are those of its rows.
const theorySeeds = "1-10"

// runTheory measures the rows, unless the folder holds them already, and makes the report.
func runTheory(c *cobra.Command, f *runFlags) error {
	for _, name := range []string{"arms", "epochs", "images", "batch", "data", "scale", "resize", "holdout", "target", "full", "task", "tensorboard"} {
		if c.Flags().Changed(name) {
			return usageError{errors.Errorf("the study theory has no --%s: its rows say what they are measured on; it takes --seeds, --out, --force, --threads, --kernels, --quiet and --json", name)}
		}
	}
	if err := inRange("threads", f.threads, 1, mostThreads); err != nil {
		return err
	}
	if f.seeds == "" {
		f.seeds = theorySeeds
	}
	seeds, err := experiments.ParseSeeds(f.seeds)
	if err != nil {
		return usageError{errors.WithMessage(err, "--seeds")}
	}
	if f.out == "" {
		f.out = "results/" + theoryStudy
	}
	if err := f.kernels.choose(""); err != nil {
		return err
	}
	start := time.Now()
	var r *theory.Records
	if theory.IsFolder(f.out) && !f.force {
		if r, err = theory.Read(f.out); err != nil {
			return err
		}
		if !slices.Equal(r.Seeds, seeds) || r.Kernels != arithmetic.Chosen().String() {
			return errors.Errorf("the folder %s holds the study with seeds %s and the %s kernels: name another with --out, or replace it with --force", f.out, experiments.FormatSeeds(r.Seeds), r.Kernels)
		}
	} else if r, err = theory.Run(c.Context(), f.out, seeds, f.threads, telling(c, f.quiet || f.json)); err != nil {
		return err
	}
	if err := r.Draw(f.out); err != nil {
		return err
	}
	if f.json {
		return errors.Wrap(json.NewEncoder(c.OutOrStdout()).Encode(r), "printing the records")
	}
	if err := r.WriteTable(c.OutOrStdout()); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "\nRecords and pictures are in %s (begin with report.html); it took %s.\n", f.out, time.Since(start).Round(time.Second))
	return nil
}

// telling says on standard error, now and then, how many measurements are done; nil if it is to be quiet.
func telling(c *cobra.Command, quiet bool) func(done, of int) {
	if quiet {
		return nil
	}
	last := time.Now()
	return func(done, of int) {
		if now := time.Now(); now.Sub(last) > 5*time.Second || done == of {
			last = now
			fmt.Fprintf(c.ErrOrStderr(), "%d of %d measurements\n", done, of)
		}
	}
}

// redrawTheory makes the report of a folder again.
func redrawTheory(dir string) error {
	r, err := theory.Read(dir)
	if err != nil {
		return err
	}
	return r.Draw(dir)
}

// verifyTheory measures again what a folder's records hold.
func verifyTheory(c *cobra.Command, dir string, threads int, quiet bool, k kernels) error {
	r, err := theory.Read(dir)
	if err != nil {
		return err
	}
	if k == "" {
		family, err := r.Family()
		if err != nil {
			return err
		}
		if best := arithmetic.Best(); family > best {
			return errors.Errorf("the records in %s were computed with the %s kernels, and this machine has %s at best: verify them on a machine that has them", dir, family, best)
		}
		k = kernels(strings.ToLower(family.String()))
	}
	if err := k.choose(""); err != nil {
		return err
	}
	difference, err := theory.Verify(c.Context(), dir, threads, telling(c, quiet))
	if err != nil {
		return err
	}
	if difference != "" {
		return errors.Errorf("the records in %s are not what comes out here: %s", dir, difference)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "All measurements in %s are equal, bit for bit.\n", dir)
	return err
}
