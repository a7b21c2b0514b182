package experiments

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/training/files"
	"dcae/training/plainjson"
)

// A study's folder holds:
//
//	study.json            all that defines the runs
//	invocation.json       where, when and how the program was last called
//	timing.csv            how long each epoch took
//	results.csv           one line for each finished run
//	images.npz            the images that are reconstructed, and the mean image
//	runs/ARM/seed-N/      steps.csv, epochs.csv, reconstructions.npz of a run; when it is finished, result.json
//	report.html, *.png    the report, and its pictures
//	tensorboard/          event files, if they are wanted, in ARM/seed-N/ as the runs
//	model.keras           of dcae train alone: the model after its best epoch
//	last.keras            and after the last
//
// study.json, results.csv and everything in runs/ are the same bytes each time the same study is run. A run that is not
// finished has a checkpoint, and while somebody works on it a .lock. Task K/N writes invocation-K-of-N.json and
// timing-K-of-N.csv, so that tasks can share a folder.
const (
	studyFile           = "study.json"
	invocationFile      = "invocation.json"
	timingFile          = "timing.csv"
	resultsFile         = "results.csv"
	imagesFile          = "images.npz"
	runsFolder          = "runs"
	stepsFile           = "steps.csv"
	epochsFile          = "epochs.csv"
	reconstructionsFile = "reconstructions.npz"
	resultFile          = "result.json"
	checkpointFile      = "checkpoint"
	tensorBoardFolder   = "tensorboard"

	lockFile  = ".lock"   // of a run, or of the files of the whole study: for one process at a time
	inUseFile = ".in-use" // of the folder: shared by all that work in it
)

// taskPattern matches what [Task.suffix] makes.
const taskPattern = "-[0-9]*-of-[0-9]*"

// suffixed puts a task's suffix between a file's name and its ending.
func suffixed(file, suffix string) string {
	ending := filepath.Ext(file)
	return strings.TrimSuffix(file, ending) + suffix + ending
}

// allTasks finds a file of which each task may have its own.
func allTasks(dir, file string) []string {
	out := []string{filepath.Join(dir, file)}
	entries, _ := os.ReadDir(dir) // a folder that cannot be read has none of tasks
	for _, e := range entries {
		if ok, _ := filepath.Match(suffixed(file, taskPattern), e.Name()); ok {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

func runFolder(dir, arm string, seed uint64) string {
	return filepath.Join(dir, runsFolder, runID{arm, seed}.folder())
}

// makeRunFolder makes a run's folder. It fails if the folder cannot be made, or if it or one of the run's files is a link: others would
// be changed with it.
func makeRunFolder(dir string, id runID) (string, error) {
	path, err := files.Inside(dir, runsFolder, id.folder())
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", errors.Errorf("cannot make the folder %s: %v", path, files.Reason(err))
	}
	for _, file := range append(slices.Clone(runRecords), checkpointFile, lockFile) {
		if _, err := files.Inside(path, file); err != nil {
			return "", err
		}
	}
	return path, nil
}

// enterFolder makes sure that a folder can be written to, and is empty or holds a study, and shares the folder until the lock is released:
// so long nobody replaces what is in it. With force, what the folder holds must be a study that can be replaced. Hidden files do not count.
func enterFolder(dir string, force bool) (inUse *files.Lock, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, errors.Errorf("cannot read the folder %s: %v", dir, files.Reason(err))
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") })
	switch isStudy := exists(filepath.Join(dir, studyFile)); {
	case len(entries) > 0 && !isStudy:
		return nil, errors.Errorf("the folder %s is not empty, and holds no study of this program; name another with --out", dir)
	case isStudy && force:
		if _, err := ReadDefinition(dir); err != nil {
			return nil, errors.WithMessage(err, "the study cannot be replaced, since nobody can tell which files are its own; name another folder with --out")
		}
	}
	return shareFolder(dir)
}

func shareFolder(dir string) (*files.Lock, error) {
	inUse, err := files.TryShare(filepath.Join(dir, inUseFile))
	if err != nil {
		return nil, errors.Errorf("cannot write to the folder %s: %v", dir, files.Reason(err))
	}
	if inUse == nil {
		return nil, errors.Errorf("another process replaces the study in %s at this moment; call again when it has", dir)
	}
	return inUse, nil
}

// replaceStudy removes the study from a folder that this process shares, if there is one, and shares the folder again. It fails if another
// process works there, or a file cannot be removed.
func replaceStudy(dir string, inUse *files.Lock) (*files.Lock, error) {
	if !exists(filepath.Join(dir, studyFile)) {
		return inUse, nil
	}
	inUse.Release()
	alone, err := files.TryLock(filepath.Join(dir, inUseFile))
	if err != nil {
		return nil, err
	}
	if alone == nil {
		return nil, errors.Errorf("another process works in the folder %s: wait for its end, or name another with --out", dir)
	}
	d, err := ReadDefinition(dir)
	if err == nil {
		err = d.remove(dir)
	}
	alone.Release()
	if err != nil {
		return nil, err
	}
	return shareFolder(dir)
}

// remove removes the files that the study has written, and the folders that are empty then. Other files stay. study.json is the last,
// so that what a kill leaves is a study still.
func (d *Definition) remove(dir string) error {
	var folders []string
	for _, id := range d.runIDs() {
		for _, of := range []struct {
			folder   string
			patterns []string
		}{
			{runsFolder, append(slices.Clone(runRecords), checkpointFile, lockFile)},
			{tensorBoardFolder, []string{"events.out.tfevents.[0-9]*.dcae"}},
		} {
			folder := filepath.Join(of.folder, id.folder())
			folders = append(folders, folder, filepath.Dir(folder), of.folder)
			if err := removeIn(dir, folder, of.patterns...); err != nil {
				return err
			}
		}
	}
	for _, folder := range folders {
		if path, err := files.Inside(dir, folder); err == nil {
			_ = os.Remove(path) // it stays if it is not empty
		}
	}
	if err := removeIn(dir, "", d.wholeFiles()...); err != nil {
		return err
	}
	return removeIn(dir, "", studyFile)
}

// wholeFiles are patterns of the files that are of the whole study, but for study.json.
func (d *Definition) wholeFiles() []string {
	out := []string{resultsFile, imagesFile, pageFile, armsFile, sharesFile}
	for _, file := range []string{invocationFile, timingFile} {
		out = append(out, file, suffixed(file, taskPattern))
	}
	for i := range d.Groups {
		for _, p := range pictures {
			out = append(out, d.pictureFile(i, p.file))
		}
	}
	if d.Plan == nil {
		return append(out, trainedFiles...)
	}
	for i, m := range d.Plan.Measures {
		out = append(out, m.pictureFile(i))
	}
	return out
}

// removeIn removes files from a folder within dir by patterns of their names, and files in the middle of whose writing the program was
// killed. It is no error if there is no such folder.
func removeIn(dir, folder string, patterns ...string) error {
	path := dir
	if folder != "" {
		var err error
		if path, err = files.Inside(dir, folder); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return errors.Errorf("cannot read the folder %s: %v", path, files.Reason(err))
	}
	for _, e := range entries {
		if e.IsDir() || !slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, _ := filepath.Match(pattern, e.Name()) // the pattern is well formed
			return ok || files.IsAbandoned(e.Name(), pattern)
		}) {
			continue
		}
		file := filepath.Join(path, e.Name())
		if err := os.Remove(file); err != nil {
			return errors.Errorf("cannot remove %s: %v", file, files.Reason(err))
		}
	}
	return nil
}

// sweepFolder removes files of the whole study, and of its report, in the middle of whose writing the program was killed. The caller has the
// folder's lock, without which none of them is written.
func sweepFolder(dir string) error {
	return removeIn(dir, "", ".study.json[0-9]*", ".results.csv[0-9]*", ".images.npz[0-9]*", ".invocation*.json[0-9]*", ".timing*.csv[0-9]*", ".*.png[0-9]*", ".*.html[0-9]*")
}

// waitForFolder takes the lock of the files of the whole study; notice, which may be nil, is told if that takes time.
func waitForFolder(ctx context.Context, dir string, notice func(string)) (*files.Lock, error) {
	return files.WaitForLock(ctx, filepath.Join(dir, lockFile), func() {
		if notice != nil {
			notice("waiting for another process, which writes to " + dir)
		}
	})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // "FVU 0.3 < 0.5" is to be read
	err := e.Encode(v)
	return b.Bytes(), errors.Wrap(err, "JSON")
}

func writeJSON(path string, v any) error {
	b, err := encodeJSON(v)
	if err != nil {
		return errors.WithMessage(err, path)
	}
	return files.WriteBytes(path, b)
}

func readFile(path string) ([]byte, error) {
	b, err := files.ReadFile(path)
	if err != nil {
		return nil, errors.Errorf("cannot read %s: %v", path, err)
	}
	return b, nil
}

func readJSON(path string, v any) error {
	b, err := readFile(path)
	if err != nil {
		return err
	}
	if err := plainjson.Decode(b, v); err != nil {
		return errors.Errorf("%s is damaged: %v", path, err)
	}
	return nil
}
