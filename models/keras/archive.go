// Package keras reads and writes the model files of Keras 3 (NAME.keras): the zip archive, the description of the model
// in config.json, and the weights. It also reads whole models in HDF5 files (NAME.h5), as Keras 2 and 3 write them. FORMAT.md says where Keras keeps
// which variable.
package keras

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pkg/errors"

	"dcae/models/internal/zipentry"
	"dcae/models/keras/hdf5"
	"dcae/training/files"
)

// Archive is a .keras file taken apart.
type Archive struct {
	Config   json.RawMessage // config.json, see ParseConfig
	Metadata json.RawMessage // metadata.json: Keras' version and the date
	Weights  *hdf5.Group     // model.weights.h5

	// Keras2Optimizer is the optimizer's variables in a file of Keras 2, named as there ("Adam/m/conv2d/kernel:0"); they are not in Weights then.
	Keras2Optimizer []*hdf5.Dataset

	Warnings []string // what a file of Keras 2 asks for that is done otherwise here, one sentence each
}

// Names of the entries of a .keras file.
const (
	configName   = "config.json"
	metadataName = "metadata.json"
	weightsName  = "model.weights.h5"
)

// Largest sizes of the entries once decompressed. A convolutional autoencoder takes some KB and some MB.
const (
	maxConfig   = 4 << 20
	maxMetadata = 1 << 20
	maxWeights  = 2 << 30
)

// Open reads the .keras file at path, or the whole model in an HDF5 file. It fails as [Decode] does, and for a folder.
func Open(path string) (*Archive, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, errors.Errorf("%s is a folder: save the model as one .keras file (zipped=True)", path)
	}
	f, err := files.Open(path)
	if err != nil {
		return nil, errors.WithMessagef(err, "cannot read %s", path)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Wrap(err, "keras")
	}
	a, err := Decode(f, info.Size())
	if err != nil {
		return nil, errors.WithMessage(err, path)
	}
	return a, nil
}

// Decode reads a .keras file of size bytes, or a whole model in an HDF5 file, which its first bytes tell. Nothing is unpacked to disk, and no more
// memory is used than a fixed multiple of the
// bytes that are really there. It is an error if one of the three entries is missing, damaged or too large, or if there is any
// other: assets belong to layers that keep state outside of the weights. A model in an HDF5 file comes out in the form that it would have in a .keras
// file; it is an error if there are weights alone, or others than the model's.
func Decode(r io.ReaderAt, size int64) (*Archive, error) {
	head := make([]byte, 2)
	_, _ = r.ReadAt(head, 0)                               // a file too short for it is neither
	if string(head) != "PK" && hdf5.Begins(r, size) >= 0 { // a zip archive has the weights in such a file
		return decodeH5(r, size)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errors.Wrap(err, "no readable zip archive, so no .keras file, or it is damaged")
	}
	entries, err := findEntries(z)
	if err != nil {
		return nil, err
	}
	a := &Archive{}
	if a.Config, err = readJSON(entries.config, maxConfig); err != nil {
		return nil, err
	}
	if a.Metadata, err = readJSON(entries.metadata, maxMetadata); err != nil {
		return nil, err
	}
	weights, err := zipentry.Read(entries.weights, maxWeights)
	if err != nil {
		return nil, err
	}
	if a.Weights, err = hdf5.Read(weights); err != nil {
		return nil, errors.WithMessage(err, weightsName)
	}
	return a, nil
}

// entries are the parts of the archive.
type entries struct{ config, metadata, weights *zip.File }

func findEntries(z *zip.Reader) (entries, error) {
	var e entries
	for _, f := range z.File {
		var place **zip.File
		switch f.Name {
		case configName:
			place = &e.config
		case metadataName:
			place = &e.metadata
		case weightsName:
			place = &e.weights
		case "model.weights.npz":
			return e, errors.New("weights in model.weights.npz are not supported: save the model with weights_format=\"h5\", the default")
		default:
			return e, refuseEntry(f.Name)
		}
		if *place != nil {
			return e, errors.Errorf("the archive holds %s twice: it is damaged or made to deceive", f.Name)
		}
		*place = f
	}
	switch {
	case e.config == nil:
		return e, missing(configName)
	case e.metadata == nil:
		return e, missing(metadataName)
	case e.weights == nil:
		return e, missing(weightsName)
	}
	return e, nil
}

func missing(name string) error {
	return errors.Errorf("the archive lacks %s, so it is no .keras file of Keras 3: save the model again with model.save(\"NAME.keras\")", name)
}

func refuseEntry(name string) error {
	switch {
	case !filepath.IsLocal(name) || strings.Contains(name, "\\"):
		return errors.Errorf("the archive holds an entry %.80q that would leave its folder: it is made to deceive", name)
	case strings.HasPrefix(name, "assets/"):
		return errors.Errorf("the archive holds %.80q: layers with assets (text and preprocessing layers) are not supported", name)
	}
	return errors.Errorf("the archive holds an unknown entry %.80q: a .keras file has %s, %s and %s only; save the model again", name, metadataName, configName, weightsName)
}

// infinite matches what Python writes for numbers that JSON does not have.
var infinite = regexp.MustCompile(`[:\[,] *-?(Infinity|NaN) *[,\]}]`)

func readJSON(f *zip.File, limit uint64) (json.RawMessage, error) {
	b, err := zipentry.Read(f, limit)
	if err != nil {
		return nil, err
	}
	if !json.Valid(b) {
		if infinite.Match(b) {
			return nil, errors.Errorf("%s has a setting that is infinite or no number, which is not supported: leave it out of the model, or give a number", f.Name)
		}
		return nil, errors.Errorf("%s is no valid JSON: the file is damaged", f.Name)
	}
	return b, nil
}

// Save writes the archive to path, atomically: path holds either the old or the whole new file. Equal archives give equal bytes.
func (a *Archive) Save(path string) error {
	return files.Write(path, func(out files.File) error { return errors.WithMessage(a.Encode(out), path) })
}

// Encode writes the archive as a .keras file: uncompressed and in the order of entries in which Keras writes it.
func (a *Archive) Encode(w io.Writer) error {
	if !json.Valid(a.Config) || !json.Valid(a.Metadata) {
		return errors.Errorf("%s or %s is no valid JSON", configName, metadataName)
	}
	weights, err := hdf5.Write(a.Weights)
	if err != nil {
		return errors.WithMessage(err, weightsName)
	}
	z := zip.NewWriter(w)
	for _, e := range []struct {
		name string
		body []byte
	}{{metadataName, a.Metadata}, {configName, a.Config}, {weightsName, weights}} {
		// The earliest date that zip knows, for equal bytes at any time.
		header := &zip.FileHeader{Name: e.name, Method: zip.Store, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		f, err := z.CreateHeader(header)
		if err != nil {
			return errors.Wrap(err, e.name)
		}
		if _, err := f.Write(e.body); err != nil {
			return errors.Wrap(err, e.name)
		}
	}
	return errors.Wrap(z.Close(), "zip")
}
