package main

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
)

func mergeCommand() *cobra.Command {
	var o experiments.MergeOptions
	c := &cobra.Command{
		Use:   "merge DIR...",
		Short: "Join the parts of a study that several machines ran",
		Long: "Joins parts of a study, run with dcae run --task K/N, to the same records as one machine's, and draws the report. Parts that were\n" +
			"written into one folder need no --out: results.csv and the report are made complete there. Merge refuses parts of different\n" +
			"studies, and names the runs that are missing.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.Errorf("call it as %s; see %s --help", c.UseLine(), c.CommandPath())}
			}
			if len(args) > 1 && o.Out == "" {
				return usageError{errors.New("name a folder for the whole study with --out")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, dirs []string) error {
			o.Notice = notice(c)
			savesWhenInterrupted(c) // a run is copied as a whole
			results, missing, err := experiments.Merge(c.Context(), dirs, o)
			if err != nil {
				return err
			}
			if o.Out == "" {
				o.Out = dirs[0]
			}
			if err := experiments.Draw(c.Context(), o.Out, results, notice(c)); err != nil {
				return err
			}
			if err := experiments.WriteTable(c.OutOrStdout(), o.Out, results); err != nil {
				return err
			}
			if len(missing) > 0 {
				fmt.Fprintf(c.OutOrStdout(), "\nMissing: %s.\n", strings.Join(missing, ", "))
			}
			fmt.Fprintf(c.OutOrStdout(), "\nRecords and pictures of %d runs are in %s (begin with report.html).\n", len(results), o.Out)
			return nil
		},
	}
	c.Flags().StringVar(&o.Out, "out", "", "folder for the whole study, empty or with runs of the same study")
	c.Flags().BoolVar(&o.Partial, "partial", false, "merge even if runs are missing")
	return c
}
