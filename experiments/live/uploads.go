package live

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"dcae/experiments"
	"dcae/training/dataset"
	"dcae/training/files"
	"dcae/training/names"
)

// What all uploads of a server may be together, beside what one may be (mostUpload).
const (
	mostUploads     = 4 << 30 // bytes
	mostUploadFiles = 50_000
)

// uploads are files that a page has sent. They lie in a folder of the server's own, each group in one below it, and go with the server.
type uploads struct {
	mu    sync.Mutex
	dir   string
	bytes int64
	files int
}

const uploadsPrefix = "uploads/"

// uploaded is what a page calls an upload from then on.
type uploaded struct {
	Group string `json:"group"` // further files can be added to
	Path  string `json:"path"`  // of the file, as a study or a diagnosis names it
}

// upload takes one file, whose name is in the address: ?name=mine.keras, with ?folder=... of several that belong together, which is what
// reports then call them, and ?group=... of an earlier one.
func (j *jobs) upload(w http.ResponseWriter, r *http.Request) {
	is := r.URL.Query()
	u, err := j.uploads.take(is.Get("group"), is.Get("folder"), is.Get("name"), r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a file may have %d MiB at most", mostUpload>>20))
	case err != nil:
		refuse(w, http.StatusUnprocessableEntity, err.Error())
	default:
		answer(w, u)
	}
}

func (u *uploads) take(group, folder, name string, from io.Reader) (uploaded, error) {
	if name == "" {
		return uploaded{}, errors.New("a file needs a name")
	}
	if group == "" {
		group = randomName()
	}
	if !isRandomName(group) {
		return uploaded{}, errors.New("there is no such group of files")
	}
	u.mu.Lock()
	u.files++
	full := u.files > mostUploadFiles || u.bytes > mostUploads
	u.mu.Unlock()
	if full {
		return uploaded{}, errors.Errorf("all files together are over %d MiB, or over %d: start dcae serve anew, or let it read them from its folder", mostUploads>>20, mostUploadFiles)
	}
	own := names.File(path.Base(strings.ReplaceAll(name, `\`, "/"))) // no way out of the folder
	if folder != "" {
		own = names.File(folder) + "/" + own
	}
	local := filepath.Join(u.dir, group, filepath.FromSlash(own))
	if err := os.MkdirAll(filepath.Dir(local), 0o700); err != nil {
		return uploaded{}, errors.Errorf("cannot make a folder for it: %v", files.Reason(err))
	}
	err := files.Write(local, func(f files.File) error {
		n, err := io.Copy(f, from)
		u.mu.Lock()
		u.bytes += n
		u.mu.Unlock()
		return err
	})
	return uploaded{group, uploadsPrefix + group + "/" + own}, err
}

// isRandomName tells whether a text may be one of randomName.
func isRandomName(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == 16
}

// find is an upload's file, or the folder of several.
func (u *uploads) find(name string) (string, error) {
	parts := strings.Split(strings.TrimPrefix(name, uploadsPrefix), "/")
	good := len(parts) > 1 && isRandomName(parts[0])
	for _, part := range parts[1:] {
		good = good && names.File(part) == part
	}
	local := filepath.Join(u.dir, filepath.Join(parts...))
	if good {
		_, err := os.Stat(local)
		good = err == nil
	}
	if !good {
		return "", errors.Errorf("there is no upload %q", names.Shown(name))
	}
	return local, nil
}

// localFile is a file or a folder of pictures in the server's folder, or an upload, where models and images can be read from: of the former a
// copy, so that nothing that it may link to, and nobody who changes it meanwhile, leads out of the folder.
func (s *Server) localFile(name string) (string, error) {
	if strings.HasPrefix(name, uploadsPrefix) {
		return s.jobs.uploads.find(name)
	}
	if info, err := s.root.Stat(filepath.FromSlash(name)); err == nil && info.IsDir() && fs.ValidPath(name) {
		return s.localFolder(name)
	}
	in, info, err := s.open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // it was read only
	if info.Size() > mostUpload {
		return "", errors.Errorf("%s has over %d MiB", name, mostUpload>>20)
	}
	local := filepath.Join(s.copyOf(fmt.Appendf(nil, "%s %d %v", name, info.Size(), info.ModTime())), names.File(path.Base(name)))
	if _, err := os.Stat(local); err == nil {
		return local, nil
	}
	return local, copyTo(local, in)
}

// localFolder is a copy of the pictures in a folder and those below it.
func (s *Server) localFolder(name string) (string, error) {
	var pictures []string
	about := fmt.Appendf(nil, "%s\n", name)
	var size int64
	err := fs.WalkDir(s.root.FS(), name, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if at != name && strings.HasPrefix(e.Name(), ".") {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() || !dataset.IsPicture(at) {
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		pictures, size = append(pictures, at), size+info.Size()
		about = fmt.Appendf(about, "%s %d %v\n", at, info.Size(), info.ModTime())
		if len(pictures) > mostUploadFiles || size > mostUpload {
			return errors.Errorf("its pictures are over %d, or have over %d MiB", mostUploadFiles, mostUpload>>20)
		}
		return nil
	})
	if err == nil && len(pictures) == 0 {
		err = errors.New("it holds no .png, .jpg or .jpeg files")
	}
	if err != nil {
		return "", errors.Errorf("cannot read the folder %s: %v", name, files.Reason(err))
	}
	whole := s.copyOf(about)
	local := filepath.Join(whole, names.File(path.Base(name)))
	if _, err := os.Stat(whole); err == nil {
		return local, nil
	}
	part := whole + "-" + randomName() // takes its name when it is whole
	for _, at := range pictures {
		in, _, err := s.open(at)
		if err == nil {
			err = copyTo(filepath.Join(part, filepath.Base(local), filepath.FromSlash(strings.TrimPrefix(at, name))), in)
			_ = in.Close() // it was read only
		}
		if err != nil {
			_ = os.RemoveAll(part) // at the latest it goes with the server
			return "", err
		}
	}
	if err := os.Rename(part, whole); err != nil {
		_ = os.RemoveAll(part) // somebody else was faster, or it goes with the server
		if _, e := os.Stat(whole); e != nil {
			return "", errors.Errorf("cannot make a copy of the folder %s: %v", name, files.Reason(err))
		}
	}
	return local, nil
}

// copyOf is where a copy lies of what the text tells apart from all others.
func (s *Server) copyOf(about []byte) string {
	sum := sha256.Sum256(about)
	return filepath.Join(s.own, "copies", hex.EncodeToString(sum[:8]))
}

func copyTo(local string, in io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(local), 0o700); err != nil {
		return errors.Errorf("cannot make a folder for a copy: %v", files.Reason(err))
	}
	return files.Write(local, func(f files.File) error {
		_, err := io.Copy(f, io.LimitReader(in, mostUpload))
		return err
	})
}

// withoutUploads names uploads as files that lie beside the study's.
func withoutUploads(p *experiments.Plan) {
	bare := func(name *string) {
		if strings.HasPrefix(*name, uploadsPrefix) {
			*name = path.Base(*name)
		}
	}
	bare(&p.Data.Source)
	bare(&p.Data.Target)
	for _, g := range p.Groups {
		for i := range g.Arms {
			bare(&g.Arms[i].Model)
		}
	}
}
