package plainjson

import (
	"strings"
	"testing"

	"github.com/pkg/errors"
)

type inner struct {
	Epochs int     `json:"epochs"`
	Seed   uint64  `json:"seed"`
	Rate   float64 `json:"rate"`
	On     *bool   `json:"on"`
}

type outer struct {
	Name   string  `json:"name"`
	Groups []inner `json:"groups"`
	Own    own     `json:"own"`
}

type own struct{}

func (*own) UnmarshalJSON([]byte) error { return errors.New("words of its own") }

func TestMistakesAreExplained(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "the JSON ends too early",
		`{"name": "a`:                   "the JSON ends too early",
		"{\n  \"name\": x}":             "line 2, column 11: this is no JSON",
		`{"name": 1}`:                   "name: a number stands where a text belongs",
		`{"name": ["a"]}`:               "name: a list stands where a text belongs",
		`{"groups": {"a": 1}}`:          "groups: an object stands where a list belongs",
		`{"groups": [{"epochs": "8"}]}`: "groups.epochs: a string stands where a whole number belongs",
		`{"groups": [{"epochs": 1.5}]}`: "groups.epochs: number 1.5 is no whole number",
		`{"groups": [{"seed": -1}]}`:    "groups.seed: number -1 is no whole number from 0 on",
		`{"groups": [{"rate": true}]}`:  "groups.rate: true or false stands where a number belongs",
		`{"groups": [{"on": 1}]}`:       "groups.on: a number stands where true or false belongs",
		`[1]`:                           "a list stands where an object belongs",
		`{} {}`:                         "there is more after the end of the JSON value",
		`{"nane": "a"}`:                 `there is no setting "nane" here`,
		`{"own": 1}`:                    "words of its own",
	} {
		err := DecodeStrict([]byte(text), &outer{})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if err := Decode([]byte(`{"nane": "a", "name": "b"}`), &outer{}); err != nil {
		t.Error(err)
	}
	if err := Decode([]byte(`{"`+strings.Repeat("x", 100_000)+`": 1`), &outer{}); err == nil || len(err.Error()) > 200 {
		t.Errorf("%.300v", err)
	}
}
