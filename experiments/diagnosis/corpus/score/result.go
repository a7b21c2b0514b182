package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/diagnosis"
	"dcae/training/files"
)

// result is what came of one case: a line of the table.
type result struct {
	Name      string
	Expected  []diagnosis.Cause // none: healthy
	Verdict   diagnosis.Verdict
	Named     []diagnosis.Cause // in order
	Changes   string            // of the fix
	Learned   string            // as the diagnosis has it: "6/6"
	Seconds   float64
	Truncated bool

	// Retrained with 3 new seeds, or up to the first that did not reach the target.
	Target       float64   // the FVU to be reached; 0: repair was not tried
	Fixed        []float64 // of the model that was handed back; none: none was
	RandomChange string
	Random       []float64 // of the given model with a random change
	Again        []float64 // of the given model
}

// right tells whether a right cause is among the first n that were named; for a healthy case, whether it was called so.
func (r result) right(n int) bool {
	if r.healthy() || r.Verdict == diagnosis.Healthy {
		return r.healthy() && r.Verdict == diagnosis.Healthy
	}
	return slices.ContainsFunc(r.Named[:min(n, len(r.Named))], func(c diagnosis.Cause) bool { return slices.Contains(r.Expected, c) })
}

func (r result) healthy() bool { return len(r.Expected) == 0 }

// expected and named are the result's row and column in the confusion matrix. Of several right causes the one that was named counts.
func (r result) expected() string {
	switch {
	case r.healthy():
		return string(diagnosis.Healthy)
	case r.right(1):
		return string(r.Named[0])
	}
	return string(r.Expected[0])
}

func (r result) named() string {
	if r.Verdict == diagnosis.Healthy {
		return string(diagnosis.Healthy)
	}
	if len(r.Named) == 0 {
		return string(diagnosis.Unknown)
	}
	return string(r.Named[0])
}

// repaired tells whether all new seeds reached the target.
func (r result) repaired(fvu []float64) bool {
	return len(fvu) == newSeeds && !slices.ContainsFunc(fvu, func(f float64) bool { return !(f <= r.Target) })
}

var columns = []string{
	"name", "expected", "verdict", "named", "right", "changes", "learned", "seconds", "truncated", "target", "fixed_fvu", "random_change", "random_fvu", "again_fvu",
}

func (r result) fields() []string {
	return []string{
		r.Name, join(r.Expected), string(r.Verdict), join(r.Named), strconv.FormatBool(r.right(1)), r.Changes, r.Learned, fmt.Sprintf("%.1f", r.Seconds), strconv.FormatBool(r.Truncated),
		fmt.Sprintf("%.4g", r.Target), numbers(r.Fixed), r.RandomChange, numbers(r.Random), numbers(r.Again),
	}
}

func parseResult(f []string) (result, error) {
	r := result{Name: f[0], Expected: split(f[1]), Verdict: diagnosis.Verdict(f[2]), Named: split(f[3]), Changes: f[5], Learned: f[6], Truncated: f[8] == "true", RandomChange: f[11]}
	var errs [5]error
	r.Seconds, errs[0] = strconv.ParseFloat(f[7], 64)
	r.Target, errs[1] = strconv.ParseFloat(f[9], 64)
	r.Fixed, errs[2] = parseNumbers(f[10])
	r.Random, errs[3] = parseNumbers(f[12])
	r.Again, errs[4] = parseNumbers(f[13])
	for _, err := range errs {
		if err != nil {
			return r, errors.Wrap(err, r.Name)
		}
	}
	return r, nil
}

// readResults reads a table; none if there is no such file.
func readResults(path string) ([]result, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.WithStack(err)
	}
	reader := csv.NewReader(bytes.NewReader(b))
	reader.FieldsPerRecord = len(columns)
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	var out []result
	for _, row := range rows[min(1, len(rows)):] {
		r, err := parseResult(row)
		if err != nil {
			return nil, errors.WithMessage(err, path)
		}
		out = append(out, r)
	}
	return out, nil
}

func writeResults(path string, results []result) error {
	rows := [][]string{columns}
	for _, r := range results {
		rows = append(rows, r.fields())
	}
	return writeTable(path, rows)
}

// writeTable writes a CSV file.
func writeTable(path string, rows [][]string) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		return errors.WithStack(err)
	}
	return files.WriteBytes(path, b.Bytes())
}

func join(causes []diagnosis.Cause) string {
	var out []string
	for _, c := range causes {
		out = append(out, string(c))
	}
	return strings.Join(out, "|")
}

func split(s string) []diagnosis.Cause {
	var out []diagnosis.Cause
	for c := range strings.SplitSeq(s, "|") {
		if c != "" {
			out = append(out, diagnosis.Cause(c))
		}
	}
	return out
}

func numbers(values []float64) string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprintf("%.4g", v))
	}
	return strings.Join(out, " ")
}

func parseNumbers(s string) ([]float64, error) {
	var out []float64
	for f := range strings.FieldsSeq(s) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil, errors.WithStack(err)
		}
		out = append(out, v)
	}
	return out, nil
}
