package experiments

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/pkg/errors"

	"dcae/training/names"
)

// What a study's YAML may have at most. A study that comes with the program has 5 KB; the time and the memory that reading takes grow with
// the square of its length, and without bound with its depth.
const (
	mostYAML      = 128 << 10 // bytes
	mostDepth     = 32        // lists and mappings in each other
	mostNodes     = 50_000    // values, those of aliases each time
	mostText      = 2_000     // characters of one text
	mostIndention = 200       // columns
)

// parsePlan reads YAML; origin is what messages call it.
func parsePlan(b []byte, origin string) (*Plan, error) {
	p := &Plan{}
	if err := readYAML(b, p); err != nil {
		var at misplaced
		if errors.As(err, &at) {
			return nil, errors.Errorf("%s, line %d, column %d: %s", origin, at.line, at.column, at.words)
		}
		return nil, errors.Errorf("%s: %v", origin, err)
	}
	return p, errors.WithMessage(p.complete(), origin)
}

// misplaced is a mistake at a place of the text.
type misplaced struct {
	line, column int
	words        string
}

func (m misplaced) Error() string { return m.words }

func wrongAt(n ast.Node, format string, args ...any) error {
	m := misplaced{words: fmt.Sprintf(format, args...)}
	if t := n.GetToken(); t != nil && t.Position != nil {
		m.line, m.column = t.Position.Line, t.Position.Column
	}
	return m
}

// readYAML fills the struct that into points to. The text is checked against the struct first: package yaml cuts off fractions and
// takes the first of several documents.
func readYAML(b []byte, into any) error {
	if err := checkDepth(b); err != nil {
		return err
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return plainYAML(err)
	}
	if len(file.Docs) > 1 {
		second := misplaced{words: "a second document begins: a study is one"}
		if start := file.Docs[1].Start; start != nil && start.Position != nil {
			second.line, second.column = start.Position.Line, start.Position.Column
		}
		return second
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return errors.New("there is nothing in it")
	}
	c := yamlCheck{anchors: map[string]ast.Node{}}
	if err := c.check(file.Docs[0].Body, reflect.TypeOf(into).Elem(), 0); err != nil {
		return err
	}
	return plainYAML(yaml.UnmarshalWithOptions(b, into, yaml.Strict()))
}

// plainYAML takes the excerpt of the text out of an error of package yaml.
func plainYAML(err error) error {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil {
		place := e.GetToken().Position
		return misplaced{place.Line, place.Column, strings.ReplaceAll(e.GetMessage(), "\n", " ")}
	}
	return err
}

// checkDepth bounds what the parser gets to see, without knowing more of YAML than brackets and columns.
func checkDepth(b []byte) error {
	if len(b) > mostYAML {
		return errors.Errorf("it has %d bytes; a study has %d at most", len(b), mostYAML)
	}
	open := 0
	for i, c := range b {
		switch c {
		case '[', '{':
			if open++; open > mostDepth {
				return misplaced{bytes.Count(b[:i], []byte{'\n'}) + 1, i - bytes.LastIndexByte(b[:i], '\n'), fmt.Sprintf("brackets are nested deeper than %d", mostDepth)}
			}
		case ']', '}':
			open = max(0, open-1)
		}
	}
	for i, line := range bytes.Split(b, []byte{'\n'}) {
		if n := len(line) - len(bytes.TrimLeft(line, " -?\t")); n > mostIndention {
			return misplaced{i + 1, n, fmt.Sprintf("it is indented by more than %d columns", mostIndention)}
		}
	}
	return nil
}

// yamlCheck compares a parsed text with the struct that it is to fill.
type yamlCheck struct {
	anchors map[string]ast.Node
	nodes   int
}

// check tells why a value cannot be that of a type; nil if it can.
func (c *yamlCheck) check(n ast.Node, t reflect.Type, depth int) error {
	if c.nodes++; c.nodes > mostNodes || depth > mostDepth {
		return wrongAt(n, "there is too much of it: %d values, %d deep in each other, are the most", mostNodes, mostDepth)
	}
	switch n := n.(type) {
	case *ast.NullNode:
		return wrongAt(n, "a value is missing: give one, or leave the setting out")
	case *ast.AnchorNode:
		c.anchors[n.Name.GetToken().Value] = n.Value
		return c.check(n.Value, t, depth+1)
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if c.anchors[name] == nil {
			return wrongAt(n, "there is no anchor &%s before it", names.Shown(name))
		}
		return c.check(c.anchors[name], t, depth+1)
	case *ast.TagNode:
		return c.check(n.Value, t, depth+1)
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return c.check(n, t.Elem(), depth)
	case t == reflect.TypeFor[SeedList]():
		return c.checkSeeds(n)
	case isText(n) && (t == reflect.TypeFor[DataPlan]() || t == reflect.TypeFor[Initializer]()): // which may be a name alone
		return checkScalar(n, reflect.TypeFor[string]())
	case t.Kind() == reflect.Slice:
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			return wrongAt(n, "%s stands where a list belongs", kindOf(n))
		}
		for _, v := range list.Values {
			if err := c.check(v, t.Elem(), depth+1); err != nil {
				return err
			}
		}
		return nil
	case t.Kind() == reflect.Struct:
		return c.checkMapping(n, t, depth)
	case t.Kind() == reflect.Interface:
		return nil // see checkVary
	}
	return checkScalar(n, t)
}

func isText(n ast.Node) bool { _, ok := n.(ast.ScalarNode); return ok }

func (c *yamlCheck) checkMapping(n ast.Node, t reflect.Type, depth int) error {
	pairs, ok := pairsOf(n)
	if !ok {
		return wrongAt(n, "%s stands where settings belong, as in {name: value}", kindOf(n))
	}
	for _, pair := range pairs {
		if pair.Key.IsMergeKey() {
			if err := c.check(pair.Value, t, depth+1); err != nil {
				return err
			}
			continue
		}
		name := pair.Key.GetToken().Value
		field, ok := yamlField(t, name)
		if !ok {
			return wrongAt(pair.Key, "unknown field %q", names.Shown(name))
		}
		if err := c.checkField(pair.Value, field, depth+1); err != nil {
			return err
		}
	}
	if t == reflect.TypeFor[Vary]() {
		return c.checkVary(pairs, depth)
	}
	return nil
}

// checkField is check, with the bounds of the field. Where it stands in the text, 0 is not left out.
func (c *yamlCheck) checkField(n ast.Node, f reflect.StructField, depth int) error {
	if err := c.check(n, f.Type, depth); err != nil {
		return err
	}
	x, ok := numberIn(n)
	if !ok {
		return nil
	}
	if err := bounded(f, x); err != nil {
		return wrongAt(n, "%s: %v", settingName(f), err)
	}
	return nil
}

// withoutPoint is a number that package yaml takes for a text, though YAML 1.2 does not, and gives to a field that wants a number.
var withoutPoint = regexp.MustCompile(`^[-+]?[0-9]+[eE][-+]?[0-9]+$`)

// numberIn is the number that a value is, if it is one.
func numberIn(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		x, err := strconv.ParseFloat(fmt.Sprint(n.Value), 64)
		return x, err == nil
	case *ast.FloatNode:
		return n.Value, true
	case *ast.StringNode:
		if n.GetToken().Type == token.StringType && withoutPoint.MatchString(n.Value) {
			x, err := strconv.ParseFloat(n.Value, 64)
			return x, err == nil
		}
	}
	return 0, false
}

// checkVary checks the values of a varied setting as those of the setting.
func (c *yamlCheck) checkVary(pairs []*ast.MappingValueNode, depth int) error {
	var setting, values ast.Node
	for _, pair := range pairs {
		switch pair.Key.GetToken().Value {
		case "setting":
			setting = pair.Value
		case "values":
			values = pair.Value
		}
	}
	list, ok := values.(*ast.SequenceNode)
	if setting == nil || !ok {
		return nil // said elsewhere
	}
	field, ok := yamlField(reflect.TypeFor[Settings](), setting.GetToken().Value)
	if !ok {
		return wrongAt(setting, "there is no setting %q", names.Shown(setting.GetToken().Value))
	}
	for _, v := range list.Values {
		if err := c.checkField(v, field, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// checkSeeds takes 1-5, a number, or a list of these.
func (c *yamlCheck) checkSeeds(n ast.Node) error {
	parts := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		parts = list.Values
	}
	var texts []string
	for _, p := range parts {
		if _, ok := p.(ast.ScalarNode); !ok {
			return wrongAt(p, "%s stands where random seeds belong: write them as 1-5 or 1,3,7-9", kindOf(p))
		}
		texts = append(texts, p.GetToken().Value)
	}
	if _, err := ParseSeeds(strings.Join(texts, ",")); err != nil {
		return wrongAt(n, "%v", err)
	}
	return nil
}

func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// yamlField finds the field of a struct, or of one that it embeds, by its name in YAML.
func yamlField(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		own, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if options == "inline" {
			if inner, ok := yamlField(f.Type, name); ok {
				return inner, true
			}
		}
		if own == name && own != "" && own != "-" {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// checkScalar tells why a value cannot be a text, a number, or true or false.
func checkScalar(n ast.Node, t reflect.Type) error {
	switch t.Kind() {
	case reflect.Bool:
		if _, ok := n.(*ast.BoolNode); !ok {
			return wrongAt(n, "%s stands where true or false belongs", kindOf(n))
		}
	case reflect.Int:
		v, ok := n.(*ast.IntegerNode)
		if !ok {
			return wrongAt(n, "%s stands where a whole number belongs", kindOf(n))
		}
		if u, large := v.Value.(uint64); large && u > math.MaxInt32 || !large && math.Abs(float64(v.Value.(int64))) > math.MaxInt32 {
			return wrongAt(n, "%s is too large a number", names.Shown(v.GetToken().Value))
		}
	case reflect.Float64:
		if _, ok := numberIn(n); !ok {
			return wrongAt(n, "%s stands where a number belongs", kindOf(n))
		}
	case reflect.String:
		v, ok := n.(ast.ScalarNode)
		if !ok {
			return wrongAt(n, "%s stands where a text belongs", kindOf(n))
		}
		if fmt.Sprint(v.GetValue()) == "" {
			return wrongAt(n, "the text is empty: give one, or leave the setting out")
		}
		if k := len([]rune(fmt.Sprint(v.GetValue()))); k > mostText {
			return wrongAt(n, "a text of %d characters: %d are the most", k, mostText)
		}
	}
	return nil
}

// kindOf is what stands somewhere, in words.
func kindOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.StringNode:
		return fmt.Sprintf("the text %q", names.Shown(n.Value))
	case *ast.LiteralNode:
		return "a text"
	case ast.ScalarNode:
		return names.Shown(n.GetToken().Value)
	}
	return "something else"
}
