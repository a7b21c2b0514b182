package live

import (
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"dcae/experiments/saved"
	"dcae/training/dataset"
)

// offeredFiles are paths in the folder that a lab or a diagnosis can be given, sorted.
type offeredFiles struct {
	Models []string `json:"models"`
	Images []string `json:"images"` // sets in one file, and folders that hold pictures
}

// imageEndings are those of files that hold sets of images.
var imageEndings = []string{".npz", ".npy", ".npy.gz", ".csv", ".tsv", "-ubyte", "-ubyte.gz"}

// offerFiles lists models and images of the folder. What studies and diagnoses left there is theirs, and not listed.
func (s *Server) offerFiles(w http.ResponseWriter, _ *http.Request) {
	out := offeredFiles{[]string{}, []string{}}
	seen, tree := 0, s.root.FS()
	_ = fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error { // what cannot be read is passed over
		if seen++; seen > mostEntries || len(out.Models)+len(out.Images) >= mostListed {
			return fs.SkipAll
		}
		switch {
		case err != nil:
			return fs.SkipDir
		case e.IsDir():
			own := s.isFile(path.Join(name, studyFile)) || s.isFile(path.Join(name, diagnosisFile))
			if own || name != "." && strings.HasPrefix(e.Name(), ".") || strings.Count(name, "/") >= mostDepth {
				return fs.SkipDir
			}
		case !e.Type().IsRegular():
		case saved.IsFile(name):
			out.Models = append(out.Models, name)
		case slices.ContainsFunc(imageEndings, func(end string) bool { return strings.HasSuffix(strings.ToLower(name), end) }):
			out.Images = append(out.Images, name)
		case dataset.IsPicture(name) && path.Dir(name) != "." && !slices.Contains(out.Images, path.Dir(name)):
			out.Images = append(out.Images, path.Dir(name))
		}
		return nil
	})
	slices.Sort(out.Models)
	slices.Sort(out.Images)
	answer(w, out)
}
