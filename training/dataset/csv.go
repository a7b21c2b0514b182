package dataset

import (
	"bufio"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// isTable tells whether a file's name says that it holds a table of numbers as text.
func isTable(name string) bool {
	return slices.Contains([]string{".csv", ".tsv"}, strings.ToLower(filepath.Ext(name)))
}

// tableLimit bounds the decoded values of a table.
const tableLimit = 1 << 30

// The names of columns that hold no measurements.
var (
	indexColumns = []string{"", "unnamed: 0", "index", "id"}
	labelColumns = []string{"label", "labels", "class", "target", "y"}
)

// table is what a text file of rows and columns holds.
type table struct {
	columns []string // names; "column 3" where there is no header
	skip    []bool   // columns that are passed over
	rows    int
	values  []byte // float32 of the columns that are kept, row by row
}

// openTable reads a .csv or .tsv file: a sample in each row, with or without a header; an empty cell is NaN. A first column that only
// counts rows, and a column of labels, by their names, are passed over with a note.
func openTable(name string, note func(format string, args ...any)) (source, error) {
	file, err := os.Open(name)
	if err != nil {
		return source{}, errors.WithStack(err)
	}
	defer func() { _ = file.Close() }()
	t, err := readTable(bufio.NewReaderSize(file, 1<<18))
	if err != nil {
		return source{}, err
	}
	kept := 0
	for i, skip := range t.skip {
		if skip {
			note("Column %q holds no measurements, and is passed over.", t.columns[i])
			continue
		}
		kept++
	}
	f := format{n: t.rows, shape: Shape{1, kept, 1}, kind: kindFloat32}
	at := 0
	return source{format: f, axes: []int{t.rows, kept}, next: func(dst []byte) error {
		copy(dst, t.values[at*len(dst):])
		at++
		return nil
	}}, nil
}

func readTable(r *bufio.Reader) (table, error) {
	var t table
	head, err := r.Peek(4096)
	if err != nil && err != io.EOF {
		return t, errors.Wrap(err, "can't be read")
	}
	text, marked := strings.CutPrefix(string(head), byteOrderMark)
	if marked {
		_, _ = r.Discard(len(byteOrderMark)) // which was read
	}
	line, rest, _ := strings.Cut(text, "\n")
	for strings.HasPrefix(line, "#") {
		line, rest, _ = strings.Cut(rest, "\n")
	}
	reader := csv.NewReader(r)
	reader.ReuseRecord, reader.Comment, reader.Comma = true, '#', separatorOf(strings.TrimSuffix(line, "\r"))
	reader.TrimLeadingSpace = reader.Comma != ' '
	for {
		record, err := reader.Read()
		if err == io.EOF {
			break
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := reader.FieldPos(0)
			return t, errors.Errorf("line %d has another number of cells (%d) than the lines before it (%d)", line, len(record), reader.FieldsPerRecord)
		}
		if err != nil {
			return t, errors.Wrap(err, "no table of numbers")
		}
		if t.columns == nil {
			if t.header(record) {
				continue
			}
		}
		if err := t.add(record); err != nil {
			line, _ := reader.FieldPos(0)
			return t, errors.WithMessagef(err, "line %d", line)
		}
	}
	if t.rows == 0 || !slices.Contains(t.skip, false) {
		return t, errors.New("the table holds no numbers")
	}
	return t, nil
}

// byteOrderMark begins what some programs write as UTF-8.
const byteOrderMark = "\ufeff"

// separatorOf is what stands between the cells of a line: a comma where there is one, else a semicolon, a tab or a space.
func separatorOf(line string) rune {
	for _, separator := range ",;\t " {
		if strings.ContainsRune(line, separator) {
			return separator
		}
	}
	return ','
}

// header takes the names of columns from the first row, and tells whether it holds names.
func (t *table) header(record []string) bool {
	names := false
	for _, cell := range record {
		if _, err := parseCell(cell); err != nil {
			names = true
		}
	}
	t.skip = make([]bool, len(record))
	for i, cell := range record {
		if !names {
			t.columns = append(t.columns, "column "+strconv.Itoa(i+1))
			continue
		}
		t.columns = append(t.columns, strings.Clone(cell))
		lower := strings.ToLower(strings.TrimSpace(cell))
		t.skip[i] = i == 0 && slices.Contains(indexColumns, lower) || slices.Contains(labelColumns, lower)
	}
	return names
}

func (t *table) add(record []string) error {
	for i, cell := range record {
		if t.skip[i] {
			continue
		}
		v, err := parseCell(cell)
		if err != nil {
			return errors.Errorf("column %q holds %.40q, which is no number: leave the column out, or replace its values by numbers", t.columns[i], cell)
		}
		bits := math.Float32bits(v)
		t.values = append(t.values, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	if len(t.values) > tableLimit {
		return errors.Errorf("the table is larger than %d MB decoded: save it as .npy", tableLimit>>20)
	}
	t.rows++
	return nil
}

func parseCell(cell string) (float32, error) {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return float32(math.NaN()), nil
	}
	v, err := strconv.ParseFloat(cell, 32)
	if err != nil && errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return float32(v), err
}
