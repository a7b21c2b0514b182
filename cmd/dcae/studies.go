package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
	"dcae/experiments/theory"
)

func listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the studies that come with the program",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "STUDY\tARMS\tRUNS\tQUESTION")
			for _, name := range experiments.BuiltinStudies() {
				p, err := experiments.LookupPlan(name)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", p.Name, len(p.Arms()), p.Runs(), p.Question)
			}
			fmt.Fprintf(w, "%s\t%d rows\t\t%s\n", theoryStudy, len(theory.Rows()), theory.Question)
			return errors.Wrap(w.Flush(), "printing the list")
		},
	}
}

func showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show STUDY",
		Short: "Print a built-in study as YAML, to start your own from",
		Long:  "Prints a study as YAML: dcae show depth > my.yaml, change it, dcae run my.yaml.",
		Args:  arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == theoryStudy {
				return usageError{errors.New("the study theory is no list of arms that could be changed: its rows are code; dcae run theory runs it")}
			}
			b, err := experiments.BuiltinYAML(args[0])
			if err != nil {
				return usageError{err}
			}
			_, err = c.OutOrStdout().Write(b)
			return errors.Wrap(err, "printing the study")
		},
	}
}

func plotCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plot DIR",
		Short: "Draw a study's pictures and page again from its records, without training",
		Args:  arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			redraw := func() error { return experiments.Redraw(c.Context(), args[0], notice(c)) }
			if theory.IsFolder(args[0]) {
				redraw = func() error { return redrawTheory(args[0]) }
			}
			if err := redraw(); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "The report and the pictures in %s are drawn anew.\n", args[0])
			return err
		},
	}
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{errors.Errorf("%s takes no arguments, not %q; see %s --help", c.CommandPath(), args[0], c.CommandPath())}
	}
	return nil
}
