package saved

import (
	"regexp"
	"strings"

	"github.com/pkg/errors"
)

// checkPython tells what is wrong with a Python expression of the kind that is printed here:
//
//	value = number | string | "None" | "True" | "False" | name {"." name} call | "[" [value {"," value}] "]" | "{" [string ":" value {"," string ":" value}] "}"
//	call  = "(" [[name "="] value {"," [name "="] value}] ")"
func checkPython(code string) error {
	p := &pythonParser{rest: code}
	if err := p.value(); err != nil {
		return err
	}
	if p.rest != "" {
		return errors.Errorf("%q follows", p.rest)
	}
	return nil
}

type pythonParser struct{ rest string }

var (
	pythonName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*`)
	pythonNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?`)
	pythonText   = regexp.MustCompile(`^"([^"\\\n]|\\["\\]|\\U[0-9a-f]{8})*"`)
	pythonArg    = regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*=`)
)

// take takes a piece off the front.
func (p *pythonParser) take(piece string) bool {
	ok := strings.HasPrefix(p.rest, piece)
	if ok {
		p.rest = strings.TrimLeft(p.rest[len(piece):], " ")
	}
	return ok
}

func (p *pythonParser) match(r *regexp.Regexp) bool {
	piece := r.FindString(p.rest)
	return piece != "" && p.take(piece)
}

func (p *pythonParser) value() error {
	switch {
	case p.take("["):
		return p.list("]", p.value)
	case p.take("{"):
		return p.list("}", func() error {
			if !p.match(pythonText) || !p.take(":") {
				return errors.Errorf("no key at %q", p.rest)
			}
			return p.value()
		})
	case p.match(pythonNumber), p.match(pythonText):
		return nil
	}
	for _, constant := range []string{"None", "True", "False"} {
		if pythonName.FindString(p.rest) == constant {
			p.take(constant)
			return nil
		}
	}
	ok := p.match(pythonName)
	for ok && p.take(".") {
		ok = p.match(pythonName)
	}
	if !ok || !p.take("(") {
		return errors.Errorf("no value at %q", p.rest)
	}
	return p.list(")", func() error {
		p.match(pythonArg)
		return p.value()
	})
}

// list reads elements, with commas between them, to its end.
func (p *pythonParser) list(end string, element func() error) error {
	for first := true; !p.take(end); first = false {
		if !first && !p.take(",") {
			return errors.Errorf("no comma at %q", p.rest)
		}
		if err := element(); err != nil {
			return err
		}
	}
	return nil
}
