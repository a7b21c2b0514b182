package names

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile are names that a model file, a study or a folder may hold.
var hostile = []string{
	"", "conv2d", "Größe", "a b", "a\nb", "a\x00b", "\x1b[31mred", `conv "first"`, "conv, last", `back\slash`, "back\\nslash", "back\nslash",
	"=1+1", "'=1+1", "+1", "-1", "@SUM(A1)", "'", ".", "..", "...", "../../etc/passwd", "/etc/passwd", `..\..\x`, "C:x", "a:b", "CON", "con.txt", "nul ",
	"COM1", "LPT9.keras", "console", "a.", "a ", "A", "a", ".hidden", "-rf", "~", "a\u202eb", "a\u200bb", "\xff\xfe", "日本語", "a?b*c<d>e|f",
	strings.Repeat("x", 1_000_000), strings.Repeat("日", 300), strings.Repeat("x", 300) + "y", "tab\tbed",
}

func TestShownIsAShortLine(t *testing.T) {
	for _, name := range hostile {
		shown := Shown(name)
		if n := utf8.RuneCountInString(shown); n > longest || !utf8.ValidString(shown) {
			t.Errorf("%.20q becomes %d characters: %q", name, n, shown)
		}
		for _, r := range shown {
			if !isVisible(r) {
				t.Errorf("%.20q: %q is shown", name, r)
			}
		}
	}
	for name, want := range map[string]string{
		"Größe (1)": "Größe (1)", "a\nb": `a\nb`, "a\x00b": `a\x00b`, "\x1b[31m": `\x1b[31m`, "\xff": `\xff`, "a\u202eb": `a\u202eb`,
		strings.Repeat("x", 80): strings.Repeat("x", 80), strings.Repeat("x", 80) + "y": strings.Repeat("x", 59) + "…" + strings.Repeat("x", 19) + "y",
	} {
		if got := Shown(name); got != want {
			t.Errorf("%.90q is shown as %q, want %q", name, got, want)
		}
	}
}

func TestShortWordsKeepsSentencesAndPaths(t *testing.T) {
	long := strings.Repeat("x", 500)
	text := `cannot read /home/me/` + strings.Repeat("folder/", 30) + `a.keras: layer "` + long + `" is missing`
	want := strings.Replace(text, `"`+long+`"`, `"`+long[:58]+"…"+long[:19]+`"`, 1)
	if got := ShortWords(text); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	text = `there is no layer "a", ` + strings.Repeat("nor any that is like it, ", 10) + `as in "b \"c\""; give "d"`
	if got := ShortWords(text); got != text {
		t.Errorf("what stands between names became %s", got)
	}
	if got := ShortWords("a\nb \x1b[31m  c"); got != `a\nb \x1b[31m  c` {
		t.Errorf("got %q", got)
	}
}

func TestColumnsAreDistinctAndHarmless(t *testing.T) {
	seen := map[string]string{}
	for _, name := range hostile {
		column := Column(name)
		if other, ok := seen[column]; ok {
			t.Errorf("%.30q and %.30q are both %.30q", name, other, column)
		}
		seen[column] = name
		if column != "" && strings.ContainsAny(column[:1], "=+-@") || strings.ContainsAny(column, "\n\r\t\x00\x1b") {
			t.Errorf("%.30q becomes %.30q", name, column)
		}
	}
	for _, usual := range []string{"conv2d", "batch_normalization_1", "conv, first", `conv "first"`, "Größe"} {
		if got := Column(usual); got != usual {
			t.Errorf("%s becomes %s", usual, got)
		}
	}
}

func TestFileIsLegalEverywhere(t *testing.T) {
	for _, name := range hostile {
		file := File(name)
		if file == "" || len(file) > longestFile || !filepath.IsLocal(file) || strings.ContainsAny(file, "/\\:*?\"<>|'\x00\n") || strings.HasPrefix(file, ".") ||
			strings.HasSuffix(file, ".") || strings.HasSuffix(file, " ") || reserved.MatchString(file) || !utf8.ValidString(file) {
			t.Errorf("%.30q becomes %q", name, file)
		}
		if again := File(file); again != file {
			t.Errorf("%q becomes %q the second time", file, again)
		}
	}
	for _, usual := range []string{"conv2d", "model-1.2", "my model (2)", "a+b=c", "console", "日本語"} {
		if got := File(usual); got != usual {
			t.Errorf("%s becomes %s", usual, got)
		}
	}
	if a, b := File(strings.Repeat("x", 300)), File(strings.Repeat("x", 301)); a == b {
		t.Errorf("two long names are both %s", a)
	}
	if !SameFile("Arm", "aRM") || SameFile("a", "b") {
		t.Error("case is told apart, or names are not")
	}
}
