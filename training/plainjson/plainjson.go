// Package plainjson reads JSON and says what is wrong with it in words for whoever wrote it, not for who wrote the program.
package plainjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"

	"dcae/training/names"

	"github.com/pkg/errors"
)

// Decode reads one value. Fields that into has no place for are passed over. It fails if the text is no JSON, goes on after the value, or
// does not fit into.
func Decode(text []byte, into any) error {
	return decode(json.NewDecoder(bytes.NewReader(text)), text, into)
}

// DecodeStrict is Decode that fails with a field that into has no place for, too.
func DecodeStrict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return decode(d, text, into)
}

func decode(d *json.Decoder, text []byte, into any) error {
	if err := d.Decode(into); err != nil {
		return Explain(err, text)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more after the end of the JSON value")
	}
	return nil
}

// explained is an error of package json in plain words.
type explained struct {
	words string
	error
}

func (e explained) Error() string { return e.words }
func (e explained) Unwrap() error { return e.error }

// Explain puts an error of package json about a text into plain words. Other errors, and nil, it returns as they are.
func Explain(err error, text []byte) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(explained)):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return explained{"the JSON ends too early", err}
	case errors.As(err, &syntax):
		if int(syntax.Offset) >= len(bytes.TrimSpace(text)) && strings.Contains(syntax.Error(), "end of JSON") {
			return explained{"the JSON ends too early", err}
		}
		before := text[:min(int(max(syntax.Offset-1, 0)), len(text))]
		line := bytes.Count(before, []byte{'\n'})
		return explained{fmt.Sprintf("line %d, column %d: this is no JSON", line+1, len(before)-bytes.LastIndexByte(before, '\n')), err}
	case errors.As(err, &kind):
		there, _, _ := strings.Cut(kind.Value, " ")
		words := fmt.Sprintf("%s stands where %s belongs", article(there), expected(kind.Type))
		if there == "number" && there != kind.Value {
			words = fmt.Sprintf("%s is no %s", kind.Value, strings.TrimPrefix(expected(kind.Type), "a "))
		}
		if kind.Field != "" {
			words = names.Shown(kind.Field) + ": " + words
		}
		return explained{words, err}
	}
	if _, field, ok := strings.Cut(err.Error(), "json: unknown field "); ok { // there is no type for it
		return explained{fmt.Sprintf("there is no setting %s here", names.Shown(field)), err}
	}
	return err
}

// article is a kind of JSON value as package json calls it.
func article(kind string) string {
	switch kind {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	}
	return "a " + kind
}

// expected is the kind of JSON value that a type takes.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return expected(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0 on"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "an object"
}
