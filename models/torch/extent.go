package torch

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// extent is the length of an axis: fixed, or factor times the number that a symbol stands for, the batch size, plus fixed.
type extent struct {
	fixed  int64
	factor int64
	symbol string
}

// String writes it as in 4, batch or 2*batch+1.
func (e extent) String() string {
	if e.symbol == "" {
		return fmt.Sprint(e.fixed)
	}
	s := e.symbol
	if e.factor != 1 {
		s = fmt.Sprintf("%d*%s", e.factor, s)
	}
	if e.fixed != 0 {
		s += fmt.Sprintf("%+d", e.fixed)
	}
	return s
}

// ofData finds PyTorch's symbols of numbers that depend on the data.
var ofData = regexp.MustCompile(`\b(u|zuf)[0-9]+\b`)

// told is a shape for messages, as in [batch 3 8 8]: the batch size as values name it, and not by the file's symbol.
func (p *program) told(shape []extent) []extent {
	out := slices.Clone(shape)
	for i, e := range out {
		switch e.symbol {
		case "":
		case p.batch:
			out[i].symbol = "batch"
		default:
			out[i] = extent{factor: 1, symbol: "?"}
		}
	}
	return out
}

// typeOf is the type of a value that a graph describes.
func typeOf(m tensorMeta, g *schemaGraph) (valueType, error) {
	if m.Layout != stridedLayout {
		return valueType{}, errors.New("it is sparse, which is not supported")
	}
	t := valueType{dtype: m.DType}
	for _, s := range m.Sizes {
		e, err := g.extentOf(s)
		if err != nil {
			return valueType{}, err
		}
		if e.symbol == "" && (e.fixed < 0 || e.fixed > maxTensor) {
			return valueType{}, errors.Errorf("an axis of %d values: the file is damaged", e.fixed)
		}
		t.shape = append(t.shape, e)
	}
	return t, nil
}

func (g *schemaGraph) extent(s symbolName) (extent, error) {
	v, ok := g.SymInts[string(s)]
	if !ok {
		return extent{}, errors.Errorf("symbol %.100q is not known: the file is damaged", string(s))
	}
	return g.extentOf(v)
}

// extentOf reads an integer, or an expression as sympy's srepr writes it. An expression that is not linear in one symbol is an extent of no
// known length, with the expression as its symbol.
func (g *schemaGraph) extentOf(s symInt) (extent, error) {
	if s.expression == "" {
		return extent{fixed: s.number}, nil
	}
	p := expressionParser{tokens: expressionToken.FindAllString(s.expression, 200)}
	e, ok := p.parse()
	if !ok || len(p.tokens) > 0 {
		return extent{factor: 1, symbol: s.expression}, nil
	}
	return e, nil
}

var expressionToken = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9]*|'[^']*'|-?[0-9]+|[(),=*+]`)

// expressionParser reads Add, Mul, Integer and Symbol: Mul(Integer(7), Symbol('s77', positive=True, integer=True)).
type expressionParser struct{ tokens []string }

func (p *expressionParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

func (p *expressionParser) parse() (extent, bool) {
	kind := p.next()
	if n, err := strconv.ParseInt(kind, 10, 64); err == nil {
		return extent{fixed: n}, true
	}
	if p.next() != "(" {
		return extent{}, false
	}
	switch kind {
	case "Integer":
		e, ok := p.parse()
		return e, ok && p.next() == ")"
	case "Symbol":
		name := strings.Trim(p.next(), "'")
		for p.next() != ")" { // assumptions
			if len(p.tokens) == 0 {
				return extent{}, false
			}
		}
		return extent{factor: 1, symbol: name}, name != ""
	case "Add", "Mul":
		all, ok := p.parse()
		for ok {
			switch p.next() {
			case ")":
				return all, true
			case ",":
				var one extent
				if one, ok = p.parse(); ok {
					all, ok = combine(kind == "Mul", all, one)
				}
			default:
				return extent{}, false
			}
		}
	}
	return extent{}, false
}

// combine adds or multiplies; ok is false where the result is not linear in one symbol, or too large.
func combine(multiply bool, a, b extent) (out extent, ok bool) {
	const most = maxTensor
	for _, n := range []int64{a.fixed, a.factor, b.fixed, b.factor} {
		if n > most || n < -most {
			return extent{}, false
		}
	}
	if !multiply {
		if a.symbol != "" && b.symbol != "" && a.symbol != b.symbol {
			return extent{}, false
		}
		return extent{a.fixed + b.fixed, a.factor + b.factor, a.symbol + strings.TrimPrefix(b.symbol, a.symbol)}, true
	}
	if a.symbol == "" {
		a, b = b, a
	}
	if b.symbol != "" {
		return extent{}, false
	}
	return extent{a.fixed * b.fixed, a.factor * b.fixed, a.symbol}, true
}
