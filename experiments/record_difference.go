package experiments

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"dcae/training/dataset/npz"
)

// Difference is where two records first differ.
type Difference struct {
	Run   string // ARM seed N; empty for a file of the whole study
	File  string
	Place string // where in the file
	A, B  string // the values there
}

// String says what differs, A being on record and B what came out now.
func (d Difference) String() string { return d.between("on record", "now") }

// nothing stands for what one of two records does not have.
const nothing = "nothing"

// between says what differs, where the first record is called a and the second b.
func (d Difference) between(a, b string) string {
	if d == (Difference{}) {
		return "nothing differs"
	}
	place := d.Place
	if d.File != "" {
		place = strings.TrimSuffix(d.File+", "+d.Place, ", ")
	}
	if d.Run != "" {
		place = d.Run + ": " + place
	}
	return fmt.Sprintf("%s is %s %s, %s %s", place, d.A, a, d.B, b)
}

// compareFiles finds where two records first differ; nil if they do not. A file that is missing differs from one that is there.
func compareFiles(a, b string) (*Difference, error) {
	first, err := readIfThere(a)
	if err != nil {
		return nil, err
	}
	second, err := readIfThere(b)
	if err != nil {
		return nil, err
	}
	d := Difference{A: nothing, B: nothing}
	switch {
	case first == nil && second == nil || first != nil && second != nil && bytes.Equal(first, second):
		return nil, nil
	case first == nil || second == nil:
		if first != nil {
			d.A = "a file"
		} else {
			d.B = "a file"
		}
	default:
		d = firstOf(filepath.Ext(a), first, second)
	}
	d.File = filepath.Base(a)
	return &d, nil
}

func readIfThere(path string) ([]byte, error) {
	b, err := readFile(path)
	if err != nil && !exists(path) {
		return nil, nil
	}
	return b, err
}

// firstOf finds where two files that are not the same bytes first differ, by their kind's own places as far as they can be
// read.
func firstOf(ending string, a, b []byte) Difference {
	var d Difference
	switch ending {
	case ".csv":
		d = firstOfCSV(a, b)
	case ".json":
		d = firstOfJSON(a, b)
	case ".npz":
		d = firstOfNPZ(a, b)
	}
	if d != (Difference{}) {
		return d
	}
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	at := func(x []byte) string {
		if i < len(x) {
			return fmt.Sprintf("0x%02x", x[i])
		}
		return nothing
	}
	return Difference{Place: fmt.Sprintf("byte %d", i+1), A: at(a), B: at(b)}
}

// firstOfCSV names line and column; the first line holds the columns' names. A line of steps.csv, or epochs.csv, is called by
// its step, or epoch, too.
func firstOfCSV(a, b []byte) Difference {
	first, err := readRows(a)
	if err != nil {
		return Difference{}
	}
	second, err := readRows(b)
	if err != nil {
		return Difference{}
	}
	for i := range max(len(first), len(second)) {
		line := fmt.Sprintf("line %d", i+1)
		if i >= len(first) || i >= len(second) {
			whole := func(rows [][]string) string {
				if i < len(rows) {
					return strconv.Quote(strings.Join(rows[i], ","))
				}
				return nothing
			}
			return Difference{Place: line, A: whole(first), B: whole(second)}
		}
		for k := range max(len(first[i]), len(second[i])) {
			x, y := cell(first[i], k), cell(second[i], k)
			if x == y {
				continue
			}
			if i > 0 {
				line += whatLine(first[0], first[i])
			}
			return Difference{Place: fmt.Sprintf("%s, column %s", line, cell(first[0], k)), A: x, B: y}
		}
	}
	return Difference{}
}

func readRows(b []byte) ([][]string, error) {
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = -1
	return r.ReadAll()
}

func cell(row []string, k int) string {
	if k < len(row) {
		return row[k]
	}
	return nothing
}

// whatLine says what a line is about.
func whatLine(names, row []string) string {
	for _, wanted := range []string{"step", "arm", "epoch"} {
		for k, name := range names {
			if name == wanted {
				return fmt.Sprintf(" (%s %s)", name, cell(row, k))
			}
		}
	}
	return ""
}

// firstOfJSON names the place of the value by the keys that lead to it.
func firstOfJSON(a, b []byte) Difference {
	first, err := leaves(a)
	if err != nil {
		return Difference{}
	}
	second, err := leaves(b)
	if err != nil {
		return Difference{}
	}
	for i := range max(len(first), len(second)) {
		switch {
		case i >= len(first):
			return Difference{Place: second[i].path, A: nothing, B: second[i].value}
		case i >= len(second):
			return Difference{Place: first[i].path, A: first[i].value, B: nothing}
		case first[i].path != second[i].path:
			if d := (Difference{Place: first[i].path, A: first[i].value, B: nothing}); !hasLeaf(second, first[i].path) {
				return d
			}
			return Difference{Place: second[i].path, A: nothing, B: second[i].value}
		case first[i].value != second[i].value:
			return Difference{Place: first[i].path, A: first[i].value, B: second[i].value}
		}
	}
	return Difference{}
}

func hasLeaf(in []leaf, path string) bool {
	for _, l := range in {
		if l.path == path {
			return true
		}
	}
	return false
}

// leaf is a value in a JSON text, a list of plain values counting as one.
type leaf struct{ path, value string }

// leaves lists the values in the order of the text.
func leaves(text []byte) ([]leaf, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var out []leaf
	err := appendLeaves(decoder, "", &out)
	return out, err
}

func appendLeaves(d *json.Decoder, path string, out *[]leaf) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return err
	}
	inner := json.NewDecoder(bytes.NewReader(raw))
	inner.UseNumber()
	start, err := inner.Token()
	if err != nil {
		return err
	}
	switch start {
	case json.Delim('{'):
		for inner.More() {
			key, err := inner.Token()
			if err != nil {
				return err
			}
			if err := appendLeaves(inner, strings.TrimPrefix(path+" / "+fmt.Sprint(key), " / "), out); err != nil {
				return err
			}
		}
	case json.Delim('['):
		for i := 1; inner.More(); i++ {
			var element json.RawMessage
			if err := inner.Decode(&element); err != nil {
				return err
			}
			if element[0] != '{' && element[0] != '[' {
				*out = append(*out, leaf{path, compact(raw)})
				return nil
			}
			var named struct{ Name string }
			if json.Unmarshal(element, &named) != nil || named.Name == "" {
				named.Name = strconv.Itoa(i)
			}
			if err := appendLeaves(json.NewDecoder(bytes.NewReader(element)), path+" / "+named.Name, out); err != nil {
				return err
			}
		}
	default:
		*out = append(*out, leaf{path, compact(raw)})
	}
	return nil
}

func compact(raw []byte) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// firstOfNPZ names the array and the element.
func firstOfNPZ(a, b []byte) Difference {
	first, err := npz.ReadFrom(bytes.NewReader(a), int64(len(a)))
	if err != nil {
		return Difference{}
	}
	second, err := npz.ReadFrom(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return Difference{}
	}
	for i := range min(len(first), len(second)) {
		x, y := first[i], second[i]
		if x.Name != y.Name || fmt.Sprint(x.Shape) != fmt.Sprint(y.Shape) {
			return Difference{Place: fmt.Sprintf("array %d", i+1), A: fmt.Sprintf("%s %v", x.Name, x.Shape), B: fmt.Sprintf("%s %v", y.Name, y.Shape)}
		}
		for k := range min(len(x.Float32), len(y.Float32)) {
			if math.Float32bits(x.Float32[k]) != math.Float32bits(y.Float32[k]) {
				return Difference{Place: fmt.Sprintf("array %s, element %v", x.Name, position(k, x.Shape)), A: fmt.Sprint(x.Float32[k]), B: fmt.Sprint(y.Float32[k])}
			}
		}
	}
	return Difference{}
}

// position is where in an array of the given shape its k-th element is, counted from 0.
func position(k int, shape []int) []int {
	out := make([]int, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = k % shape[i]
		k /= shape[i]
	}
	return out
}

// runRecords are the files that a finished run leaves.
var runRecords = []string{stepsFile, epochsFile, reconstructionsFile, resultFile}

// compareRuns finds where the records of a run differ between two folders, once for each file.
func compareRuns(a, b string, id runID) ([]Difference, error) {
	var out []Difference
	for _, file := range runRecords {
		d, err := compareFiles(filepath.Join(runFolder(a, id.arm, id.seed), file), filepath.Join(runFolder(b, id.arm, id.seed), file))
		if err != nil {
			return nil, err
		}
		if d != nil {
			d.Run = id.String()
			out = append(out, *d)
		}
	}
	return out, nil
}
