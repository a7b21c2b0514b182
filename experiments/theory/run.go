package theory

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"dcae/graph/arithmetic"
	"dcae/training/files"
	"dcae/training/plainjson"
)

// RecordsFile is what the study leaves in its folder: what was predicted and measured, from which all else is made.
const RecordsFile = "theory.json"

// Records are what RecordsFile holds. They follow from the seeds and the family of kernels alone.
type Records struct {
	Format  int           `json:"format"` // 1
	Kernels string        `json:"kernels"`
	Bits    int           `json:"bits"`
	Seeds   []uint64      `json:"seeds"`
	Rows    []RecordedRow `json:"rows"`
}

// RecordedRow is what was measured of a row.
type RecordedRow struct {
	Name   string    `json:"name"`
	Points []Point   `json:"points"`
	Values []perSeed `json:"values"` // of each point
}

// perSeed are a point's values by seed. NaN, which is none, is null in records.
type perSeed []float64

// MarshalJSON writes the shortest numbers that read back to the same bits. It fails for infinite ones.
func (v perSeed) MarshalJSON() ([]byte, error) {
	out := make([]*float64, len(v))
	for i := range v {
		if !math.IsNaN(v[i]) {
			out[i] = &v[i]
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads numbers and null.
func (v *perSeed) UnmarshalJSON(b []byte) error {
	var in []*float64
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*v = make(perSeed, len(in))
	for i, x := range in {
		(*v)[i] = math.NaN()
		if x != nil {
			(*v)[i] = *x
		}
	}
	return nil
}

// Run measures all rows with all seeds, several at the same time on as many threads, and writes the records to a folder, which is made if it is not
// there. tell is called after each measurement with how many are done of how many; it may be nil. Run fails if the folder holds other files than
// a study of this kind, or when ctx ends.
func Run(ctx context.Context, dir string, seeds []uint64, threads int, tell func(done, of int)) (*Records, error) {
	if err := enter(dir); err != nil {
		return nil, err
	}
	r, err := measure(ctx, Rows(), seeds, threads, tell)
	if err != nil {
		return nil, err
	}
	return r, r.write(filepath.Join(dir, RecordsFile))
}

// enter makes the folder, and fails if something else lies there.
func enter(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return errors.Errorf("cannot read %s: %v", dir, files.Reason(err))
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }) // a part of a file, if the program was killed
	if len(entries) > 0 && !IsFolder(dir) {
		return errors.Errorf("the folder %s holds something else: name another with --out", dir)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return errors.Errorf("cannot make %s: %v", dir, files.Reason(err))
	}
	return nil
}

// IsFolder tells whether a folder holds records of this study.
func IsFolder(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, RecordsFile))
	return err == nil
}

// measure measures rows. Each measurement has one thread, so that no result depends on how many there are.
func measure(ctx context.Context, rows []Row, seeds []uint64, threads int, tell func(done, of int)) (*Records, error) {
	out := &Records{Format: 1, Kernels: arithmetic.Chosen().String(), Bits: arithmetic.Chosen().Bits(), Seeds: seeds}
	l := &lab{}
	type job struct{ row, seed int }
	var jobs []job
	for i, row := range rows {
		points, err := row.points(l)
		if err != nil {
			return nil, errors.WithMessage(err, row.Name)
		}
		recorded := RecordedRow{Name: row.Name, Points: points}
		for range points {
			recorded.Values = append(recorded.Values, make(perSeed, len(seeds)))
		}
		out.Rows = append(out.Rows, recorded)
		for k := range seeds {
			jobs = append(jobs, job{i, k})
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan job)
	var workers sync.WaitGroup
	var mutex sync.Mutex
	done := 0
	for range max(1, threads) {
		workers.Go(func() {
			for j := range queue {
				if ctx.Err() != nil {
					continue
				}
				values, err := rows[j.row].measure(l, out.Rows[j.row].Points, seeds[j.seed])
				if err != nil {
					stop(errors.WithMessagef(err, "%s, seed %d", rows[j.row].Name, seeds[j.seed]))
					continue
				}
				mutex.Lock()
				for i, v := range values {
					out.Rows[j.row].Values[i][j.seed] = v
				}
				if done++; tell != nil {
					tell(done, len(jobs))
				}
				mutex.Unlock()
			}
		})
	}
	for k := len(jobs) - 1; k >= 0; k-- { // the longest come last in the report, and are begun first
		queue <- jobs[k]
	}
	close(queue)
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// Family is the family of kernels that the records were computed with. It fails if there is none of that name.
func (r *Records) Family() (arithmetic.Family, error) { return arithmetic.ParseFamily(r.Kernels) }

// write fails where a value is infinite, and where the file cannot be written.
func (r *Records) write(path string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return errors.Wrap(err, "records of the study theory")
	}
	return files.WriteBytes(path, append(b, '\n'))
}

// Read reads the records in a folder. It fails if there are none, or if they are damaged or of another version of the rows.
func Read(dir string) (*Records, error) {
	path := filepath.Join(dir, RecordsFile)
	b, err := files.ReadFile(path)
	if err != nil {
		return nil, errors.Errorf("cannot read %s: %v", path, err)
	}
	r := &Records{}
	if err := plainjson.DecodeStrict(b, r); err != nil {
		return nil, errors.Errorf("%s is damaged: %v", path, err)
	}
	rows := Rows()
	if r.Format != 1 || len(r.Rows) != len(rows) {
		return nil, errors.Errorf("%s is of another version of the study: run it again", path)
	}
	for i, row := range r.Rows {
		if row.Name != rows[i].Name || len(row.Values) != len(row.Points) {
			return nil, errors.Errorf("%s is of another version of the study: run it again", path)
		}
		for _, values := range row.Values {
			if len(values) != len(r.Seeds) {
				return nil, errors.Errorf("%s is damaged: row %s has not a value for each seed", path, row.Name)
			}
		}
	}
	return r, nil
}

// Verify measures again what a folder's records hold, with their seeds, and names the first point that differs in any bit; "" if none does. It fails
// where the records cannot be read, or are of other kernels or another number of bits than the process computes with.
func Verify(ctx context.Context, dir string, threads int, tell func(done, of int)) (string, error) {
	there, err := Read(dir)
	if err != nil {
		return "", err
	}
	if own := arithmetic.Chosen().String(); there.Kernels != own {
		return "", errors.Errorf("the records in %s were computed with the %s kernels: call it with --kernels %s", dir, there.Kernels, there.Kernels)
	}
	if err := arithmetic.CheckBits(there.Kernels, there.Bits); err != nil {
		return "", errors.Errorf("the records in %s cannot be verified: %v", dir, err)
	}
	here, err := measure(ctx, Rows(), there.Seeds, threads, tell)
	if err != nil {
		return "", err
	}
	for i, row := range there.Rows {
		for k, values := range row.Values {
			for s, v := range values {
				if own := here.Rows[i].Values[k][s]; math.Float64bits(v) != math.Float64bits(own) && !(math.IsNaN(v) && math.IsNaN(own)) {
					return fmt.Sprintf("%s, %s, seed %d: %v there, %v here", row.Name, row.Points[k].Label, there.Seeds[s], v, own), nil
				}
			}
		}
	}
	return "", nil
}
