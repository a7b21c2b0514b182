package torch

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/pkg/errors"
)

// signatures are those of PyTorch's operations, one a line, as PyTorch writes them (testdata/make_signatures.py). A program leaves out
// arguments that have their default values.
//
//go:embed signatures.txt
var signatures string

// parameter is one of an operation's parameters.
type parameter struct {
	name       string
	optional   bool
	defaultsTo any // nil, bool, int64, float64, string, []int64
}

// signatureOf are the parameters of an operation, "conv2d.default"; nil if it is not known.
func signatureOf(operation string) []parameter { return parsedSignatures()[operation] }

var parsedSignatures = sync.OnceValue(func() map[string][]parameter {
	out := map[string][]parameter{}
	for line := range strings.Lines(signatures) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), "(")
		params, err := parseParameters(rest)
		if err != nil {
			panic(errors.WithMessage(err, line)) // the file is a part of the program
		}
		out[name] = params
	}
	return out
})

// parseParameters reads what stands between the outermost parentheses, of which the first is left out.
func parseParameters(s string) ([]parameter, error) {
	out := []parameter{}
	depth, start := 0, 0
	for i, c := range s {
		switch c {
		case '(', '[':
			depth++
		case ']':
			depth--
		}
		end := c == ')' && depth == 0
		if c == ')' && !end {
			depth--
		}
		if c != ',' && !end || depth > 0 {
			continue
		}
		if text := strings.TrimSpace(s[start:i]); text != "" && text != "*" {
			p, err := parseParameter(text)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
		start = i + 1
		if end {
			return out, nil
		}
	}
	return nil, errors.New("a signature without an end")
}

// parseParameter reads "SymInt[2] stride=[1, 1]".
func parseParameter(text string) (parameter, error) {
	text, def, optional := strings.Cut(text, "=")
	at := strings.LastIndex(text, " ")
	if at < 0 {
		return parameter{}, errors.Errorf("parameter %q has no type", text)
	}
	p := parameter{name: text[at+1:], optional: optional}
	if !optional {
		return p, nil
	}
	var err error
	p.defaultsTo, err = parseDefault(def)
	return p, err
}

func parseDefault(s string) (any, error) {
	switch {
	case s == "None":
		return nil, nil
	case s == "True", s == "False":
		return s == "True", nil
	case strings.HasPrefix(s, `"`):
		return strconv.Unquote(s)
	case strings.HasPrefix(s, "["):
		out := []int64{}
		for _, n := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("[], ", r) }) {
			v, err := strconv.ParseInt(n, 10, 64)
			if err != nil {
				return nil, errors.WithStack(err)
			}
			out = append(out, v)
		}
		return out, nil
	}
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, nil // the name of a dtype, a layout or a device, which are not read
	}
	return v, nil
}
