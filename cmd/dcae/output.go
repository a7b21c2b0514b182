package main

import (
	"fmt"
	"io"
	"unicode/utf8"

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

// longestMessage is how many characters of an error are printed. One that lists all that is wrong with a model may have a thousand.
const longestMessage = 2000

// message is an error as one line.
func message(err error) string {
	text := names.ShortWords(plainWords(err.Error()))
	n := utf8.RuneCountInString(text)
	if n <= longestMessage {
		return text
	}
	return string([]rune(text)[:longestMessage]) + fmt.Sprintf("… (%d more characters)", n-longestMessage)
}

// notice prints why nothing seems to happen.
func notice(c *cobra.Command) func(string) {
	return func(text string) { fmt.Fprintln(c.ErrOrStderr(), names.ShortWords(text)) }
}

// warn prints a line that is no part of the answer.
func warn(c *cobra.Command, about, warning string) {
	fmt.Fprintf(c.ErrOrStderr(), "warning: %s: %s\n", names.ShortWords(about), names.ShortWords(plainWords(warning)))
}
