package live

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"dcae/experiments"
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

// upload takes one file, whose name is in the address: ?name=mine.keras, and ?group=... of an earlier one.
func (j *jobs) upload(w http.ResponseWriter, r *http.Request) {
	u, err := j.uploads.take(r.URL.Query().Get("group"), r.URL.Query().Get("name"), r.Body)
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

func (u *uploads) take(group, name string, from io.Reader) (uploaded, error) {
	if name == "" {
		return uploaded{}, errors.New("a file needs a name")
	}
	if group == "" {
		group = randomName()
	}
	folder := filepath.Join(u.dir, group)
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
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return uploaded{}, errors.Errorf("cannot make a folder for it: %v", files.Reason(err))
	}
	own := names.File(path.Base(strings.ReplaceAll(name, `\`, "/"))) // no way out of the folder
	err := files.Write(filepath.Join(folder, own), func(f files.File) error {
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

// find is an upload's file, or with a group alone the group's folder.
func (u *uploads) find(name string) (string, error) {
	group, file, _ := strings.Cut(strings.TrimPrefix(name, uploadsPrefix), "/")
	local := filepath.Join(u.dir, group, file)
	if !isRandomName(group) || file != "" && names.File(file) != file {
		return "", errors.Errorf("there is no upload %q", names.Shown(name))
	}
	if _, err := os.Stat(local); err != nil {
		return "", errors.Errorf("there is no upload %q", names.Shown(name))
	}
	return local, nil
}

// localFile is a file of the folder or an upload where models and images can be read from: of the folder's a copy, so that nothing that it
// may link to, and nobody who changes it meanwhile, leads out of the folder.
func (s *Server) localFile(name string) (string, error) {
	if strings.HasPrefix(name, uploadsPrefix) {
		return s.jobs.uploads.find(name)
	}
	in, info, err := s.open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // it was read only
	if info.Size() > mostUpload {
		return "", errors.Errorf("%s has over %d MiB", name, mostUpload>>20)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %v", name, info.Size(), info.ModTime()))
	folder := filepath.Join(s.own, "copies", hex.EncodeToString(sum[:8]))
	local := filepath.Join(folder, names.File(path.Base(name)))
	if _, err := os.Stat(local); err == nil {
		return local, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", errors.Errorf("cannot make a folder for a copy: %v", files.Reason(err))
	}
	return local, files.Write(local, func(f files.File) error {
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
