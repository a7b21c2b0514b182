package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"dcae/experiments/diagnosis"
	"dcae/graph/arithmetic"
)

// row is what was measured of a model.
type row struct {
	name     string
	family   arithmetic.Family
	fitted   bool
	work     diagnosis.Work
	measured float64 // seconds a step
}

func newRow(s subject, family arithmetic.Family, measured float64) (row, error) {
	work, err := diagnosis.WorkOf(s.model, s.optimizer, s.loss, s.batch)
	return row{s.name, family, s.fitted, work, measured}, errors.WithMessage(err, s.name)
}

// String is a line of the table: milliseconds.
func (r row) String() string {
	mark := ""
	if r.fitted {
		mark = " (fitted)"
	}
	return fmt.Sprintf("%-52.52s %10.3f %10.3f %6.2f%s", r.name, 1000*r.work.Seconds(), 1000*r.measured, r.measured/r.work.Seconds(), mark)
}

// readRows reads a table; its work follows from the models, of which those that are gone are left out.
func readRows(path string, all []subject) ([]row, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.WithStack(err)
	}
	defer func() { _ = f.Close() }()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	var out []row
	for _, line := range lines {
		at := slices.IndexFunc(all, func(s subject) bool { return s.name == line[0] })
		family, err := arithmetic.ParseFamily(line[1])
		if err != nil {
			return nil, errors.WithMessage(err, path)
		}
		seconds, err := strconv.ParseFloat(line[2], 64)
		if err != nil {
			return nil, errors.Wrap(err, path)
		}
		if at < 0 {
			continue
		}
		r, err := newRow(all[at], family, seconds)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func writeRows(path string, rows []row) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return errors.WithStack(err)
	}
	f, err := os.Create(path)
	if err != nil {
		return errors.WithStack(err)
	}
	w := csv.NewWriter(f)
	for _, r := range rows {
		_ = w.Write([]string{r.name, r.family.String(), strconv.FormatFloat(r.measured, 'g', 6, 64)}) // Flush keeps the error
	}
	w.Flush()
	if err := w.Error(); err != nil {
		_ = f.Close()
		return errors.WithStack(err)
	}
	return errors.WithStack(f.Close())
}
