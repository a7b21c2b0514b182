package main

import (
	"path/filepath"
	"strings"
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
			undo, err := files.MakeFolder(args[0])
			if err != nil {
				return err
			}
			defer undo() // where nothing was written
			// A page must be the same on every day and every machine.
			c.Root().DisableAutoGenTag = true
			for _, command := range c.Root().Commands() {
				if f := command.Flags().Lookup("threads"); f != nil {
					f.DefValue = "all"
				}
			}
			released := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
			head := &doc.GenManHeader{Section: "1", Source: "dcae", Manual: "dcae", Date: &released}
			return writePages(c.Root(), head, args[0])
		},
	}
}

// writePages writes a command's page, and those of all that belong to it.
func writePages(c *cobra.Command, head *doc.GenManHeader, dir string) error {
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := writePages(sub, head, dir); err != nil {
			return err
		}
	}
	path := filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
	own := *head // GenMan fills in the title
	return files.Write(path, func(out files.File) error { return errors.Wrap(doc.GenMan(c, &own, out), path) })
}
