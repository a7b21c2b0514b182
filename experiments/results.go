package experiments

import (
	"bytes"
	"encoding/csv"
	"os"
	"strconv"

	"github.com/pkg/errors"
)

var resultColumns = []string{
	"arm", "seed", "outcome", "why", "epochs", "steps", "test_mse", "test_fvu", "test_spread", "test_mean", "test_fvu_reestimated",
	"gradient_ratio_start", "gradient_ratio_end",
}

// writeResults writes results.csv. Speed is not in it: it differs from time to time.
func writeResults(path string, results []*Result) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(resultColumns)
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, r := range results {
		w.Write([]string{
			r.Arm, strconv.FormatUint(r.Seed, 10), string(r.Outcome), r.Why, strconv.Itoa(r.Epochs), strconv.Itoa(r.Steps),
			number(r.Test.MSE), number(r.Test.FVU), number(r.Test.Spread), number(r.Test.Mean), number(r.Reestimated),
			number(r.RatioStart), number(r.RatioEnd),
		})
	}
	w.Flush()
	return writeFile(path, b.Bytes())
}

// table is a CSV file read back.
type table struct {
	path string
	rows [][]string // the first holds the columns' names
}

func readTable(path string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Errorf("cannot read %s: %v", path, reason(err))
	}
	defer func() { _ = f.Close() }() // it was only read
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1 // a run that was cut off may end in the middle of a line
	rows, err := r.ReadAll()
	if err != nil {
		return nil, errors.Errorf("%s is damaged: %v", path, err)
	}
	for len(rows) > 1 && len(rows[len(rows)-1]) < len(rows[0]) {
		rows = rows[:len(rows)-1]
	}
	return &table{path, rows}, nil
}

func (t *table) len() int { return max(0, len(t.rows)-1) }

// column finds a column; -1 if there is none.
func (t *table) column(name string) int {
	if len(t.rows) > 0 {
		for i, c := range t.rows[0] {
			if c == name {
				return i
			}
		}
	}
	return -1
}

// numbers reads a whole column.
func (t *table) numbers(column string) ([]float64, error) {
	c := t.column(column)
	if c < 0 {
		if t.len() == 0 {
			return nil, nil
		}
		return nil, errors.Errorf("%s has no column %s", t.path, column)
	}
	out := make([]float64, t.len())
	for i := range out {
		row := t.rows[i+1]
		if c >= len(row) {
			return nil, errors.Errorf("%s, line %d: column %s is missing", t.path, i+2, column)
		}
		v, err := strconv.ParseFloat(row[c], 64)
		if err != nil {
			return nil, errors.Errorf("%s, line %d: %s is no number: %q", t.path, i+2, column, row[c])
		}
		out[i] = v
	}
	return out, nil
}
