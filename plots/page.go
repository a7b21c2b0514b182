package plots

import (
	"bytes"
	_ "embed" // for the page's template, style and script
	"encoding/base64"
	"html/template"
	"image/png"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"

	"dcae/training/files"
)

// Page is an answer as one HTML file that needs no other file and no network: pictures are data URIs, style and script are
// inline. Every field may be empty; parts without content are left out. All text is plain text and is escaped.
//
// The page reads without JavaScript; with it tables sort by a click on a column's head, and code can be copied with a button.
type Page struct {
	Title    string   // of the browser's window; default the question
	Question string   // the headline
	Answer   string   // one or two sentences with the numbers that carry them; line breaks are kept
	Facts    []Fact   // what it rests on at a glance: data, seeds, length
	Evidence []string // findings that support the answer, a sentence each
	Codes    []Code
	Pictures []Picture
	Curves   Curves
	Tables   []Table
	Command  string   // the exact command that makes all of this again
	Notes    []string // limits, attributions
}

// Fact is a labelled value, such as "seeds" and "1 to 5".
type Fact struct{ Label, Value string }

// Code is text to copy, such as a repaired model in Keras.
type Code struct{ Title, Text string }

// Picture is a PNG with its explanation.
type Picture struct {
	Title   string
	File    string // the same picture beside the page, named below it; may be empty
	PNG     []byte
	Caption string // what to look for
	Alt     string // what it shows, for those who do not see it; default title and caption
}

// Table is rows of text under named columns.
type Table struct {
	Title, Caption string
	Columns        []Column
	Rows           [][]string // one cell a column; "" for what was not measured
}

// Column is the head of a table's column.
type Column struct {
	Name, Unit string
	// Numeric aligns the cells right and sorts them by the number they begin with ("3/5" is 0.6, "0.31 ± 0.02" is 0.31, "inf"
	// is infinite). Cells without one, such as "NaN" and "–", come last in either direction.
	Numeric bool
}

var (
	//go:embed page.html.tmpl
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
)

// IsPage tells whether the text of a file begins as that of every page does.
func IsPage(text []byte) bool {
	head, _, _ := strings.Cut(pageHTML, "{{")
	return bytes.HasPrefix(text, []byte(head))
}

// Save writes the page to a file. A file of that name is replaced as a whole or not at all. It fails if a table's row has another number
// of cells than the table has columns, or if the file cannot be written.
func (p Page) Save(path string) error {
	return files.Write(path, func(out files.File) error { return errors.WithMessage(p.Render(out), path) })
}

// Render writes the page as HTML. It reports rows whose cells do not match the columns and pictures that are no PNG.
func (p Page) Render(w io.Writer) error {
	view := pageView{Page: p, CSS: template.CSS(pageCSS), JS: template.JS(pageJS), CurveData: p.Curves.json()}
	if view.CurveData != nil {
		view.CSS, view.JS = template.CSS(PageCSS()), template.JS(pageJS+ChartsJS()+pageCurvesJS)
	}
	if view.Title == "" {
		view.Title = p.Question
	}
	for i, picture := range p.Pictures {
		v, err := picture.view()
		if err != nil {
			return errors.WithMessagef(err, "picture %d %q", i, picture.Title)
		}
		view.Pictures = append(view.Pictures, v)
	}
	for i, table := range p.Tables {
		if len(table.Rows) == 0 { // a head over nothing
			continue
		}
		v, err := table.view()
		if err != nil {
			return errors.WithMessagef(err, "table %d %q", i, table.Title)
		}
		view.Tables = append(view.Tables, v)
	}
	var page bytes.Buffer // a failing template leaves nothing half-written
	if err := pageTemplate.Execute(&page, view); err != nil {
		return errors.Wrap(err, "filling in the page")
	}
	_, err := page.WriteTo(w)
	return errors.Wrap(err, "writing the page")
}

// pageView is what the template sees.
type pageView struct {
	Page
	CSS       template.CSS
	JS        template.JS
	Pictures  []pictureView
	Tables    []tableView
	CurveData any // nil: there are none
}

type pictureView struct {
	Picture
	URI           template.URL
	Width, Height int // in CSS pixels
}

func (p Picture) view() (pictureView, error) {
	config, err := png.DecodeConfig(bytes.NewReader(p.PNG))
	if err != nil {
		return pictureView{}, errors.Wrap(err, "reading it as PNG")
	}
	if p.Alt == "" {
		p.Alt = strings.TrimSpace(p.Title + ". " + p.Caption)
	}
	return pictureView{
		Picture: p,
		URI:     template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(p.PNG)),
		Width:   max(1, config.Width/pixelsPerUnit), Height: max(1, config.Height/pixelsPerUnit),
	}, nil
}

type tableView struct {
	Table
	Body [][]cellView
}

// cellView is a cell with what to sort it by, empty if it has no number. A short one is not broken into lines.
type cellView struct {
	Text, Key      string
	Numeric, Short bool
}

const shortCell = 32 // characters

func (t Table) view() (tableView, error) {
	view := tableView{Table: t}
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return view, errors.Errorf("row %d has %d cells for %d columns", i, len(row), len(t.Columns))
		}
		cells := make([]cellView, len(row))
		for j, text := range row {
			cells[j] = cellView{Text: text, Numeric: t.Columns[j].Numeric, Short: utf8.RuneCountInString(text) <= shortCell}
			if v := leadingNumber(text); cells[j].Numeric && !math.IsNaN(v) {
				cells[j].Key = strconv.FormatFloat(v, 'g', -1, 64)
			}
		}
		view.Body = append(view.Body, cells)
	}
	return view, nil
}

// leadingNumber returns the number that a cell begins with, a fraction as its quotient; NaN if there is none.
func leadingNumber(cell string) float64 {
	cell = strings.NewReplacer("−", "-", "∞", "inf").Replace(strings.TrimSpace(cell))
	v, rest := cutNumber(cell)
	if below, ok := strings.CutPrefix(rest, "/"); ok {
		if n, _ := cutNumber(below); !math.IsNaN(n) {
			return v / n
		}
	}
	return v
}

// cutNumber splits the longest number off the beginning of s. Commas between digits group thousands.
func cutNumber(s string) (v float64, rest string) {
	for end := len(s); end > 0; end-- {
		v, err := strconv.ParseFloat(strings.ReplaceAll(s[:end], ",", ""), 64)
		if err == nil || math.IsInf(v, 0) { // too large a number is infinite
			return v, s[end:]
		}
	}
	return math.NaN(), s
}
