package experiments

import (
	"bytes"
	"encoding/csv"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/outcome"
	"dcae/training"
	"dcae/training/files"
	"dcae/training/names"
	"dcae/training/plainjson"
)

var resultColumns = []string{
	"arm", "seed", "outcome", "why", "epochs", "steps", "test_mse", "test_fvu", "test_spread", "test_mean", "test_fvu_reestimated",
	"gradient_ratio_start", "gradient_ratio_end",
}

// writeResults writes results.csv. Speed is not in it: it differs from time to time.
func writeResults(path string, results []*Result) error {
	return files.WriteBytes(path, encodeResults(results))
}

func encodeResults(results []*Result) []byte {
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
	return b.Bytes()
}

// savedResult is what result.json holds: a line of results.csv. It is the last file that a run writes, and says that the
// run is finished.
type savedResult struct {
	Arm         string          `json:"arm"`
	Seed        uint64          `json:"seed"`
	Outcome     outcome.Outcome `json:"outcome"`
	Why         string          `json:"why"`
	Epochs      int             `json:"epochs"`
	Steps       int             `json:"steps"`
	MSE         jsonFloat       `json:"test_mse"`
	FVU         jsonFloat       `json:"test_fvu"`
	Spread      jsonFloat       `json:"test_spread"`
	Mean        jsonFloat       `json:"test_mean"`
	Reestimated jsonFloat       `json:"test_fvu_reestimated"`
	RatioStart  jsonFloat       `json:"gradient_ratio_start"`
	RatioEnd    jsonFloat       `json:"gradient_ratio_end"`
}

func writeResult(path string, r *Result) error {
	b, err := encodeResult(r)
	if err != nil {
		return errors.WithMessage(err, path)
	}
	return files.WriteBytes(path, b)
}

func encodeResult(r *Result) ([]byte, error) {
	return encodeJSON(savedResult{
		Arm: r.Arm, Seed: r.Seed, Outcome: r.Outcome, Why: r.Why, Epochs: r.Epochs, Steps: r.Steps,
		MSE: jsonFloat(r.Test.MSE), FVU: jsonFloat(r.Test.FVU), Spread: jsonFloat(r.Test.Spread), Mean: jsonFloat(r.Test.Mean),
		Reestimated: jsonFloat(r.Reestimated), RatioStart: jsonFloat(r.RatioStart), RatioEnd: jsonFloat(r.RatioEnd),
	})
}

// readResult reads a result.json back; the speed, which is not in it, is NaN. It fails if the file is not what writeResult writes.
func readResult(path string) (*Result, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var s savedResult
	if err := plainjson.DecodeStrict(b, &s); err != nil {
		return nil, errors.Errorf("%s is damaged: %v", path, err)
	}
	r := &Result{
		Arm: s.Arm, Seed: s.Seed, Outcome: s.Outcome, Why: s.Why, Epochs: s.Epochs, Steps: s.Steps,
		Test:        training.Scores{MSE: float64(s.MSE), FVU: float64(s.FVU), Spread: float64(s.Spread), Mean: float64(s.Mean)},
		Reestimated: float64(s.Reestimated), RatioStart: float64(s.RatioStart), RatioEnd: float64(s.RatioEnd), ImagesPerSecond: math.NaN(),
	}
	own, err := encodeResult(r)
	if err != nil {
		return nil, errors.WithMessage(err, path)
	}
	if !bytes.Equal(own, b) { // a value is missing, or there is one too many
		return nil, errors.Errorf("%s is damaged: %s", path, firstOf(".json", b, own).between("there", "as this program writes it"))
	}
	return r, nil
}

// readRun reads the result of one of the study's runs; nil if the run is not finished. It fails if the result is not of this run, if a
// record that belongs to it is missing, or if the records have another length than the result says.
func (d *Definition) readRun(dir string, id runID) (*Result, error) {
	r, err := readOwnResult(dir, id)
	if r == nil || err != nil {
		return nil, err
	}
	folder := runFolder(dir, id.arm, id.seed)
	for _, record := range []struct {
		file  string
		lines int
	}{{stepsFile, r.Steps}, {epochsFile, r.Epochs}} {
		b, err := readFile(filepath.Join(folder, record.file))
		if err != nil {
			return nil, errors.WithMessagef(err, "the run %s is not whole", id)
		}
		if n := max(0, bytes.Count(b, []byte{'\n'})-1); n != record.lines {
			return nil, errors.Errorf("%s has %d lines below its head, where %s says %d: one of them is damaged, or of another run",
				filepath.Join(folder, record.file), n, resultFile, record.lines)
		}
	}
	if images := filepath.Join(folder, reconstructionsFile); r.Outcome != outcome.Diverged && !exists(images) {
		return nil, errors.Errorf("the run %s is not whole: there is no %s", id, images)
	}
	if i := slices.IndexFunc(d.arms(), func(a recordedArm) bool { return a.Name == id.arm }); r.Outcome != outcome.Diverged && r.Epochs != d.arms()[i].Epochs {
		return nil, errors.Errorf("the run %s has %d epochs, its study %d", id, r.Epochs, d.arms()[i].Epochs)
	}
	return r, nil
}

// readOwnResult reads the result of a run; nil if the run is not finished. It fails if the result is damaged or another run's. Whether it
// fits the other records is not looked at.
func readOwnResult(dir string, id runID) (*Result, error) {
	folder, err := files.Inside(dir, runsFolder, id.folder())
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, resultFile)
	if !exists(path) {
		return nil, nil
	}
	r, err := readResult(path)
	if err != nil {
		return nil, err
	}
	if own := (runID{r.Arm, r.Seed}); own != id {
		return nil, errors.Errorf("%s is of another run, %s", path, own)
	}
	if !slices.Contains(outcome.All, r.Outcome) {
		return nil, errors.Errorf("%s is damaged: there is no outcome %q", path, names.Shown(string(r.Outcome)))
	}
	return r, nil
}

// readResults reads the results of the runs that are finished in a study's folder, in the study's order.
func readResults(dir string) ([]*Result, error) {
	d, err := ReadDefinition(dir)
	if err != nil {
		return nil, err
	}
	finished, _, err := readFinished(dir, d)
	return finished, err
}

// jsonFloat is written as JSON and read back without losing a bit; a number that is not finite is written as a string.
type jsonFloat float64

// MarshalJSON writes the shortest text that reads back to the same number.
func (f jsonFloat) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(f), 'g', -1, 64)
	if !finite(float64(f)) {
		text = strconv.Quote(text)
	}
	return []byte(text), nil
}

// UnmarshalJSON reads a number.
func (f *jsonFloat) UnmarshalJSON(text []byte) error {
	x, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	if err != nil {
		return errors.Errorf("%.40s is no number", text)
	}
	*f = jsonFloat(x)
	return nil
}

// table is a CSV file read back.
type table struct {
	path string
	rows [][]string // the first holds the columns' names
}

func readTable(path string) (*table, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	b = b[:bytes.LastIndexByte(b, '\n')+1] // a run that was cut off may end in the middle of a line
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = -1 // and go on after it
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

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
