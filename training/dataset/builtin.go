package dataset

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	_ "embed" // the files of the built-in sets
	"math"

	"dcae/training/dataset/npz"

	"github.com/pkg/errors"
)

var (
	//go:embed mnist/train-images-idx3-ubyte.gz
	mnistTrain []byte
	//go:embed mnist/t10k-images-idx3-ubyte.gz
	mnistTest []byte
	//go:embed pneumoniamnist/pneumoniamnist.npz
	pneumonia []byte
)

// MNIST is the set of handwritten digits, 28x28x1, scaled to 0..1: the first 55,000 of the 60,000 training images for
// training, the last 5,000 for validation, the 10,000 test images for test. See mnist/ATTRIBUTION.md.
func MNIST() (*Set, error) { return Open("mnist", Options{}) }

func mnistParts() (parts, error) {
	test, err := loadIDX(mnistTest)
	if err != nil {
		return parts{}, err
	}
	digits, err := loadIDX(mnistTrain)
	if err != nil {
		return parts{}, err
	}
	const validation = 5000
	all := digits.all()
	return parts{
		train:      part{store: digits, index: all[:len(all)-validation]},
		validation: part{store: digits, index: all[len(all)-validation:]},
		test:       part{store: test, index: test.all()},
	}, nil
}

func loadIDX(compressed []byte) (*store, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, errors.WithStack(err)
	}
	header, err := readIDXHeader(r)
	if err != nil {
		return nil, err
	}
	s, err := arraySource(r, header, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return s.load()
}

// Pneumonia is PneumoniaMNIST, chest X-rays, 28x28x1, scaled to 0..1, in its own three parts of 3,882, 524 and 624
// images. The published training part has 826 more; see pneumoniamnist/ATTRIBUTION.md.
func Pneumonia() (*Set, error) { return Open("pneumonia", Options{}) }

func pneumoniaParts() (parts, error) {
	archive, err := zip.NewReader(bytes.NewReader(pneumonia), int64(len(pneumonia)))
	if err != nil {
		return parts{}, errors.WithStack(err)
	}
	var stores [3]*store
	for i, name := range []string{"train_images.npy", "val_images.npy", "test_images.npy"} {
		if stores[i], err = loadEntry(archive, name); err != nil {
			return parts{}, errors.WithMessage(err, name)
		}
	}
	return parts{
		train:      part{store: stores[0], index: stores[0].all()},
		validation: part{store: stores[1], index: stores[1].all()},
		test:       part{store: stores[2], index: stores[2].all()},
	}, nil
}

func loadEntry(archive *zip.Reader, name string) (*store, error) {
	r, err := archive.Open(name)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	defer func() { _ = r.Close() }()
	header, err := npz.ReadHeader(r)
	if err != nil {
		return nil, err
	}
	s, err := arraySource(r, header, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return s.load()
}
