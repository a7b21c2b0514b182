package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"dcae/training/names"
)

// output is what a command prints on: it escapes control characters, which may come from names in files, and goes on without a reader, so
// that no result is lost with it. The first failure is kept.
type output struct {
	w      io.Writer
	failed error
}

// Write never fails; see failed.
func (o *output) Write(b []byte) (int, error) {
	if o.failed == nil {
		_, o.failed = io.WriteString(o.w, names.EscapedLines(string(b)))
	}
	return len(b), nil
}

// message is an error as one line.
func message(err error) string { return names.Line(plainWords(err.Error())) }

// notice prints why nothing seems to happen.
func notice(c *cobra.Command) func(string) {
	return func(text string) { fmt.Fprintln(c.ErrOrStderr(), names.Line(text)) }
}

// warn prints a line that is no part of the answer.
func warn(c *cobra.Command, about, warning string) {
	fmt.Fprintln(c.ErrOrStderr(), "warning:", names.Line(about+": "+plainWords(warning)))
}
