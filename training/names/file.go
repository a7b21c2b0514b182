package names

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
)

// longestFile bounds a file's name: file systems take 255 bytes, and endings are added.
const longestFile = 100

// reserved are the names that Windows keeps for devices, with any ending
// (https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
var reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)`)

// File is a name as a file or a folder has it: legal on Linux, macOS and Windows, with no way out of the folder that it is in, and
// seen there. It begins with a letter, a digit or an underscore; then come letters, digits, spaces and . _ + = - ( ), every other
// character as an underscore. A name like that is its own. The end of a long one is a hash of it.
func File(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case i > 0 && strings.ContainsRune(" ._+=-()", r):
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	out := strings.ToValidUTF8(b.String(), "_")
	if kept := strings.TrimRight(out, " ."); kept != out || out == "" {
		out = kept + "_"
	}
	if reserved.MatchString(out) {
		out = "_" + out
	}
	if len(out) > longestFile {
		sum := sha256.Sum256([]byte(name))
		out = strings.ToValidUTF8(out[:longestFile-13], "") + "-" + hex.EncodeToString(sum[:6])
	}
	return out
}

// SameFile tells whether two files' names are one on a file system that does not tell case apart.
func SameFile(a, b string) bool { return strings.EqualFold(a, b) }
