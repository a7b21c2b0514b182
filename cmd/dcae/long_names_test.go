package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// mostCharacters is how long a message may be, whatever a file holds.
const mostCharacters = 500

// inArchive is a copy of a zip archive in which one entry is another.
func inArchive(t *testing.T, from, to, entry string, change func(string) string) string {
	t.Helper()
	archive, err := zip.OpenReader(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	var b bytes.Buffer
	w, found := zip.NewWriter(&b), false
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, entry) {
			found = true
			changed := change(string(content))
			if changed == string(content) {
				t.Fatalf("%s: nothing changes in %s", from, entry)
			}
			content = []byte(changed)
		}
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: f.Method})
		if err == nil {
			_, err = e.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil || !found {
		t.Fatalf("%s has no %s, error %v", from, entry, err)
	}
	if err := os.WriteFile(to, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

// A name of 100,000 characters, through every door: no message is longer than a few lines of a screen, and none is empty.
func TestLongNamesMakeShortMessages(t *testing.T) {
	model, batch := savedModel(t)
	torch := "../../models/torch/testdata/tied.pt2"
	for kind, long := range map[string]string{ // what is cut in other names, the test of [names.Shown] tells
		"one word": strings.Repeat("long", 25_000), "many words": strings.Repeat("ein langer/Name, ", 6_000),
	} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			quoted, err := json.Marshal(long)
			if err != nil {
				t.Fatal(err)
			}
			inJSON := strings.Trim(string(quoted), `"`)
			file := func(name string, parts ...string) string {
				t.Helper()
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, []byte(strings.Join(parts, "")), 0o644); err != nil {
					t.Fatal(err)
				}
				return path
			}
			keras := func(name, old, new string) string {
				t.Helper()
				return inArchive(t, model, filepath.Join(dir, name+".keras"), "config.json", func(s string) string { return strings.ReplaceAll(s, old, new) })
			}
			pt2 := func(name, old, new string) string {
				t.Helper()
				return inArchive(t, torch, filepath.Join(dir, name+".pt2"), "models/model.json", func(s string) string { return strings.ReplaceAll(s, old, new) })
			}
			number := 0
			yaml := func(text string) []string {
				t.Helper()
				number++
				return []string{"run", file(fmt.Sprintf("%d.yaml", number), text), "--out", filepath.Join(dir, "run")}
			}
			study := func(head, settings string) []string {
				return yaml(head + "question: Q?\ndata: " + batch + "\nseeds: 1\nbudget: {epochs: 1}\ngroups:\n  - {name: g, control: a, settings: {model: improved" + settings + "}, arms: [{name: a}]}\n")
			}
			trained := filepath.Join(dir, "trained")
			if code, _, errs := call("train", model, "--data", batch, "--epochs", "1", "--quiet", "--out", trained); code != 0 {
				t.Fatal(errs)
			}
			in := func(file, old, new string) string { // a copy of what was trained
				t.Helper()
				number++
				copied := filepath.Join(dir, fmt.Sprintf("trained-%d", number))
				if err := os.CopyFS(copied, os.DirFS(trained)); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(copied, file)
				content := read(t, path)
				if changed := strings.Replace(content, old, new, 1); changed == content {
					t.Fatalf("%s has no %s", file, old)
				} else if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
					t.Fatal(err)
				}
				return copied
			}
			tensors := func(head string) string {
				return string(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))) + head + "\x00\x00\x00\x00"
			}
			program := filepath.Join(dir, "weights", "program.pt2")
			if err := os.CopyFS(filepath.Dir(program), os.DirFS(filepath.Join(dir, "none"))); err == nil {
				t.Fatal("there is nothing to copy")
			}
			if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
				t.Fatal(err)
			}
			inArchive(t, torch, program, "models/model.json", func(s string) string { return s + " " })
			weights := filepath.Join(filepath.Dir(program), "x.safetensors")
			other := filepath.Join(filepath.Dir(program), "y.safetensors")
			for path, head := range map[string]string{weights: `{"` + inJSON + `":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, other: `{"a":{"dtype":"` + inJSON + `","shape":[1],"data_offsets":[0,4]}}`} {
				if err := os.WriteFile(path, []byte(tensors(head)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			npy := func(head string) string {
				head += strings.Repeat(" ", 63-(12+len(head))%64) + "\n"
				return "\x93NUMPY\x02\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(head)))) + head + "\x00\x00\x00\x00"
			}
			archive := func(name, entry, content string) string {
				var b bytes.Buffer
				w := zip.NewWriter(&b)
				e, err := w.Create(entry)
				if err == nil {
					_, err = io.WriteString(e, content)
				}
				if err != nil || w.Close() != nil {
					t.Fatal(err)
				}
				return file(name, b.String())
			}
			argument := strings.ReplaceAll(long, "\x00", "")
			short := long[:min(len(long), 60_000)] // the length of a zip entry's name has 16 bits
			bad := `"units":"` + inJSON + `"`
			for name, args := range map[string][]string{
				"command": {argument}, "flag": {"run", "--" + argument}, "argument": {"run", argument}, "model": {"train", argument}, "summary": {"summary", argument}, "folder": {"plot", argument},
				"compared": {"compare", argument, argument}, "merged": {"merge", argument}, "verified": {"verify", argument}, "bench": {"bench", argument}, "show": {"show", argument}, "graph": {"graph", argument},
				"data": {"data", argument}, "data's": {"train", model, "--data", argument}, "target": {"data", batch, "--target", argument}, "scale": {"data", batch, "--scale", argument}, "resize": {"data", batch, "--resize", argument},
				"holdout": {"data", batch, "--holdout", argument}, "out": {"train", model, "--data", batch, "--out", filepath.Join(dir, argument)}, "optimizer": {"train", model, "--data", batch, "--optimizer", argument},
				"loss": {"diagnose", model, "--data", batch, "--loss", argument}, "part": {"predict", model, "--data", batch, "--out", "y.npz", "--part", argument}, "arms": {"run", "--arms", argument}, "seeds": {"run", "--seeds", argument},
				"task": {"run", "--task", argument}, "epochs": {"run", "--epochs", argument}, "kernels": {"train", model, "--kernels", argument}, "written": {"predict", model, "--data", batch, "--out", argument}, "page": {"compare", trained, trained, "--out", filepath.Join(dir, argument+".html")},
				"trace": {"trace", model, "--data", batch, "--out", filepath.Join(dir, argument+".npz")}, "records": {"diagnose", "--records", argument}, "answer": {"diagnose", model, "--data", batch, "--out", filepath.Join(dir, argument)},

				"class": {"summary", keras("class", `"Dense"`, `"`+inJSON+`"`)}, "setting": {"summary", keras("setting", `"units":1`, bad)}, "initializer": {"summary", keras("initializer", `"Zeros"`, `"`+inJSON+`"`)},
				"activation": {"summary", keras("activation", `"linear"`, `"`+inJSON+`"`)}, "layer": {"train", keras("layer", `"dense"`, `"`+inJSON+`"`), "--data", batch, "--epochs", "1", "--out", filepath.Join(dir, "layer")},
				"timed": {"bench", keras("timed", `"dense"`, `"`+inJSON+`"`)}, "diagnosed": {"diagnose", keras("diagnosed", `"dense"`, `"`+inJSON+`"`), "--data", batch, "--seconds", "1", "--out", filepath.Join(dir, "diagnosed")},
				"traced": {"trace", keras("traced", `"dense"`, `"`+inJSON+`"`), "--data", batch, "--steps", "0", "--out", filepath.Join(dir, "traced.npz")}, "layer's weights": {"summary", keras("weights", `"dense"`, `"`+inJSON+`x"`)},

				"operation": {"summary", pt2("operation", "torch.ops.aten.elu.default", inJSON)}, "node": {"summary", pt2("node", `"elu"`, `"`+inJSON+`"`)}, "parameter": {"summary", pt2("parameter", `"p_`, `"`+inJSON+`p_`)},
				"weights": {"summary", weights}, "type": {"summary", other},

				"study": study("name: "+string(quoted)+"\n", ""), "key": study("name: s\n"+string(quoted)+": 1\n", ""), "question": study("name: s\nquestion: "+string(quoted)+"\n", ""), "yaml setting": study("name: s\n", ", "+string(quoted)+": 1"),
				"yaml value": study("name: s\n", ", activation: "+string(quoted)), "yaml optimizer": study("name: s\n", ", optimizer: "+string(quoted)), "yaml number": study("name: s\n", ", width: "+string(quoted)), "yaml scale": study("name: s\nscale: "+string(quoted)+"\n", ""),
				"arm": yaml("name: s\nquestion: Q?\ngroups:\n  - {name: g, control: a, settings: {model: improved}, arms: [{name: " + string(quoted) + "}]}\n"), "group": yaml("name: s\nquestion: Q?\ngroups:\n  - {name: " + string(quoted) + ", control: a, settings: {model: improved}, arms: [{name: b}]}\n"),
				"control": yaml("name: s\nquestion: Q?\ngroups:\n  - {name: g, control: " + string(quoted) + ", settings: {model: improved}, arms: [{name: b}]}\n"), "yaml model": yaml("name: s\nquestion: Q?\ngroups:\n  - {name: g, control: a, settings: {model: " + string(quoted) + "}, arms: [{name: a}]}\n"),
				"anchor": study("name: s\n", ", width: *"+strings.Map(letter, long)), "yaml": yaml(long), "yaml list": yaml("[" + string(quoted)), "yaml data": yaml("name: s\nquestion: Q?\ndata: " + string(quoted) + "\ngroups:\n  - {name: g, control: a, settings: {model: improved}, arms: [{name: a}]}\n"),

				"array": {"data", archive("array.npz", short+".npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"))}, "entry": {"data", archive("entry.npz", short, "")}, "descr": {"data", file("descr.npy", npy("{'descr': '"+long+"', 'fortran_order': False, 'shape': (1,), }"))},
				"header": {"data", file("header.npy", npy("{'"+long+"': '<f4', 'fortran_order': False, 'shape': (1,), }"))}, "shape": {"data", file("shape.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': ("+strings.Repeat("1,", 50_000)+"), }"))},
				"csv header": {"data", file("header.csv", "a,", long, "\n1,2\n")}, "csv cell": {"data", file("cell.csv", "a,b\n1,2\n1,", long, "\n")}, "csv row": {"data", file("row.csv", "a,b\n1,2\n1,2,", long, "\n")},

				"definition": {"plot", in("study.json", `"format"`, `"`+inJSON+`": 1, "format"`)}, "recorded arm": {"plot", in("study.json", `"name": "small"`, `"name": "`+inJSON+`"`)}, "recorded control": {"plot", in("study.json", `"control": "small"`, `"control": "`+inJSON+`"`)},
				"recorded layer": {"plot", in("study.json", `"name": "dense"`, `"name": "`+inJSON+`"`)}, "outcome": {"plot", in("runs/small/seed-1/result.json", `"outcome": "`, `"outcome": "`+inJSON)}, "column": {"plot", in("runs/small/seed-1/steps.csv", "loss", strings.ReplaceAll(strings.Map(letter, long), ",", ""))},
				"cell": {"plot", in("runs/small/seed-1/steps.csv", "\n1,", "\n"+strings.Map(letter, long)+",")}, "recorder": {"verify", in("study.json", `"format"`, `"recorded_by": "`+inJSON+`", "format"`)}, "compared records": {"compare", trained, in("study.json", `"sha256": "`, `"sha256": "`+inJSON)},
			} {
				if (args[0] == "bench" || name == "diagnosed") && kind != "many words" {
					continue // they take seconds
				}
				code, out, errs := call(args...)
				if n := utf8.RuneCountInString(errs); n > mostCharacters && code != 0 || code != 0 && (n < 20 || strings.Count(strings.TrimRight(errs, "\n"), "\n") > 0 && !strings.HasPrefix(errs, "warning")) {
					t.Errorf("%s: exit code %d, %d characters: %.700s", name, code, n, errs)
				}
				if code == 0 && utf8.RuneCountInString(out) > 30_000 {
					t.Errorf("%s: %d characters are printed: %.300s", name, len(out), out)
				}
			}
		})
	}
}

// letter is a rune as YAML and CSV take it without quotes.
func letter(r rune) rune {
	if r > ' ' && r != ',' && r != '"' && r != '/' {
		return r
	}
	return 'x'
}
