// Package names says what becomes of a name that a file gives, of a layer, say, where it is printed, recorded or made a
// file's name: such a name may be of any length and hold anything.
package names

import (
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

// ShortWords is a text in which every word, or part of a path, is shown as [Shown] does: names may stand in it.
func ShortWords(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		end := strings.IndexAny(text, " /\\")
		if end < 0 {
			end = len(text)
		}
		b.WriteString(Shown(text[:end]))
		if end < len(text) {
			b.WriteByte(text[end])
			end++
		}
		text = text[end:]
	}
	return b.String()
}

func isVisible(r rune) bool { return r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r) }
