package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"dcae/models/keras/hdf5"
)

// damage changes a file in one of many ways, and says which.
func damage(in, name string, random *rand.Rand) (string, error) {
	path := filepath.Join(in, name)
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	switch random.IntN(20) { // what is no matter of content
	case 0:
		return name + " is a folder", firstOf(os.Remove(path), os.Mkdir(path, 0o755))
	case 1:
		return name + " is a link to another file", firstOf(os.Remove(path), os.Symlink(filepath.Join(in, "foreign", "results.csv"), path))
	case 2:
		return name + " is not there", os.Remove(path)
	case 3:
		return name + " leads to itself", firstOf(os.Remove(path), os.Symlink(path, path))
	case 4:
		return name + " is empty", os.WriteFile(path, nil, 0o644)
	}
	changed := b
	for range 1 + random.IntN(3) {
		changed = damaged(changed, random, 0)
	}
	return fmt.Sprintf("%s: %d of %d bytes left", name, len(changed), len(b)), os.WriteFile(path, changed, 0o644)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// damaged is content that was changed: in a zip archive an entry, of text a word, else bytes.
func damaged(b []byte, random *rand.Rand, depth int) []byte {
	switch {
	case len(b) == 0:
		return []byte{byte(random.IntN(256))}
	case depth == 0 && bytes.HasPrefix(b, []byte("PK")) && random.IntN(4) > 0:
		if again, err := damagedArchive(b, random); err == nil {
			return again
		}
	case bytes.HasPrefix(b, []byte("\x89HDF")) && random.IntN(2) == 0:
		if again, err := damagedHDF5(b, random); err == nil {
			return again
		}
	case isText(b) && random.IntN(5) > 0:
		return damagedText(string(b), random)
	}
	b = bytes.Clone(b)
	at := random.IntN(len(b))
	if random.IntN(2) == 0 {
		at = random.IntN(min(len(b), 200)) // heads matter most
	}
	n := min(1+random.IntN(16), len(b)-at)
	switch random.IntN(6) {
	case 0:
		b[at] ^= 1 << random.IntN(8)
	case 1:
		for i := range n {
			b[at+i] = byte(random.IntN(256))
		}
	case 2:
		for i := range n {
			b[at+i] = [2]byte{0, 255}[random.IntN(2)]
		}
	case 3:
		b = b[:at]
	case 4:
		b = append(b[:at:at], b[at+n:]...)
	case 5:
		b = append(b[:at:at], append(bytes.Repeat(b[at:at+n], 1+random.IntN(200)), b[at:]...)...)
	}
	return b
}

func isText(b []byte) bool { return !bytes.ContainsRune(b[:min(len(b), 1000)], 0) && b[0] < 128 }

// damagedArchive changes, renames, drops or doubles an entry.
func damagedArchive(b []byte, random *rand.Rand) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(archive.File) == 0 {
		return nil, fmt.Errorf("no archive: %w", err)
	}
	chosen, how := random.IntN(len(archive.File)), random.IntN(8)
	if random.IntN(2) == 0 { // what describes the model
		for i, f := range archive.File {
			if strings.HasSuffix(f.Name, ".json") && random.IntN(2) == 0 {
				chosen = i
			}
		}
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i, f := range archive.File {
		name := f.Name
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(io.LimitReader(r, 8<<20))
		if err != nil {
			return nil, err
		}
		times := 1
		if i == chosen {
			switch how {
			case 0:
				times = 0
			case 1:
				times = 2
			case 2:
				name = "../" + name
			default:
				content = damaged(content, random, 1)
			}
		}
		for range times {
			e, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: f.Method})
			if err != nil {
				return nil, err
			}
			if _, err := e.Write(content); err != nil {
				return nil, err
			}
		}
	}
	return out.Bytes(), w.Close()
}

// damagedHDF5 changes a text attribute, a shape or a name somewhere in the file.
func damagedHDF5(b []byte, random *rand.Rand) ([]byte, error) {
	root, err := hdf5.Read(b)
	if err != nil {
		return nil, err
	}
	var all []func()
	attributes := func(list []*hdf5.Attribute) {
		for _, a := range list {
			all = append(all, func() { a.Name = word(random) })
			if texts, ok := a.Data.([]string); ok && len(texts) > 0 {
				i := random.IntN(len(texts))
				change := func() { texts[i] = string(damagedText(texts[i], random)) }
				all = append(all, change)
				if len(texts[i]) > 200 { // what describes the model
					all = append(all, slices.Repeat([]func(){change}, 20)...)
				}
			}
		}
	}
	var walk func(g *hdf5.Group)
	walk = func(g *hdf5.Group) {
		attributes(g.Attributes)
		for _, d := range g.Datasets {
			attributes(d.Attributes)
			all = append(all, func() { d.Name = word(random) }, func() { slices.Reverse(d.Shape) })
		}
		for _, inner := range g.Groups {
			all = append(all, func() { inner.Name = word(random) })
			walk(inner)
		}
	}
	walk(root)
	if len(all) == 0 {
		return nil, fmt.Errorf("nothing in it")
	}
	all[random.IntN(len(all))]()
	return hdf5.Write(root)
}

// word is one that is meant to do harm, without the quotes.
func word(random *rand.Rand) string {
	var text string
	if json.Unmarshal([]byte(words[random.IntN(len(words))]), &text) != nil {
		text = "\xff"
	}
	return text
}

var (
	number = regexp.MustCompile(`-?\d+(\.\d+)?([eE][-+]?\d+)?`)
	quoted = regexp.MustCompile(`"[^"\n]*"`)
)

var numbers = []string{"0", "-1", "1", "2", "1e999", "1e308", "-1e308", "0.5", "1.9", "1048577", "2147483648", "4611686018427387904", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "null", "true", `"x"`, "[]", "{}", "[1,2]", "NaN"}

var words = []string{`""`, `"a\nb"`, `"\u0000"`, `"\u001b[31m"`, `"../../x"`, `"/etc/passwd"`, `"CON"`, `"a."`, `"=1+1"`, `"<script>"`, "null", "0", "[]", "{}", `"` + strings.Repeat("long", 2000) + `"`}

// damagedText replaces a number or a quoted word, or takes out, doubles or moves a line.
func damagedText(text string, random *rand.Rand) []byte {
	replace := func(found [][]int, by string) []byte {
		if len(found) == 0 {
			return []byte(text + by)
		}
		at := found[random.IntN(len(found))]
		return []byte(text[:at[0]] + by + text[at[1]:])
	}
	switch random.IntN(7) {
	case 0, 1:
		return replace(number.FindAllStringIndex(text, 20000), numbers[random.IntN(len(numbers))])
	case 2, 3:
		return replace(quoted.FindAllStringIndex(text, 20000), words[random.IntN(len(words))])
	case 4: // another word of the same file
		all := quoted.FindAllString(text, 20000)
		if len(all) == 0 {
			return []byte(text + text)
		}
		return replace(quoted.FindAllStringIndex(text, 20000), all[random.IntN(len(all))])
	}
	lines := strings.SplitAfter(text, "\n")
	i, k := random.IntN(len(lines)), random.IntN(len(lines))
	switch random.IntN(3) {
	case 0:
		lines = append(lines[:i:i], lines[i+1:]...)
	case 1:
		lines[i] += lines[k]
	case 2:
		lines[i], lines[k] = lines[k], lines[i]
	}
	return []byte(strings.Join(lines, ""))
}
