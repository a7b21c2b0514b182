package keras

import (
	"fmt"
	"strings"
)

// Unsupported is the error of a model that asks for what is not there: all of it, one phrase each, which names the layer.
type Unsupported []string

// Error joins the phrases. What is said of several layers is said once.
func (u Unsupported) Error() string {
	var texts []string
	about := map[string][]string{}
	for _, phrase := range u {
		who, text, _ := strings.Cut(phrase, ": ")
		if about[text] == nil {
			texts = append(texts, text)
		}
		about[text] = append(about[text], who)
	}
	for i, text := range texts {
		who := about[text]
		if n := len(who); n > mostNamed {
			who = append(who[:mostNamed:mostNamed], fmt.Sprintf("%d more", n-mostNamed))
		}
		texts[i] = strings.TrimSuffix(strings.Join(who, ", ")+": "+text, ": ")
	}
	return "not supported: " + strings.Join(texts, "; ")
}

// mostNamed is how many of the layers with one and the same fault are named.
const mostNamed = 5

// problems collects what is not supported about one thing.
type problems struct {
	about string
	found Unsupported
}

// refuse notes that something is not supported.
func (p *problems) refuse(format string, args ...any) {
	p.found = append(p.found, p.about+": "+fmt.Sprintf(format, args...))
}
