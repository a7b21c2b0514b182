package theory

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/plots"
	"dcae/training/files"
)

// The report: as one page, and as the documentation has it.
const (
	PageFile     = "report.html"
	MarkdownFile = "theory.md"
)

// Question is what the study asks.
const Question = "Does what is measured here agree with what theory predicts?"

// figure is a number with four digits.
func figure(x float64) string {
	if math.IsInf(x, 0) {
		return "–"
	}
	return fmt.Sprintf("%.4g", x)
}

// agreement counts the points and rows within the theory's regime that agree. A row agrees if all its points do.
func (r *Records) agreement() (rows, agreeing, points, of int) {
	for i, row := range Rows() {
		if row.Outside {
			continue
		}
		rows++
		all := true
		for k, p := range r.Rows[i].Points {
			of++
			if judge(p.Predicted, r.Rows[i].Values[k]).Agrees {
				points++
			} else {
				all = false
			}
		}
		if all {
			agreeing++
		}
	}
	return rows, agreeing, points, of
}

// Answer says in two sentences what came out.
func (r *Records) Answer() string {
	rows, agreeing, points, of := r.agreement()
	first := fmt.Sprintf("%d of %d predictions hold at all of their points, and %d of %d points, within 5%% or the 95%% interval over %d seeds.", agreeing, rows, points, of, len(r.Seeds))
	var left []string
	for i, row := range Rows() {
		if row.Outside {
			k := r.farthest(i)
			left = append(left, fmt.Sprintf("%s: %s measured where %s is predicted (%s)", row.Name, figure(judge(r.Rows[i].Points[k].Predicted, r.Rows[i].Values[k]).Mean), figure(r.Rows[i].Points[k].Predicted), r.Rows[i].Points[k].Label))
		}
	}
	return first + " Outside of the regime that theory assumes, " + strings.Join(left, "; ") + "."
}

// farthest is the point of a row that is farthest from its prediction.
func (r *Records) farthest(i int) int {
	at, most := 0, -1.0
	for k, p := range r.Rows[i].Points {
		if d := math.Abs(judge(p.Predicted, r.Rows[i].Values[k]).Mean - p.Predicted); d > most {
			at, most = k, d
		}
	}
	return at
}

// cells are a line for each point of a row: what it is, predicted, measured, interval, agreement.
func (r *Records) cells(i int) [][]string {
	var out [][]string
	for k, p := range r.Rows[i].Points {
		v := judge(p.Predicted, r.Rows[i].Values[k])
		agrees := "no"
		if v.Agrees {
			agrees = "yes"
		}
		out = append(out, []string{p.Label, figure(p.Predicted), figure(v.Mean), figure(v.Interval.Low) + " to " + figure(v.Interval.High), agrees})
	}
	return out
}

// WriteTable prints the table of predictions, and what came out. It fails where w does.
func (r *Records) WriteTable(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%-58s  %10s  %10s  %-24s  %s\n", "", "predicted", "measured", "95% interval over seeds", "agrees")
	for i, row := range Rows() {
		name := row.Name
		if row.Outside {
			name += " (outside of the regime)"
		}
		fmt.Fprintf(w, "%s\n", name)
		for _, c := range r.cells(i) {
			fmt.Fprintf(w, "  %-56s  %10s  %10s  %-24s  %s\n", c[0], c[1], c[2], c[3], c[4])
		}
	}
	fmt.Fprintf(w, "\n%s\n", r.Answer())
	return errors.Wrap(err, "printing the table")
}

// Draw makes the pictures, the page and its Markdown in the folder of the records. It fails where one cannot be written.
func (r *Records) Draw(dir string) error {
	page := plots.Page{
		Title: "theory: " + Question, Question: Question, Answer: r.Answer(),
		Facts: []plots.Fact{
			{Label: "study", Value: "theory"}, {Label: "seeds", Value: fmt.Sprint(len(r.Seeds))}, {Label: "kernels", Value: fmt.Sprintf("%s, bits number %d", r.Kernels, r.Bits)},
		},
		Command: "dcae run theory",
		Notes: []string{
			"A point agrees if the mean over the seeds is within 5% of the prediction (0.01 where that is 0), or if Student's 95% interval over the seeds holds it.",
			"Images: MNIST of Yann LeCun, Corinna Cortes and Christopher J. C. Burges, CC BY-SA 3.0.",
		},
	}
	for i, row := range Rows() {
		t := plots.Table{Title: row.Name, Caption: strings.Join(row.paragraphs(), " "), Columns: []plots.Column{
			{Name: "point"}, {Name: "predicted", Numeric: true}, {Name: "measured", Numeric: true}, {Name: "95% interval"}, {Name: "agrees"},
		}, Rows: r.cells(i)}
		page.Tables = append(page.Tables, t)
		picture, err := r.picture(i, row)
		if err != nil {
			return errors.WithMessage(err, row.Name)
		}
		file := row.Name + ".png"
		var png bytes.Buffer
		if err := picture.WritePNG(&png); err != nil {
			return err
		}
		if err := files.WriteBytes(filepath.Join(dir, file), png.Bytes()); err != nil {
			return err
		}
		page.Pictures = append(page.Pictures, plots.Picture{Title: row.Name, File: file, PNG: png.Bytes(), Caption: row.Claim})
	}
	if err := files.WriteBytes(filepath.Join(dir, MarkdownFile), []byte(r.Markdown())); err != nil {
		return err
	}
	return page.Save(filepath.Join(dir, PageFile))
}

// paragraphs say what a row is about.
func (row Row) paragraphs() []string {
	out := []string{"Claim: " + row.Claim, "Source: " + row.Source + ".", "Regime: " + row.Regime}
	if row.Outside {
		out = append(out, "Why it is not so here: "+row.Why)
	}
	return out
}

// picture shows the points of a row with their intervals, and the predictions as a dashed line.
func (r *Records) picture(i int, row Row) (*plots.Figure, error) {
	measured, predicted := plots.Line{Label: "measured, with the 95% interval over seeds", Markers: true}, plots.Line{Label: "predicted", Dashed: true, Markers: row.X == ""}
	c := plots.Chart{Title: row.Name, XLabel: row.X, YLabel: row.Unit}
	if row.X == "" {
		c.XLabel = "point, as numbered in the table"
	}
	order := make([]int, len(r.Rows[i].Points))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row.at(r.Rows[i].Points, a), row.at(r.Rows[i].Points, b)) })
	for _, k := range order {
		v, x := judge(r.Rows[i].Points[k].Predicted, r.Rows[i].Values[k]), row.at(r.Rows[i].Points, k)
		low, high := v.Interval.Low, v.Interval.High
		if math.IsInf(low, 0) || math.IsNaN(low) {
			low, high = v.Mean, v.Mean
		}
		measured.Points, predicted.Points = append(measured.Points, plots.Point{X: x, Y: v.Mean}), append(predicted.Points, plots.Point{X: x, Y: r.Rows[i].Points[k].Predicted})
		measured.Low, measured.High = append(measured.Low, low), append(measured.High, high)
	}
	c.Lines = []plots.Line{measured, predicted}
	return plots.Lines(c)
}

// at is where a point stands on the picture's axis.
func (row Row) at(points []Point, k int) float64 {
	if row.X == "" {
		return float64(k + 1)
	}
	return points[k].X
}

// Markdown is the page of the documentation: a table for each row.
func (r *Records) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Held against theory\n\n`dcae run theory` measures what the literature predicts, and holds both against each other. This page is made from its records (`results/theory/theory.md`).\n\n%s\n\n", r.Answer())
	fmt.Fprintf(&b, "A point agrees if the mean over %d seeds is within 5%% of the prediction (0.01 where that is 0), or if Student's 95%% interval over the seeds holds it; never by eye. Near 1 a factor per layer is within 5%% soon, but over 16 layers that is a factor of 2: look at the intervals, too. Gradient norms are by pre-activations, going back from the last layer, unless a row says otherwise. Of most sources only abstracts could be read while this was written. Where a row does not say otherwise, its formula was derived anew, and is what measurements are held against.\n", len(r.Seeds))
	for i, row := range Rows() {
		title := row.Name
		if row.Outside {
			title += " (outside of the regime)"
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\nMeasured: %s.\n\n| | predicted | measured | 95%% interval | agrees |\n| --- | --- | --- | --- | --- |\n", title, strings.Join(row.paragraphs(), "\n\n"), row.Unit)
		for _, c := range r.cells(i) {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(c, " | "))
		}
	}
	return b.String()
}
