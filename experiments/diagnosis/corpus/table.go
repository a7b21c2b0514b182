package corpus

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the table of what was measured
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/statistics"
	"dcae/training/files"
)

//go:embed corpus.csv
var measured []byte

// Row is what a candidate did when it was trained.
type Row struct {
	Name        string
	Fingerprint string // of all that the runs depend on
	Half        Half
	Base        string
	Change      string
	Data        string
	Optimizer   string
	Loss        string
	Causes      string
	Kept        bool
	Reason      string // why it was dropped
	Trials      []Trial
	Rates       string // which other rate learns, where that decides the cause; see [Case.TryRates]
}

var columns = []string{"name", "half", "base", "change", "data", "optimizer", "loss", "causes", "kept", "reason", "seeds", "fvu", "steps", "rates", "fingerprint"}

// Describe is a candidate's row before it was trained.
func (c Case) Describe() (Row, error) {
	fingerprint, err := c.fingerprint()
	var causes []string
	for _, cause := range c.Causes {
		causes = append(causes, string(cause))
	}
	return Row{
		Name: c.Name, Fingerprint: fingerprint, Half: c.Half, Base: c.Base, Change: c.Change,
		Data: c.Data.String(), Optimizer: c.Optim.String(), Loss: c.Loss.String(), Causes: strings.Join(causes, "|"),
	}, err
}

// fingerprint is a hash of all that the runs depend on.
func (c Case) fingerprint() (string, error) {
	digest := sha256.New()
	fmt.Fprintf(digest, "%v %v %v %d\n", c.Data, c.Optim, c.Loss, c.Data.epochs(Budget{}))
	for _, n := range c.Model.Nodes {
		layer, err := json.Marshal(n.Layer)
		if err != nil {
			return "", errors.Wrapf(err, "%s, layer %s", c.Name, n.Name)
		}
		fmt.Fprintf(digest, "%s %v %s %s\n", n.Name, n.Inputs, n.Layer.Class(), layer)
	}
	return fmt.Sprintf("%x", digest.Sum(nil)[:6]), nil
}

// ReadTable reads rows from a file; none if there is no such file.
func ReadTable(path string) ([]Row, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.WithStack(err)
	}
	rows, err := parseTable(b)
	return rows, errors.WithMessage(err, path)
}

func parseTable(b []byte) ([]Row, error) {
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = len(columns)
	records, err := r.ReadAll()
	if err != nil {
		return nil, errors.WithStack(err)
	}
	if len(records) == 0 || !slices.Equal(records[0], columns) {
		return nil, errors.Errorf("the first line must be %s", strings.Join(columns, ","))
	}
	var rows []Row
	for i, f := range records[1:] {
		row := Row{
			Name: f[0], Half: Half(f[1]), Base: f[2], Change: f[3], Data: f[4], Optimizer: f[5], Loss: f[6], Causes: f[7],
			Kept: f[8] == "true", Reason: f[9], Rates: f[13], Fingerprint: f[14],
		}
		seeds, fvu, steps := strings.Fields(f[10]), strings.Fields(f[11]), strings.Fields(f[12])
		if len(fvu) != len(seeds) || len(steps) != len(seeds) {
			return nil, errors.Errorf("line %d: %d seeds, but %d FVUs and %d numbers of steps", i+2, len(seeds), len(fvu), len(steps))
		}
		for k := range seeds {
			var t Trial
			var e1, e2, e3 error
			t.Seed, e1 = strconv.ParseUint(seeds[k], 10, 64)
			t.FVU, e2 = strconv.ParseFloat(fvu[k], 64)
			t.Steps, e3 = strconv.Atoi(steps[k])
			for _, err := range []error{e1, e2, e3} {
				if err != nil {
					return nil, errors.Wrapf(err, "line %d", i+2)
				}
			}
			row.Trials = append(row.Trials, t)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// WriteTable writes rows to a file.
func WriteTable(path string, rows []Row) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(columns) // to memory
	for _, r := range rows {
		var seeds, fvu, steps []string
		for _, t := range r.Trials {
			seeds = append(seeds, fmt.Sprint(t.Seed))
			fvu = append(fvu, fmt.Sprintf("%.4g", t.FVU))
			steps = append(steps, fmt.Sprint(t.Steps))
		}
		_ = w.Write([]string{
			r.Name, string(r.Half), r.Base, r.Change, r.Data, r.Optimizer, r.Loss, r.Causes, strconv.FormatBool(r.Kept), r.Reason,
			strings.Join(seeds, " "), strings.Join(fvu, " "), strings.Join(steps, " "), r.Rates, r.Fingerprint,
		})
	}
	w.Flush()
	return files.WriteBytes(path, b.Bytes())
}

// Cases are the candidates of a part that proved to be what they were made for, in a fixed order: faulty and healthy ones. Candidates
// that corpus.csv knows nothing of, as they are now, are left out.
func Cases(half Half) ([]Case, error) {
	rows, err := parseTable(measured)
	if err != nil {
		return nil, errors.WithMessage(err, "corpus.csv")
	}
	candidates, err := Candidates()
	if err != nil {
		return nil, err
	}
	var out []Case
	for _, c := range candidates {
		if c.Half != half {
			continue
		}
		want, err := c.Describe()
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Name == c.Name })
		if i >= 0 && rows[i].Fingerprint == want.Fingerprint && rows[i].Kept {
			out = append(out, c)
		}
	}
	return out, nil
}

// BaseFVU is the median FVU that a base reached.
func BaseFVU(base string) (float64, error) {
	rows, err := parseTable(measured)
	if err != nil {
		return 0, errors.WithMessage(err, "corpus.csv")
	}
	for _, r := range rows {
		if r.Name == base {
			var fvu []float64
			for _, t := range r.Trials {
				fvu = append(fvu, t.FVU)
			}
			return statistics.Median(fvu), nil
		}
	}
	return 0, errors.Errorf("corpus.csv has no base %s", base)
}
