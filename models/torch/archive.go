// Package torch reads the programs that PyTorch's torch.export.save writes (NAME.pt2): the zip archive, the graph of operations in it, and
// the weights. It makes a [graph.Model] of a program, and writes the trained weights as a .safetensors file that PyTorch loads.
package torch

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/pkg/errors"

	"dcae/models/internal/zipentry"
	"dcae/training/files"
	"dcae/training/plainjson"
)

// Archive is a .pt2 file taken apart.
type Archive struct {
	Weights   []*Tensor // the state_dict, in its order
	Constants []*Tensor // tensors that are no part of it

	// Training is the extra file dcae.json, which says how the program is trained; nil if there is none.
	Training json.RawMessage

	program exportedProgram
}

// Names of entries below the archive's only folder.
const (
	formatName     = "archive_format"
	byteOrderName  = "byteorder"
	modelsFolder   = "models/"
	weightsFolder  = "data/weights/"
	constantFolder = "data/constants/"
	trainingName   = "extra/dcae.json"
)

// Largest sizes of entries once decompressed. A program of 100 operations takes some 100 KB.
const (
	maxProgram  = 16 << 20
	maxConfig   = 16 << 20
	maxTraining = 1 << 20
	maxWeights  = 2 << 30
)

// Open reads the .pt2 file at path.
func Open(path string) (*Archive, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, errors.WithMessagef(err, "cannot read %s", path)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Wrap(err, "torch")
	}
	if info.IsDir() {
		return nil, errors.Errorf("%s is a folder: save the program as one file, with torch.export.save", path)
	}
	a, err := Decode(f, info.Size())
	return a, errors.WithMessage(err, path)
}

// Decode reads a .pt2 file of size bytes. Nothing is unpacked to disk, no pickle is read, and no more memory is used than a fixed multiple of
// the bytes that are really there. It fails if the file is no archive of torch.export.save of PyTorch 2.9 or later, if it holds several
// programs, or if an entry is missing, damaged or too large.
func Decode(r io.ReaderAt, size int64) (*Archive, error) {
	if err := checkHead(r); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errors.Wrap(err, "no readable zip archive, so no .pt2 file, or it is damaged")
	}
	e, err := findEntries(z)
	if err != nil {
		return nil, err
	}
	name, err := e.programName()
	if err != nil {
		return nil, err
	}
	a := &Archive{}
	if err := e.readJSON(modelsFolder+name+".json", maxProgram, &a.program); err != nil {
		return nil, err
	}
	if err := a.program.checkVersion(); err != nil {
		return nil, err
	}
	t := tensorReader{entries: e, budget: expandedValues + size}
	if a.Weights, err = t.read(weightsFolder, name+"_weights_config.json"); err != nil {
		return nil, err
	}
	if a.Constants, err = t.read(constantFolder, name+"_constants_config.json"); err != nil {
		return nil, err
	}
	if e.files[trainingName] != nil {
		err = e.readJSON(trainingName, maxTraining, &a.Training)
	}
	return a, err
}

// checkHead recognizes what is no zip archive, but often mistaken for a program.
func checkHead(r io.ReaderAt) error {
	head := make([]byte, 4)
	n, _ := r.ReadAt(head, 0) // a file too short for it is no zip either
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("\x89HDF")):
		return errors.New("this is an HDF5 file (.h5), not a .pt2 file")
	case bytes.HasPrefix(head, []byte("\x80\x02")):
		return errors.New("this is a pickle, as torch.save wrote it before PyTorch 1.6, which is not read: " + exportAdvice)
	}
	return nil
}

// exportAdvice says how a file is made that is read.
const exportAdvice = "export the model in training mode with torch.export.export, and save it with torch.export.save, of PyTorch 2.9 or later"

// entries are the files of the archive by their names below its folder.
type entries struct {
	files map[string]*zip.File
	order []string
}

func findEntries(z *zip.Reader) (*entries, error) {
	e := &entries{files: map[string]*zip.File{}}
	root, total := "", uint64(0)
	for _, f := range z.File {
		clean := strings.TrimSuffix(f.Name, "/")
		if !filepath.IsLocal(clean) || strings.ContainsFunc(f.Name, func(r rune) bool { return r == '\\' || unicode.IsControl(r) }) || path.Clean(clean) != clean {
			return nil, errors.Errorf("the archive holds an entry %.80q that would leave its folder: it is made to deceive", f.Name)
		}
		folder, name, below := strings.Cut(f.Name, "/")
		if root == "" {
			root = folder
		}
		if !below || folder != root {
			name = "../" + f.Name // not in the folder
		}
		if e.files[name] != nil {
			return nil, errors.Errorf("the archive holds %s twice: it is damaged or made to deceive", f.Name)
		}
		e.files[name] = f
		e.order = append(e.order, name)
		total += f.UncompressedSize64
	}
	if total > maxWeights {
		return nil, errors.Errorf("the archive's entries have %d bytes together, the most are %d", total, maxWeights)
	}
	return e, e.checkKind()
}

// checkKind tells files of torch.export.save from others that PyTorch writes, which are named with what to do.
func (e *entries) checkKind() error {
	has := func(name string) bool { return e.files[name] != nil }
	folder := func(prefix string) bool {
		return slices.ContainsFunc(e.order, func(name string) bool { return strings.HasPrefix(name, prefix) })
	}
	switch {
	case has("../serialized_exported_program.json"):
		return errors.New("this program was saved by PyTorch 2.7 or earlier, whose weights are a pickle, which is not read: export and save it again with PyTorch 2.9 or later")
	case has("constants.pkl") && folder("code/"):
		return errors.New("this is a TorchScript file (torch.jit.save), not an exported program: " + exportAdvice)
	case has("data.pkl"):
		return errors.New("this is a pickle, as torch.save writes it, which is not read: " + exportAdvice)
	case folder("data/aotinductor/") && !folder(modelsFolder):
		return errors.New("this package holds compiled code (AOTInductor), no program: " + exportAdvice)
	case !has(formatName):
		return errors.New("the archive lacks archive_format, so it is no .pt2 file: " + exportAdvice)
	}
	format, err := zipentry.Read(e.files[formatName], 64)
	if err != nil {
		return err
	}
	if string(format) != "pt2" {
		return errors.Errorf("the archive is of the kind %q, not pt2: %s", format, exportAdvice)
	}
	if has(byteOrderName) {
		order, err := zipentry.Read(e.files[byteOrderName], 64)
		if err != nil {
			return err
		}
		if string(order) != "little" {
			return errors.Errorf("the weights' byte order is %q: only little-endian ones are read, so export the model on another machine", order)
		}
	}
	return nil
}

// programName is the name of the archive's only program.
func (e *entries) programName() (string, error) {
	var names []string
	for _, n := range e.order {
		if name, ok := strings.CutPrefix(n, modelsFolder); ok && strings.HasSuffix(name, ".json") {
			names = append(names, strings.TrimSuffix(name, ".json"))
		}
	}
	switch len(names) {
	case 0:
		return "", errors.New("the archive holds no program: " + exportAdvice)
	case 1:
	default:
		return "", errors.Errorf("the archive holds %d programs (%s): save one alone, with torch.export.save", len(names), strings.Join(names, ", "))
	}
	if e.files[weightsFolder+names[0]+".pt"] != nil {
		return "", errors.New("this program was saved by PyTorch 2.8, whose weights are a pickle, which is not read: export and save it again with PyTorch 2.9 or later")
	}
	return names[0], nil
}

// read is the body of an entry.
func (e *entries) read(name string, limit uint64) ([]byte, error) {
	f := e.files[name]
	if f == nil {
		return nil, errors.Errorf("the archive lacks %s: it is damaged, so save the program again", name)
	}
	return zipentry.Read(f, limit)
}

// readJSON decodes an entry.
func (e *entries) readJSON(name string, limit uint64, to any) error {
	b, err := e.read(name, limit)
	if err != nil {
		return err
	}
	if nesting(b) > maxNesting {
		return errors.Errorf("%s is nested more than %d deep: it is damaged or made to deceive", name, maxNesting)
	}
	if !json.Valid(b) {
		return errors.Errorf("%s is no valid JSON: the file is damaged", name)
	}
	if err := plainjson.Decode(b, to); err != nil {
		return errors.Errorf("%s is not as PyTorch writes it (%v): the file is damaged", name, err)
	}
	return nil
}

// maxNesting is how deep JSON may be nested: a program with a graph in a graph takes 25.
const maxNesting = 100

// nesting is the number of brackets that are open at once at most.
func nesting(b []byte) int {
	deepest, open, quoted, escaped := 0, 0, false, false
	for _, c := range b {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			open++
			deepest = max(deepest, open)
		case c == '}' || c == ']':
			open--
		}
	}
	return deepest
}
