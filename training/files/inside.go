package files

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// Inside joins dir and the parts of a path within it, which may come from a file. It fails if the path would leave dir: by its
// parts, such as .. or an absolute path, or since something on it, but for dir itself, is a link.
func Inside(dir string, parts ...string) (string, error) {
	within := filepath.Join(parts...)
	if !filepath.IsLocal(within) {
		return "", errors.Errorf("%q would lead out of the folder %s", within, dir)
	}
	path := dir
	for _, part := range strings.Split(within, string(filepath.Separator)) {
		path = filepath.Join(path, part)
		info, err := os.Lstat(path)
		if err != nil {
			continue // it is not there yet
		}
		if !info.IsDir() && !info.Mode().IsRegular() {
			return "", errors.Errorf("%s is a link or a device: what lies in the folder %s must be files and folders of its own", path, dir)
		}
	}
	return path, nil
}
