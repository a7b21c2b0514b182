package experiments

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"dcae/training/files"
)

// MergeOptions say where the parts of a study come together.
type MergeOptions struct {
	Out     string       // folder, empty or with the same study; where the only part lies if it is not named
	Partial bool         // runs may be missing
	Notice  func(string) // is told why nothing seems to happen; may be nil
}

// Merge joins the parts of a study, or completes results.csv where all parts lie in one folder. The study's records become
// those of a run on one machine. Unfinished runs are left behind. Merge refuses parts of different studies, a run that is in
// two parts with different records, a record that is damaged or not of its study, and, unless Partial, parts that lack runs, which it names. It returns the results in the
// study's order, and which runs are missing.
func Merge(ctx context.Context, dirs []string, o MergeOptions) (finished []*Result, missing []string, err error) {
	if len(dirs) == 0 || len(dirs) > 1 && o.Out == "" {
		return nil, nil, errors.New("there must be parts to merge, and a folder to merge them in")
	}
	out := o.Out
	if out == "" {
		out = dirs[0]
	}
	if d, err := ReadDefinition(dirs[0]); err != nil { // before a folder is made for it
		return nil, nil, err
	} else if d.Plan == nil {
		return nil, nil, errors.Errorf("%s holds a single run of dcae train, which has no parts", dirs[0])
	}
	undo, err := files.MakeFolder(out)
	if err != nil {
		return nil, nil, err
	}
	defer undo() // where nothing was written
	inUse, err := enterFolder(out, false)
	if err != nil {
		return nil, nil, err
	}
	defer inUse.Release()
	if exists(filepath.Join(out, studyFile)) { // what is there already is a part as well
		dirs = append([]string{out}, dirs...)
	}
	study, d, err := sameStudy(dirs, out)
	if err != nil {
		return nil, nil, err
	}
	sources, missing, err := findRuns(ctx, dirs, d)
	if err != nil {
		return nil, nil, err
	}
	if len(missing) > 0 && !o.Partial {
		return nil, missing, errors.Errorf("%d of %d runs are not finished: %s; run the tasks that they belong to again, or merge without them with --partial",
			len(missing), len(d.runIDs()), strings.Join(missing, ", "))
	}
	held, err := waitForFolder(ctx, out, o.Notice)
	if err != nil {
		return nil, nil, err
	}
	defer held.Release()
	if err := sweepFolder(out); err != nil {
		return nil, nil, err
	}
	if err := files.WriteBytes(filepath.Join(out, studyFile), study); err != nil {
		return nil, nil, err
	}
	for _, id := range d.runIDs() {
		if from, ok := sources[id]; ok {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			if err := copyRun(from, out, id); err != nil {
				return nil, nil, err
			}
		}
	}
	if err := copyRest(dirs, out); err != nil {
		return nil, nil, err
	}
	finished, _, err = readFinished(out, d)
	if err != nil {
		return nil, nil, err
	}
	return finished, missing, writeResults(filepath.Join(out, resultsFile), finished)
}

// sameStudy reads the study.json of all parts, which must be the same, as must be the images: out, where the parts come together, has none yet if the
// program was killed while it merged.
func sameStudy(dirs []string, out string) ([]byte, *Definition, error) {
	d, err := ReadDefinition(dirs[0])
	if err != nil {
		return nil, nil, err
	}
	for _, dir := range dirs {
		if err := sameBits(dirs[0], dir); err != nil {
			return nil, nil, err
		}
	}
	for _, file := range []string{studyFile, imagesFile} {
		parts := dirs
		if len(dirs) > 1 && sameFolder(dirs[0], out) && !exists(filepath.Join(out, file)) {
			parts = dirs[1:]
		}
		for _, dir := range parts[1:] {
			difference, err := compareFiles(filepath.Join(parts[0], file), filepath.Join(dir, file))
			if err != nil {
				return nil, nil, err
			}
			if difference != nil {
				return nil, nil, errors.Errorf("%s and %s are parts of different studies: %s", parts[0], dir, difference.between("in the first", "in the second"))
			}
		}
	}
	study, err := readFile(filepath.Join(dirs[0], studyFile))
	return study, d, err
}

// sameBits refuses parts whose bits are not known to be the same.
func sameBits(first, other string) error {
	a, err := ReadDefinition(first)
	if err != nil {
		return err
	}
	b, err := ReadDefinition(other)
	if err != nil {
		return err
	}
	switch {
	case b.Bits == 0:
		return errors.Errorf("%s can't be merged: it was computed by an older program, whose bits had no number; run it anew", other)
	case a.Kernels != b.Kernels || a.Bits != b.Bits:
		return errors.Errorf("%s and %s can't be merged: the first was computed with bits number %d of the %s kernels, the second with number %d of the %s kernels; run all parts with the same --kernels and one program",
			first, other, a.Bits, a.Kernels, b.Bits, b.Kernels)
	}
	return nil
}

// findRuns finds for each finished run the part that has it. One that several parts have must be the same in all.
func findRuns(ctx context.Context, dirs []string, d *Definition) (sources map[runID]string, missing []string, err error) {
	sources = map[runID]string{}
	for _, id := range d.runIDs() {
		for _, dir := range dirs {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			res, err := d.readRun(dir, id)
			if err != nil {
				return nil, nil, err
			}
			if res == nil {
				continue
			}
			first, twice := sources[id]
			if !twice || sameFolder(first, dir) {
				sources[id] = dir
				continue
			}
			differences, err := compareRuns(first, dir, id)
			if err != nil {
				return nil, nil, err
			}
			if len(differences) > 0 {
				return nil, nil, errors.Errorf("%s and %s both have a run, but with different records: %s", first, dir, differences[0].between("in the first", "in the second"))
			}
		}
		if sources[id] == "" {
			missing = append(missing, id.String())
		}
	}
	return sources, missing, nil
}

// copyRun copies a finished run's records over those of an unfinished one.
func copyRun(from, to string, id runID) error {
	if sameFolder(from, to) {
		return nil
	}
	source := runFolder(from, id.arm, id.seed)
	target, err := makeRunFolder(to, id)
	if err != nil {
		return err
	}
	held, err := files.TryLock(filepath.Join(target, lockFile))
	if err != nil {
		return err
	}
	if held == nil {
		return errors.Errorf("another process works on the run in %s; wait for its end", target)
	}
	defer held.Release()
	for _, file := range runRecords { // the result is the last
		b, err := readIfThere(filepath.Join(source, file))
		if err != nil {
			return err
		}
		if b == nil {
			continue // a diverged run has no reconstructions
		}
		if err := files.WriteBytes(filepath.Join(target, file), b); err != nil {
			return err
		}
	}
	return removeUnfinished(target)
}

// copyRest copies the images, and each part's account of how and when it ran, unless the folder has its own.
func copyRest(dirs []string, out string) error {
	for _, dir := range dirs {
		paths := []string{filepath.Join(dir, imagesFile)}
		paths = append(append(paths, allTasks(dir, invocationFile)...), allTasks(dir, timingFile)...)
		for _, path := range paths {
			to := filepath.Join(out, filepath.Base(path))
			b, err := readIfThere(path)
			if err != nil {
				return err
			}
			if b == nil || exists(to) {
				continue
			}
			if err := files.WriteBytes(to, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func sameFolder(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
