package experiments

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/graph/arithmetic"
	"dcae/training/files"
)

// VerifyOptions say how much of a study is run again.
type VerifyOptions struct {
	Runs    int // how many of the finished runs, spread evenly over them; 0: all
	Threads int // processors to use
}

// Verification is what came out of running a study again.
type Verification struct {
	Checked     int          // runs that were run again
	Finished    int          // runs on record
	Unfinished  []string     // runs of the study that have no result
	Reasons     []string     // why the bits may differ, known before anything was run
	Differences []Difference // A is on record, B came out now; the first in each file
}

// Verify runs again, in a temporary folder, what a study's folder says it ran, and compares all records bit for bit. It also
// makes results.csv anew from the runs' results on record. Nothing in the folder is changed. It fails if the folder holds no study, or
// one that cannot be run here or whose bits this program does not compute, and when ctx ends; that records differ is no failure.
func Verify(ctx context.Context, dir string, o VerifyOptions, w Watcher) (*Verification, error) {
	d, err := ReadDefinition(dir)
	if err != nil {
		return nil, err
	}
	if d.Plan == nil {
		return nil, errors.Errorf("%s holds a single run of dcae train; only studies can be verified", dir)
	}
	if err := arithmetic.CheckBits(d.Kernels, d.Bits); err != nil {
		return nil, errors.Errorf("the study in %s can't be verified: %v; verify it with the program that made it, which its %s names", dir, err, invocationFile)
	}
	finished, missing, err := d.readAll(dir, readOwnResult) // where other records are damaged, that is a difference
	if err != nil {
		return nil, err
	}
	if len(finished) == 0 {
		return nil, errors.Errorf("no run in %s is finished: there is nothing to compare with", dir)
	}
	v := &Verification{Finished: len(finished)}
	for _, id := range missing {
		v.Unfinished = append(v.Unfinished, id.String())
	}
	s, err := remake(dir, d)
	if err != nil {
		return nil, errors.WithMessagef(err, "the study in %s", dir)
	}
	temporary, err := os.MkdirTemp("", "dcae-verify-")
	if err != nil {
		return nil, errors.Errorf("cannot make a temporary folder: %v", files.Reason(err))
	}
	defer func() { _ = os.RemoveAll(temporary) }() // the system removes it some day
	r, err := newRunner(s, Options{Dir: temporary, Threads: o.Threads}, w)
	if err != nil {
		return nil, err
	}
	if err := r.claim(ctx); err != nil {
		return nil, err
	}
	if err := r.begin(false); err != nil {
		return nil, err
	}
	v.Reasons = reasonsToDiffer(d, r.definition)
	if err := v.compare(dir, temporary, studyFile, imagesFile); err != nil {
		return nil, err
	}
	if err := v.checkResults(dir, finished); err != nil {
		return nil, err
	}
	var again []job
	for _, i := range spreadOver(o.Runs, len(finished)) {
		for _, a := range s.Arms() {
			if a.Name == finished[i].Arm {
				again = append(again, job{arm: a, seed: finished[i].Seed})
			}
		}
	}
	_, err = r.finishAll(ctx, again)
	if e := r.timing.close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	for _, j := range again {
		differences, err := compareRuns(dir, temporary, runID{j.arm.Name, j.seed})
		if err != nil {
			return nil, err
		}
		v.Differences = append(v.Differences, differences...)
	}
	v.Checked = len(again)
	return v, nil
}

// remake makes the study that a folder's definition describes, and opens its images. Where relative paths start is said by the account of a
// call that made the study; without one that is the working directory.
func remake(dir string, d *Definition) (Study, error) {
	for _, path := range allTasks(dir, invocationFile) {
		var call struct {
			From PathsFrom `json:"paths_from"`
		}
		if readJSON(path, &call) == nil && call.From != (PathsFrom{}) {
			d.Plan.from = call.From
			break
		}
	}
	for _, g := range d.Plan.Groups { // which may come from elsewhere
		for _, a := range g.Arms {
			if err := a.check(); err != nil {
				return Study{}, err
			}
		}
	}
	return d.Plan.Open()
}

// reasonsToDiffer names what bits depend on beside the study.
func reasonsToDiffer(recorded, now *Definition) []string {
	var out []string
	for _, x := range []struct{ what, recorded, now string }{
		{"it was run with the %s kernels, and now with %s, which add in another order", recorded.Kernels, now.Kernels},
		{"its images have the checksum %s, those that are there now %s", recorded.Data.Checksum, now.Data.Checksum},
	} {
		if x.recorded != x.now {
			out = append(out, fmt.Sprintf(x.what, x.recorded, x.now))
		}
	}
	return out
}

func (v *Verification) compare(a, b string, files ...string) error {
	for _, file := range files {
		d, err := compareFiles(filepath.Join(a, file), filepath.Join(b, file))
		if err != nil {
			return err
		}
		if d != nil {
			v.Differences = append(v.Differences, *d)
		}
	}
	return nil
}

// checkResults makes results.csv anew from the results of the runs, as they are on record.
func (v *Verification) checkResults(dir string, finished []*Result) error {
	there, err := readIfThere(filepath.Join(dir, resultsFile))
	if err != nil {
		return err
	}
	if there == nil && len(v.Unfinished) > 0 {
		return nil // the program was killed before it wrote the file
	}
	if own := encodeResults(finished); !bytes.Equal(own, there) {
		d := Difference{A: nothing, B: "a file"}
		if there != nil {
			d = firstOf(filepath.Ext(resultsFile), there, own)
		}
		d.File = resultsFile
		v.Differences = append(v.Differences, d)
	}
	return nil
}

// spreadOver picks k of n numbers from 0 on, evenly; all of them if k is 0 or too many.
func spreadOver(k, n int) []int {
	if k <= 0 || k > n {
		k = n
	}
	out := make([]int, k)
	for i := range out {
		out[i] = (2*i + 1) * n / (2 * k)
	}
	return out
}
