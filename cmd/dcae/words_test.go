package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Damaged files and flags of another kind are told of in plain words, not in those of Go's packages.
func TestMessagesAreInPlainWords(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	model, batch := savedModel(t)
	whole, err := os.ReadFile(batch)
	if err != nil {
		t.Fatal(err)
	}
	broken := []byte(string(whole)) // a byte of the values is another one
	broken[len(broken)/2] ^= 1
	pictures := filepath.Dir(put("a.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"summary", put("a.keras", "no archive")}, "it is no zip archive, or is damaged"},
		{[]string{"data", put("b.npz", string(broken))}, "its checksum is wrong"},
		{[]string{"data", put("c.npz", string(whole[:len(whole)/2]))}, "it is no zip archive, or is damaged"},
		{[]string{"data", pictures}, "it ends too early"},
		{[]string{"train", model, "--epochs", "many"}, `--epochs takes a whole number, not "many"`},
		{[]string{"train", model, "--epochs", "1.5"}, `--epochs takes a whole number, not "1.5"`},
		{[]string{"train", model, "--seed", "-1"}, `--seed takes a whole number from 0 on, not "-1"`},
		{[]string{"train", model, "--lr", "fast"}, `--lr takes a number, not "fast"`},
		{[]string{"train", model, "--resume=perhaps"}, `--resume takes true or false, not "perhaps"`},
		{[]string{"train", model, "--batch", "99999999999999999999"}, `--batch takes a whole number, not "99999999999999999999"`},
	} {
		code, out, errs := call(c.args...)
		if code == 0 || out != "" || !strings.Contains(errs, c.want) || strings.Contains(errs, "EOF") || strings.Contains(errs, "strconv") || strings.Contains(errs, "zip:") {
			t.Errorf("%q: exit code %d, printed %q, want %q", c.args, code, errs, c.want)
		}
	}
}
