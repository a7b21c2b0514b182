package experiments

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestComparisonOfTwoStudies(t *testing.T) {
	first, err := uninterrupted()
	if err != nil {
		t.Fatal(err)
	}
	s := tiny(t)
	s.Budget.Seeds, s.Budget.Epochs = []uint64{3, 4, 5}, 1
	second, _ := runIn(t, s, 1)
	c, err := Compare([]string{first, second})
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := c.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := c.Save(filepath.Join(dir, "both.html")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "both.html"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, arm := range []string{"relu", "normalized"} {
		if line := lineWith(table.String(), arm); strings.Count(line, "/2 ") != 1 || strings.Count(line, "/3 ") != 1 {
			t.Errorf("the table's line of %s is %q; want one study with two seeds, and one with three", arm, line)
		}
	}
	for what, text := range map[string]string{"the page": page, "the table": table.String()} {
		for _, want := range []string{first, second, "seeds: 1-2 and 3-5", "length: 3 epochs, batch 16 and 1 epoch, batch 16"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%.3000s", what, want, text)
			}
		}
	}
	picture, err := os.Open(filepath.Join(dir, "both.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = picture.Close() }()
	if size, err := png.DecodeConfig(picture); err != nil || size.Width < 400 || size.Height < 200 {
		t.Errorf("the picture is %+v, %v", size, err)
	}
	if err := c.Save(filepath.Join(dir, "none", "both.html")); err == nil {
		t.Error("a page was written to a folder that is not there")
	}
}

func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, word) {
			return line
		}
	}
	return ""
}

func TestStudiesThatCannotBeCompared(t *testing.T) {
	whole, err := uninterrupted()
	if err != nil {
		t.Fatal(err)
	}
	unfinished := t.TempDir()
	b, err := os.ReadFile(filepath.Join(whole, studyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(unfinished, studyFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{unfinished: "has finished", t.TempDir(): "cannot read"} {
		if _, err := Compare([]string{whole, dir}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
