package diagnosis

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/training/files"
)

const (
	newFolder   = ".new"   // an answer that is being written
	wholeFolder = ".whole" // one that has been, and is being put in place
)

// commit makes the answer that was written to .new the folder's own. From the moment on when .new has become .whole, in one step, it is the new
// answer that counts: whatever kills the program then, the next diagnosis goes on with putting it in place.
func commit(dir string) (warnings []string, err error) {
	if err := os.Rename(filepath.Join(dir, newFolder), filepath.Join(dir, wholeFolder)); err != nil {
		return nil, errors.Errorf("cannot write to the folder %s: %v", dir, files.Reason(err))
	}
	return putInPlace(dir)
}

// putInPlace moves a whole answer to its place in a folder, if one waits there. Only where that fails for the answer itself is it an error; other
// files that cannot be moved are warnings, and go.
func putInPlace(dir string) (warnings []string, err error) {
	whole := filepath.Join(dir, wholeFolder)
	lost := map[string]bool{}
	for _, p := range placing(dir) {
		switch err := p.do(); {
		case err != nil && p.file == wholeFolder: // something is left in it
			return warnings, files.Reason(os.RemoveAll(whole))
		case err != nil && p.file == answerFile:
			return warnings, errors.WithMessagef(err, "the answer is in %s, and cannot be moved to its place", whole)
		case err != nil && !lost[p.file]:
			lost[p.file] = true
			warnings = append(warnings, fmt.Sprintf("%s cannot be put in its place: %v", filepath.Join(dir, p.file), err))
		}
	}
	return warnings, nil
}

// placement is one step of bringing an answer to its place.
type placement struct {
	file string
	do   func() error
}

// placing are the steps that bring an answer from .whole to its place. All files of the former answer go before the first of the new one comes,
// so that they never stand side by side. The answer itself comes first: while it is in .whole, what is in place is of the former one.
func placing(dir string) []placement {
	whole, err := files.Inside(dir, wholeFolder)
	if err != nil || !hasAnswer(whole) && !hasAnswer(dir) { // a folder of somebody else's
		return nil
	}
	if _, err := os.Stat(whole); err != nil {
		return nil
	}
	var steps []placement
	if hasAnswer(whole) {
		for _, file := range allFiles {
			steps = append(steps, placement{file, func() error { return unlessGone(os.Remove(filepath.Join(dir, file))) }})
		}
	}
	for _, file := range allFiles {
		steps = append(steps, placement{file, func() error { return unlessGone(os.Rename(filepath.Join(whole, file), filepath.Join(dir, file))) }})
	}
	return append(steps, placement{wholeFolder, func() error { return unlessGone(os.Remove(whole)) }})
}

// unlessGone is nil where what was to be removed or moved is not there.
func unlessGone(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return files.Reason(err)
}
