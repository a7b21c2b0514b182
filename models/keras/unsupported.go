package keras

import (
	"fmt"
	"strings"
)

// Unsupported is the error of a model that asks for what is not there: all of it, one phrase each, which names the layer.
type Unsupported []string

// Error joins the phrases.
func (u Unsupported) Error() string { return "not supported: " + strings.Join(u, "; ") }

// problems collects what is not supported about one thing.
type problems struct {
	about string
	found Unsupported
}

// refuse notes that something is not supported.
func (p *problems) refuse(format string, args ...any) {
	p.found = append(p.found, p.about+": "+fmt.Sprintf(format, args...))
}
