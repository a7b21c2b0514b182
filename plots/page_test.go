package plots

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func rendered(t *testing.T, p Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Render(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements reads HTML as strictly nested elements and returns them with the text right in them.
func elements(t *testing.T, page string) (found []xml.StartElement, text map[string][]string) {
	t.Helper()
	// Style and script are not markup.
	page = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAllString(page, "")
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "link", "img"}, xml.HTMLEntity
	text = map[string][]string{}
	var open []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			return found, text
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			found, open = append(found, e.Copy()), append(open, e.Name.Local)
			text[e.Name.Local] = append(text[e.Name.Local], "")
		case xml.CharData:
			if len(open) > 0 {
				own := text[open[len(open)-1]]
				own[len(own)-1] += string(e)
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

func attribute(e xml.StartElement, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// Nothing on the page leads out of it, names are unique, and what refers to a name finds it.
func TestPageIsSelfContained(t *testing.T) {
	page := rendered(t, fakePage(t))
	if at := regexp.MustCompile(`(?i)https?:|\burl\(|@import|ZgotmplZ`).FindString(page); at != "" {
		t.Errorf("the page has %q", at)
	}
	found, _ := elements(t, page)
	ids := map[string]bool{}
	for _, e := range found {
		if id, ok := attribute(e, "id"); ok {
			if ids[id] {
				t.Errorf("two elements are named %q", id)
			}
			ids[id] = true
		}
	}
	for _, e := range found {
		for _, name := range []string{"href", "src", "aria-labelledby", "aria-describedby"} {
			value, ok := attribute(e, name)
			switch {
			case !ok:
			case name == "src":
				if !strings.HasPrefix(value, "data:image/png;base64,") {
					t.Errorf("a picture comes from %.40q", value)
				}
			case strings.HasPrefix(value, "data:,"):
			case !ids[strings.TrimPrefix(value, "#")]:
				t.Errorf("%s %q leads nowhere", name, value)
			}
		}
		if alt, _ := attribute(e, "alt"); e.Name.Local == "img" && alt == "" {
			t.Error("a picture has no alternative text")
		}
	}
	if *previews != "" {
		if err := os.WriteFile(filepath.Join(*previews, "page.html"), []byte(page), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// Text stays text wherever it stands.
func TestPageEscapes(t *testing.T) {
	const nasty = `</title></style><script>alert("1")</script><img src=x onerror='x()'> & "a" 'b'`
	picture := pngOf(t, small(paragraph{"picture", noteText}), nil)
	page := rendered(t, Page{
		Title: nasty, Question: nasty, Answer: nasty, Facts: []Fact{{nasty, nasty}}, Evidence: []string{nasty}, Codes: []Code{{nasty, nasty}},
		Pictures: []Picture{{Title: nasty, File: nasty, Caption: nasty, Alt: nasty, PNG: picture}},
		Tables:   []Table{{nasty, nasty, []Column{{Name: nasty, Unit: nasty}, {Name: nasty, Numeric: true}}, [][]string{{nasty, nasty}}}},
		Command:  nasty, Notes: []string{nasty},
	})
	found, text := elements(t, page)
	for _, e := range found {
		if _, ok := attribute(e, "onerror"); ok || e.Name.Local == "script" {
			t.Errorf("text became the element %v", e)
		}
	}
	for element, n := range map[string]int{"title": 1, "h1": 1, "p": 2, "dt": 1, "dd": 1, "li": 2, "h2": 3, "figcaption": 1, "code": 3, "th": 2, "span": 1, "td": 2} {
		if got := strings.Count(strings.Join(text[element], ""), nasty); got != n {
			t.Errorf("the text as it was given is %d times in <%s>, want %d", got, element, n)
		}
	}
}

// Parts without content leave no empty heads behind.
func TestEmptyPage(t *testing.T) {
	found, _ := elements(t, rendered(t, Page{Question: "Why?", Tables: []Table{{Title: "Runs", Columns: []Column{{Name: "seed"}}}}}))
	for _, e := range found {
		switch e.Name.Local {
		case "h2", "section", "table", "figure", "ul", "pre", "footer", "dl", "p":
			t.Errorf("the page of a question alone has a %s", e.Name.Local)
		}
	}
}

func TestPageRefusesContradictions(t *testing.T) {
	for _, p := range []Page{
		{Pictures: []Picture{{Title: "loss", PNG: []byte("GIF89a")}}},
		{Tables: []Table{{Title: "runs", Columns: []Column{{Name: "a"}}, Rows: [][]string{{"1", "2"}}}}},
	} {
		var b bytes.Buffer
		if err := p.Render(&b); err == nil || b.Len() > 0 {
			t.Errorf("%+v gives %d bytes and the error %v", p, b.Len(), err)
		}
	}
}

func TestSavePage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	p := Page{Question: "Why?"}
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != rendered(t, p) {
		t.Error("the saved page is not the rendered one")
	}
	bad := Page{Pictures: []Picture{{PNG: nil}}}
	if err := bad.Save(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("saving a page that cannot be rendered gives %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, got) {
		t.Errorf("a failed page replaced the one before: %v", err)
	}
}

func TestLeadingNumber(t *testing.T) {
	nan := math.NaN()
	for cell, want := range map[string]float64{
		"": nan, "–": nan, "NaN": nan, "learned": nan, " 12 ": 12, "0.31 ± 0.02": 0.31, "3/5": 0.6, "0/5": 0, "3/": 3, "1,234": 1234, "1.5e-3": 1.5e-3, "12%": 12,
		"-2": -2, "−0.69 [−0.71, −0.6]": -0.69, "inf": math.Inf(1), "-Inf": math.Inf(-1), "∞": math.Inf(1), "+3": 3, "1e999": math.Inf(1), ".5": 0.5, "5 e": 5,
	} {
		if got := leadingNumber(cell); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q begins with %v, want %v", cell, got, want)
		}
	}
}
