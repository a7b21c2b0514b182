// Package names says what becomes of a name that a file gives, of a layer, say, where it is printed, recorded or made a
// file's name: such a name may be of any length and hold anything.
package names

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how many characters of a name are shown.
const longest = 80

// Shown is a name as messages, tables and pictures show it: control characters and others that nobody sees are escaped as in
// Go (\n, \x00, \u202e), and of more than 80 characters the middle is left out.
func Shown(name string) string {
	cut, short := name, false
	if len(name) > 4*longest { // a character has at most 4 bytes
		cut, short = name[:4*longest], true
	}
	escaped := Escaped(cut)
	if n := utf8.RuneCountInString(escaped); n <= longest && !short {
		return escaped
	}
	runes, end := []rune(escaped), []rune(Escaped(name[max(0, len(name)-4*longest):]))
	const tail = 20
	return string(runes[:min(len(runes), longest-tail-1)]) + "…" + string(end[max(0, len(end)-tail):])
}

// Escaped is a text with its control characters, and others that nobody sees, escaped as in Go. It is the text itself if there are none.
func Escaped(text string) string { return escaped(text, "") }

// EscapedLines is Escaped but for the ends of lines and tabs, which stay.
func EscapedLines(text string) string { return escaped(text, "\n\t") }

func escaped(text, kept string) string {
	isKept := func(r rune) bool { return isVisible(r) || strings.ContainsRune(kept, r) }
	clean := true
	for _, r := range text {
		clean = clean && r != utf8.RuneError && isKept(r)
	}
	if clean {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(text[0])+0x100, 16)[1:])
		case isKept(r):
			b.WriteString(text[:n])
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[n:]
	}
	return b.String()
}

// longestPath is how many characters of a path are shown.
const longestPath = 300

// ShortWords is a text in which every word, what stands in double quotes, and every part of a path is shown as [Shown] does, and a path is cut in the same
// way where it has more than 300 characters: names may stand in it.
func ShortWords(text string) string {
	text = quoted.ReplaceAllStringFunc(text, func(q string) string { return `"` + Shown(q[1:len(q)-1]) + `"` })
	var b strings.Builder
	for text != "" {
		word, rest, more := strings.Cut(text, " ")
		b.WriteString(shortened(shortParts(word), longestPath))
		if more {
			b.WriteByte(' ')
		}
		text = rest
	}
	return b.String()
}

// quoted is what %q makes of a text, also of a short one: what stands between two of them is no name.
var quoted = regexp.MustCompile(`"(\\.|[^"\\])*"`)

// shortParts is a word in which every part of a path is shown as Shown does.
func shortParts(word string) string {
	var b strings.Builder
	for {
		end := strings.IndexAny(word, `/\`)
		if end < 0 {
			break
		}
		b.WriteString(Shown(word[:end]))
		b.WriteByte(word[end])
		word = word[end+1:]
	}
	b.WriteString(Shown(word))
	return b.String()
}

// shortened leaves out what is in the middle of a text of too many characters.
func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes, tail := []rune(text), most/4
	return string(runes[:most-tail-1]) + "…" + string(runes[len(runes)-tail:])
}

// Line is a text in which names may stand as one short line: see [ShortWords]. One of more than 2000 characters, which some name makes so long, is cut to
// 480: a message that lists all that is wrong with a model may have a thousand.
func Line(text string) string {
	if text = ShortWords(text); utf8.RuneCountInString(text) > 2000 {
		text = shortened(text, 480)
	}
	return text
}

func isVisible(r rune) bool { return r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r) }
