package main

import (
	"os"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"dcae/training/files"
)

// manCommand writes the man pages that release archives hold. It is hidden, since --help says the same.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write a man page for each command",
		Hidden: true,
		Args:   arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return errors.Errorf("cannot make the folder %s: %v", args[0], files.Reason(err))
			}
			// A page must be the same on every day and every machine.
			c.Root().DisableAutoGenTag = true
			for _, command := range c.Root().Commands() {
				if f := command.Flags().Lookup("threads"); f != nil {
					f.DefValue = "all"
				}
			}
			released := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
			head := &doc.GenManHeader{Section: "1", Source: "dcae", Manual: "dcae", Date: &released}
			return errors.Wrap(doc.GenManTree(c.Root(), head, args[0]), "man pages")
		},
	}
}
