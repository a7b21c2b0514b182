package live

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"

	"github.com/pkg/errors"
)

// longestLine is how long a line of a record may be.
const longestLine = 1 << 20

// feed cuts the text of a record, which grows, into events: the names of its columns first, then whole lines.
type feed struct {
	every   int               // only every so many-th line, and the first; 0: all
	wanted  func(string) bool // which columns; nil: all
	columns []string          // those that are wanted, once they are known
	places  []int             // of these among all; nil: all of them
	fields  int               // that a line has
	lines   int
	rest    []byte // the beginning of a line
}

// take reads on. It returns the columns' names when it comes to them, and the lines that are whole now. It fails for what is no record.
func (f *feed) take(text []byte) (columns []string, lines string, err error) {
	f.rest = append(f.rest, text...)
	end := bytes.LastIndexByte(f.rest, '\n') + 1
	if end == 0 {
		if len(f.rest) > longestLine {
			return nil, "", errors.Errorf("a line has over %d characters: this is no record", longestLine)
		}
		return nil, "", nil
	}
	whole := f.rest[:end]
	if f.columns == nil {
		if whole, err = f.head(whole); err != nil {
			return nil, "", err
		}
		columns = f.columns
	}
	var out strings.Builder
	for line := range bytes.Lines(whole) {
		if f.lines++; f.every > 1 && f.lines%f.every != 1 {
			continue
		}
		f.put(&out, bytes.TrimRight(line, "\r\n"))
	}
	f.rest = append(f.rest[:0], f.rest[end:]...)
	return columns, out.String(), nil
}

// head reads the columns' names, which may hold line breaks in quotes, and returns what comes after.
func (f *feed) head(text []byte) ([]byte, error) {
	r := csv.NewReader(bytes.NewReader(text))
	all, err := r.Read()
	if err != nil && err != io.EOF {
		return nil, errors.Wrap(err, "the head of the record")
	}
	f.fields = len(all)
	for i, name := range all {
		if f.wanted == nil || f.wanted(name) {
			f.columns = append(f.columns, name)
			f.places = append(f.places, i)
		}
	}
	return text[r.InputOffset():], nil
}

// put writes the wanted columns of a line of numbers. A line that lacks some is left out, as readers of records do.
func (f *feed) put(out *strings.Builder, line []byte) {
	if len(f.places) == f.fields {
		if bytes.Count(line, []byte{','}) == f.fields-1 {
			out.Write(line)
			out.WriteByte('\n')
		}
		return
	}
	cells := bytes.Split(line, []byte{','})
	if len(cells) != f.fields {
		return
	}
	for i, place := range f.places {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(cells[place])
	}
	out.WriteByte('\n')
}
