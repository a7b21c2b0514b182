package main

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/pflag"
)

// goWords are what Go's packages say of damaged files, and what it means. Readers put the file's name before it.
var goWords = []struct {
	said  *regexp.Regexp
	means string
}{
	{regexp.MustCompile(`zip: not a valid zip file`), "it is no zip archive, or is damaged"},
	{regexp.MustCompile(`(zip: checksum error|gzip: invalid checksum|zlib: invalid checksum)`), "it is damaged: its checksum is wrong"},
	{regexp.MustCompile(`zip: unsupported compression algorithm`), "it is compressed in a way that is not known here"},
	{regexp.MustCompile(`(gzip|zlib): invalid (header|dictionary)`), "it is damaged: its head is wrong"},
	{regexp.MustCompile(`flate: corrupt input before offset (\d+)`), "it is damaged near byte $1 of what is compressed"},
	{regexp.MustCompile(`png: (invalid format|unsupported feature): `), "PNG: "},
	{regexp.MustCompile(`(invalid|unsupported) JPEG (format|feature): `), "JPEG: "},
	{regexp.MustCompile(`: (unexpected )?EOF\b`), ": it ends too early"},
}

// plainWords says in plain words what Go's packages say in theirs.
func plainWords(text string) string {
	for _, w := range goWords {
		text = w.said.ReplaceAllString(text, w.means)
	}
	return text
}

// kinds are what flags take, by pflag's names of their types.
var kinds = map[string]string{
	"int": "a whole number", "uint64": "a whole number from 0 on", "float64": "a number", "bool": "true or false",
}

// flagWords says what is wrong with how flags were given.
func flagWords(err error) string {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && kinds[invalid.GetFlag().Value.Type()] != "" {
		return fmt.Sprintf("--%s takes %s, not %q", invalid.GetFlag().Name, kinds[invalid.GetFlag().Value.Type()], invalid.GetValue())
	}
	return err.Error()
}
