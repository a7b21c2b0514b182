package dataset

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/training/files"
)

// pictureReading is raised where the same pictures become other images, so that decoded copies of before are not used.
const pictureReading = "2"

// folderFiles lists the pictures in a folder and its sub-folders, by path, and a text that changes when one of them
// does. Links are followed; a folder to which several ways lead is read once. Names that start with a dot are left out.
func folderFiles(folder string) (files []string, version string, err error) {
	l := lister{versions: []string{pictureReading}, seen: map[string]bool{}}
	if err := l.list(folder); err != nil {
		return nil, "", err
	}
	if len(l.files) == 0 {
		return nil, "", errors.Errorf("%s holds no .png, .jpg or .jpeg files", folder)
	}
	slices.Sort(l.files)
	slices.Sort(l.versions)
	return l.files, strings.Join(l.versions, "\n"), nil
}

// lister goes through a folder.
type lister struct {
	files, versions []string
	seen            map[string]bool // folders, by their true paths
}

func (l *lister) list(folder string) error {
	place, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return errors.Errorf("cannot read the folder %s: %v", folder, files.Reason(err))
	}
	if l.seen[place] {
		return nil
	}
	l.seen[place] = true
	entries, err := os.ReadDir(folder)
	if err != nil {
		return errors.Errorf("cannot read the folder %s: %v", folder, files.Reason(err))
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		mayBeFolder := entry.IsDir() || entry.Type()&fs.ModeSymlink != 0
		if strings.HasPrefix(entry.Name(), ".") || !mayBeFolder && !IsPicture(path) {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil && !IsPicture(path):
			continue // a link to nothing
		case err != nil:
			return errors.Errorf("cannot read %s: %v", path, files.Reason(err))
		case info.IsDir():
			if err := l.list(path); err != nil {
				return err
			}
		case info.Mode().IsRegular() && IsPicture(path):
			l.files = append(l.files, path)
			l.versions = append(l.versions, fmt.Sprintf("%s %s", path, fileVersion(info)))
		}
	}
	return nil
}

// folderSource reads pictures. All become grey when all are grey, else three channels; 0 to 65535 as float32 when one
// has 16 bits a channel, else uint8. Pictures of different sizes are an error unless they are brought to one.
func folderSource(files []string, to Size) (source, error) {
	layouts := make([]layout, len(files))
	shape, deep := Shape{C: 1}, false
	for i, file := range files {
		var err error
		if layouts[i], err = fileLayout(file); err != nil {
			return source{}, errors.WithMessage(err, file)
		}
		if layouts[i].color {
			shape.C = 3
		}
		deep = deep || layouts[i].deep
		if first := layouts[0].size; to == (Size{}) && layouts[i].size != first {
			return source{}, errors.Errorf("pictures differ in size: %s is %v, %s is %v (height x width): choose one size to resize all to",
				files[0], first, file, layouts[i].size)
		}
	}
	if to == (Size{}) {
		to = layouts[0].size
	}
	shape.H, shape.W = to.H, to.W
	s := source{format: format{n: len(files), shape: shape, kind: kindUint8, limit: 255}}
	if deep {
		s.kind, s.limit = kindFloat32, 65535
	}
	reader := pictureReader{format: s.format}
	i := 0
	s.next = func(dst []byte) error {
		err := reader.read(dst, files[i], layouts[i].size)
		i++
		return errors.WithMessage(err, files[i-1])
	}
	return s, nil
}

func fileLayout(name string) (layout, error) {
	file, err := os.Open(name)
	if err != nil {
		return layout{}, errors.WithStack(err)
	}
	defer func() { _ = file.Close() }()
	return readLayout(file)
}

// pictureReader decodes pictures to images of one format. It keeps its buffers from one to the next: a folder of large
// pictures would otherwise fill the memory faster than it is collected.
type pictureReader struct {
	format
	raw     []byte
	resizer *resizer
}

// read decodes a picture of the given size to dst.
func (p *pictureReader) read(dst []byte, name string, size Size) error {
	file, err := os.Open(name)
	if err != nil {
		return errors.WithStack(err)
	}
	defer func() { _ = file.Close() }()
	picture, err := decodePicture(file, size)
	if err != nil {
		return err
	}
	deep := p.kind == kindFloat32
	to := Size{p.shape.H, p.shape.W}
	if size == to {
		writePicture(dst, picture, p.shape.C, deep)
		return nil
	}
	full := Shape{size.H, size.W, p.shape.C}
	if p.resizer == nil || p.resizer.from != full {
		p.resizer = newResizer(full, to, p.kind)
	}
	length := full.Size() * p.kind.size()
	p.raw = slices.Grow(p.raw[:0], length)[:length]
	writePicture(p.raw, picture, full.C, deep)
	return p.resizer.resize(dst, p.raw)
}
