package names

import "strings"

// Column is a name as a column of a CSV file begins with it. Different names give different texts. Control characters are
// escaped, so that a line stays a line, and what a spreadsheet would run (=, +, -, @ at the start) follows an apostrophe, as
// OWASP advises against CSV injection (https://owasp.org/www-community/attacks/CSV_Injection).
func Column(name string) string {
	if name == "" {
		return name
	}
	if strings.ContainsAny(name[:1], "=+-@'") {
		name = "'" + name
	}
	if escaped := Escaped(name); escaped != name || strings.Contains(name, `\`) {
		return Escaped(strings.ReplaceAll(name, `\`, `\\`)) // so that an escape is not taken for what is written like it
	}
	return name
}
