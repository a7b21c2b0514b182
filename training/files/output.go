package files

import (
	"os"

	"github.com/pkg/errors"
)

// CheckOutput tells, before the work, why its result cannot be written to path; nil if it can. The folder must be there and be writable.
// A file that is there is replaced only if it is empty or an earlier result, which isOwn tells, and if it is none of the inputs.
func CheckOutput(path string, isOwn func() bool, inputs ...string) error {
	info, err := os.Stat(path)
	for _, input := range inputs {
		if in, missing := os.Stat(input); err == nil && missing == nil && os.SameFile(info, in) {
			return errors.Errorf("%s is read, so that it cannot be written as well: name another file", path)
		}
	}
	switch {
	case err == nil && !info.Mode().IsRegular():
		return errors.Errorf("cannot write %s: it is there and is no file", path)
	case err == nil && info.Size() > 0 && !isOwn():
		return errors.Errorf("%s is there already, and is no earlier result of this command: name another file", path)
	}
	if err := mayWrite(path); err != nil {
		return errors.Errorf("cannot write %s: %v", path, Reason(err))
	}
	return nil
}
