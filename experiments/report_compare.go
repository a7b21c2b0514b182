package experiments

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/pkg/errors"

	"dcae/plots"
	"dcae/training/files"
)

// Comparison is several finished studies, or parts of them, side by side.
type Comparison struct {
	studies []comparedStudy
}

type comparedStudy struct {
	dir        string
	definition *Definition
	arms       []armSummary
}

// Compare reads studies from their folders. It fails if a folder holds no study, or none of whose runs has finished.
func Compare(dirs []string) (*Comparison, error) {
	c := &Comparison{}
	for _, dir := range dirs {
		d, err := ReadDefinition(dir)
		if err != nil {
			return nil, err
		}
		results, err := readResults(dir)
		if err != nil {
			return nil, err
		}
		if len(results) == 0 {
			return nil, errors.Errorf("no run in %s has finished; dcae run continues the study", dir)
		}
		c.studies = append(c.studies, comparedStudy{filepath.Clean(dir), d, d.summarize(results)})
	}
	return c, nil
}

// WriteTable prints a line for each arm, with a column for each study, and below it in what the studies' definitions differ. It fails
// where w does.
func (c *Comparison) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, s := range c.studies {
		fmt.Fprintf(t, "%d\t%s\n", i+1, s.dir)
	}
	fmt.Fprint(t, "\narm")
	for i := range c.studies {
		fmt.Fprintf(t, "\t%d: learned\tmedian FVU (range)", i+1)
	}
	fmt.Fprintln(t)
	for _, name := range c.armNames() {
		fmt.Fprint(t, name)
		for _, s := range c.studies {
			a := s.find(name)
			if a == nil {
				fmt.Fprint(t, "\t-\t")
				continue
			}
			fmt.Fprintf(t, "\t%d/%d\t%s (%s to %s)", a.learned, len(a.results), figure(a.fvu), figure(a.spread.Low), figure(a.spread.High))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return errors.Wrap(err, "printing the comparison")
	}
	for i, s := range c.studies[1:] {
		for _, difference := range c.studies[0].definition.differences(s.definition) {
			fmt.Fprintf(w, "1 and %d differ in %s\n", i+2, difference)
		}
	}
	return nil
}

// CheckOutput tells why a comparison cannot be saved as NAME.html, with its picture NAME.png; nil if it can.
func CheckOutput(path string) error {
	isPage := func() bool {
		b, err := files.ReadFile(path)
		return err == nil && plots.IsPage(b)
	}
	if err := files.CheckOutput(path, isPage); err != nil {
		return err
	}
	return files.CheckOutput(comparisonPicture(path), isPage) // which goes with the page
}

// comparisonPicture is the picture beside a page.
func comparisonPicture(path string) string { return strings.TrimSuffix(path, ".html") + ".png" }

// Save draws the comparison as a page, see [CheckOutput].
func (c *Comparison) Save(path string) error {
	if err := CheckOutput(path); err != nil {
		return err
	}
	chart := plots.DotChart{Title: "Studies side by side", XLabel: quantityNamed(testFVU).label, XMax: 2, Categories: outcomeNames(), NoteTitle: "learned",
		References: []plots.Reference{{Label: "mean image", Y: 1}}}
	for _, name := range c.armNames() {
		group := plots.DotGroup{Title: name}
		for _, s := range c.studies {
			a := s.find(name)
			if a == nil {
				continue
			}
			row := plots.DotRow{Name: s.dir, Note: fmt.Sprintf("%d/%d", a.learned, len(a.results))}
			for _, r := range a.results {
				row.Dots = append(row.Dots, plots.Dot{Value: r.Test.FVU, Category: string(r.Outcome)})
			}
			group.Rows = append(group.Rows, row)
		}
		chart.Groups = append(chart.Groups, group)
	}
	dots, err := plots.Dots(chart)
	if err != nil {
		return err
	}
	p := page{Page: plots.Page{Question: "How do these studies compare?", Command: "dcae compare " + strings.Join(c.dirs(), " ")}}
	defer p.out.Discard()
	for i, s := range c.studies {
		p.Facts = append(p.Facts, plots.Fact{Label: s.dir, Value: fmt.Sprintf("%s: %s", s.definition.Name, s.definition.subtitle(s.definition.seeds()))})
		if i > 0 {
			for _, difference := range c.studies[0].definition.differences(s.definition) {
				p.Notes = append(p.Notes, fmt.Sprintf("%s and %s differ in %s.", c.studies[0].dir, s.dir, difference))
			}
		}
	}
	if err := p.add(filepath.Dir(path), filepath.Base(comparisonPicture(path)), dots, "Every run", "A dot for each seed, the bar at the median."); err != nil {
		return err
	}
	return p.save(path)
}

func (c *Comparison) dirs() []string {
	var out []string
	for _, s := range c.studies {
		out = append(out, s.dir)
	}
	return out
}

// armNames are those of all studies, in order of appearance.
func (c *Comparison) armNames() []string {
	var out []string
	for _, s := range c.studies {
		for _, a := range s.arms {
			if len(a.results) > 0 && !slices.Contains(out, a.name()) {
				out = append(out, a.name())
			}
		}
	}
	return out
}

func (s comparedStudy) find(arm string) *armSummary {
	for i, a := range s.arms {
		if a.name() == arm && len(a.results) > 0 {
			return &s.arms[i]
		}
	}
	return nil
}

// differences says in what two studies differ that bears on their results.
func (d *Definition) differences(o *Definition) []string {
	var out []string
	add := func(what string, a, b any) {
		if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y {
			out = append(out, fmt.Sprintf("%s: %s and %s", what, x, y))
		}
	}
	add("kernels", d.Kernels, o.Kernels)
	add("number of their bits", d.Bits, o.Bits)
	add("data", d.Data.Name, o.Data.Name)
	if d.Data.Name == o.Data.Name {
		add("the images themselves", fmt.Sprintf("%.12s", d.Data.Checksum), fmt.Sprintf("%.12s", o.Data.Checksum))
	}
	add("training images", d.Data.Train, o.Data.Train)
	add("batch", d.Budget.Batch, o.Budget.Batch)
	add("length", d.length(), o.length())
	add("seeds", d.seeds(), o.seeds())
	return out
}
