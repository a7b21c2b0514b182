package main

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
)

func compareCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "compare DIR DIR...",
		Short: "Lay studies side by side",
		Long:  "Prints how the arms ended in each of several studies' folders, and in what the studies differ.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{errors.Errorf("call it as %s; see %s --help", c.UseLine(), c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if out != "" {
				if !strings.HasSuffix(out, ".html") {
					return usageError{errors.Errorf("--out must name an .html file to write, not %q", out)}
				}
				if err := experiments.CheckOutput(out); err != nil {
					return err
				}
			}
			comparison, err := experiments.Compare(args)
			if err != nil {
				return err
			}
			if out != "" {
				if err := comparison.Save(out); err != nil {
					return err
				}
			}
			return comparison.WriteTable(c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&out, "out", "", "write a page, too, as NAME.html, with its picture NAME.png beside it")
	return c
}
