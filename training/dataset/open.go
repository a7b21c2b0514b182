package dataset

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"dcae/training/files"
)

// Options say how a source becomes a set. The zero value works.
type Options struct {
	// Scale brings values into a range; see [Scaling]. ScaleDefault is unit for the built-in sets, none for others.
	Scale Scale

	// Resize brings all images to one height and width, smoothed, without keeping the aspect ratio. Zero keeps theirs.
	Resize Size

	// Holdout is the fraction of the training images, above 0 and below 0.5, that become test images when the source
	// has none, and again the fraction that become validation images when it has none; 0 means 0.1. Which ones is
	// decided by a hash of their number in the source, the same on every run.
	Holdout float64

	// Target is another file or folder of the same kind, which holds for each image what it is to become; pictures are matched by their
	// paths without the ending, arrays by their order. Empty: the targets that the source holds; each image itself if it has none.
	Target string

	// ChannelsFirst says that arrays of four axes are [N, C, H, W], as PyTorch has them.
	ChannelsFirst bool

	// Images keeps only the first so many images of the training part, after the held-out ones are taken; 0 keeps all.
	Images int

	// Memory is how many bytes of decoded images of a source array are held in memory; a larger array is read from a
	// file, batch by batch. 0 means 512 MiB.
	Memory int64

	// CacheDir is the folder for decoded copies of compressed or large sources; empty means dcae in the user's cache
	// folder.
	CacheDir string
}

// Open brings in the set that spec names:
//
//   - mnist or pneumonia, the built-in sets;
//   - a .npz file with training images x, x_train or train_images, or with one array of any name; validation images
//     x_val or val_images; test images xt, x_test or test_images; and for each part what its images are to become, if that is not
//     themselves: y or y_train, y_val, yt or y_test (of one number a sample they are labels, and passed over);
//   - a .npy file or an IDX file, which may be compressed by gzip;
//   - a .csv or .tsv table, a sample in each row, with or without a header;
//   - a folder of PNG or JPEG files, turned as their EXIF data says; sub-folders and links count, files are taken in the order of their paths.
//
// Files are told apart by their content, and must not change while the set is in use. Arrays are [N, values], [N, H, W] or [N, H, W, C], of any type of number. Parts that the
// source lacks are taken out of its training images; see Options.Holdout. A file named mnist can be given as ./mnist.
//
// Values that are not finite are let through, for [Describe] to find, unless the scale has to be computed from them.
func Open(spec string, options Options) (*Set, error) {
	set, err := open(spec, options)
	return set, errors.WithMessagef(err, "data %s", spec)
}

func open(spec string, options Options) (*Set, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	p, scale, err := openParts(spec, options)
	if err != nil {
		return nil, err
	}
	if err := p.hold(options.Holdout); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if n := options.Images; n > 0 {
		p.train.index = p.train.index[:min(n, len(p.train.index))]
	}
	if options.Scale != ScaleDefault {
		scale = options.Scale
	}
	set, err := p.set(setName(spec), scale)
	if err == nil {
		set.ChannelsFirst = options.ChannelsFirst
	}
	return set, err
}

func (o Options) check() error {
	switch {
	case o.Scale < ScaleDefault || o.Scale > ScaleMinMax:
		return errors.Errorf("unknown scale %d", int(o.Scale))
	case o.Images < 0:
		return errors.Errorf("can't keep %d images", o.Images)
	case o.Memory < 0:
		return errors.Errorf("can't hold %d bytes in memory", o.Memory)
	}
	return o.Resize.check()
}

// IsBuiltIn tells whether Open takes spec for a built-in set, and not for a file.
func IsBuiltIn(spec string) bool { return spec == "mnist" || spec == "pneumonia" }

// setName is the last element of the path, without what says only how it is stored.
func setName(spec string) string {
	name := strings.TrimSuffix(filepath.Base(spec), ".gz")
	for _, suffix := range []string{".npz", ".npy"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

// openParts brings in the parts that a source has, and the scale that it has by default.
func openParts(spec string, options Options) (parts, Scale, error) {
	switch spec {
	case "":
		return parts{}, 0, errors.New("no data set is named: give mnist, pneumonia, or a file or folder of images")
	case "mnist", "pneumonia":
		if options.Target != "" {
			return parts{}, 0, errors.Errorf("the images of a built-in set are their own targets: leave out %s, or give files of your own", options.Target)
		}
		open := mnistParts
		if spec == "pneumonia" {
			open = pneumoniaParts
		}
		p, err := open()
		if err == nil && options.Resize != (Size{}) {
			err = newLoader(options).resized(&p, spec)
		}
		return p, ScaleUnit, err
	}
	l := newLoader(options)
	p, err := l.path(spec)
	if err == nil && options.Target != "" {
		err = l.target(&p, spec, options.Target)
	}
	p.notes = append(p.notes, *l.notes...)
	return p, ScaleNone, err
}

// resized brings the images of a built-in set to the wanted size: in memory, or through a cache file, as those of a file.
func (l loader) resized(p *parts, spec string) error {
	l.channelsFirst = false         // that is said of arrays
	done := make(map[*store]*store) // MNIST's training and validation part share one
	for _, part := range []*part{&p.train, &p.validation, &p.test} {
		original := part.store
		if done[original] == nil {
			small, err := l.load(spec, fmt.Sprintf("built-in %x", original.sum), "", func() (source, error) { return original.source(), nil })
			if err != nil {
				return err
			}
			done[original] = small
		}
		part.store = done[original]
	}
	return nil
}

// path brings in a file or folder.
func (l loader) path(name string) (parts, error) {
	info, err := os.Stat(name)
	if err != nil {
		return parts{}, errors.Errorf("can't be opened: %v", files.Reason(err))
	}
	switch {
	case info.IsDir():
		return l.folder(name)
	case !info.Mode().IsRegular():
		return parts{}, errors.New("neither a file nor a folder")
	case IsPicture(name):
		return parts{}, errors.New("one picture is no set of images: give the folder it is in")
	}
	if isTable(name) {
		return l.table(name, info)
	}
	file, err := os.Open(name)
	if err != nil {
		return parts{}, errors.Errorf("can't be opened: %v", files.Reason(err))
	}
	head := make([]byte, 8)
	n, err := io.ReadFull(file, head)
	_ = file.Close()
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return parts{}, errors.Wrap(err, "can't be read")
	}
	switch sniff(head[:n]) {
	case npzFile:
		return l.npz(name, info)
	case unknownFile:
		return parts{}, errUnknownFile()
	}
	open := func() (source, error) { return openArray(name) }
	l.noteChannelsLast(open)
	return l.single(name, fileVersion(info), open)
}

func (l loader) folder(name string) (parts, error) {
	files, version, err := folderFiles(name)
	if err != nil {
		return parts{}, err
	}
	p, err := l.single(name, version, func() (source, error) { return folderSource(files, l.resize) })
	if err == nil {
		p.train.store.names = files
	}
	return p, err
}

// single brings in a source that has training images alone.
func (l loader) single(name, version string, open func() (source, error)) (parts, error) {
	s, err := l.load(name, "", version, open)
	if err != nil {
		return parts{}, err
	}
	return parts{train: part{store: s, index: s.all()}}, nil
}

// table brings in a file of rows and columns; what is passed over in it is noted.
func (l loader) table(name string, info os.FileInfo) (parts, error) {
	var notes parts
	l.cacheDir = "" // a copy would not know the notes
	p, err := l.single(name, fileVersion(info), func() (source, error) {
		notes = parts{}
		return openTable(name, notes.note)
	})
	p.notes = notes.notes
	return p, err
}

func (l loader) npz(name string, info os.FileInfo) (parts, error) {
	var p parts
	archive, err := zip.OpenReader(name)
	if err != nil {
		return p, errors.Wrap(err, "damaged .npz file")
	}
	defer func() { _ = archive.Close() }()
	train, err := trainEntry(&archive.Reader)
	if err != nil {
		return p, err
	}
	validation, err := findEntry(&archive.Reader, validationNames)
	if err != nil {
		return p, err
	}
	test, err := findEntry(&archive.Reader, testNames)
	if err != nil {
		return p, err
	}
	load := func(entry *zip.File) (*store, error) {
		open := func() (source, error) { return openEntry(entry, info.Size()) }
		l.noteChannelsLast(open)
		return l.load(name, entry.Name, fileVersion(info), open)
	}
	for _, item := range []struct {
		part  *part
		entry *zip.File
	}{{&p.train, train}, {&p.validation, validation}, {&p.test, test}} {
		if item.entry == nil {
			continue
		}
		s, err := load(item.entry)
		if err != nil {
			return p, errors.WithMessage(err, item.entry.Name)
		}
		*item.part = part{store: s, index: s.all()}
	}
	p.train.store.array = strings.TrimSuffix(train.Name, ".npy")
	return p, l.npzTargets(&archive.Reader, &p, load)
}
