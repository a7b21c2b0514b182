package main

import (
	"fmt"
	"go/format"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/diagnosis"
	"dcae/graph/arithmetic"
)

// safe is by how much the rates are above those that fit best, since a step that takes longer than planned costs more than one that takes less.
const safe = 1.05

// fit finds the rates, none below 0, with the least squares of relative errors over the rows that may be fitted, coordinate by
// coordinate. Rows that are far off weigh less and less (Huber 1964), so that a single one that was disturbed decides nothing.
func fit(rows []row) diagnosis.Work {
	var rates diagnosis.Work
	weights := make([]float64, len(rows))
	for i := range weights {
		weights[i] = 1
	}
	for range 20 {
		for range 3000 {
			step(&rates, rows, weights)
		}
		for i, r := range rows {
			const usual = 0.15
			weights[i] = min(1, usual/max(usual, math.Abs(dot(rates, r.work)/r.measured-1)))
		}
	}
	return rates
}

// step improves each rate in turn.
func step(rates *diagnosis.Work, rows []row, weights []float64) {
	left := make([]float64, len(rows)) // of the measured time, as its share, that is not explained
	for i, r := range rows {
		left[i] = 1 - dot(*rates, r.work)/r.measured
	}
	for t := range rates {
		along, square := 0.0, 0.0
		for i, r := range rows {
			share := r.work[t] / r.measured
			along += weights[i] * share * left[i]
			square += weights[i] * share * share
		}
		if square == 0 {
			continue
		}
		before := rates[t]
		rates[t] = max(0, before+along/square)
		for i, r := range rows {
			left[i] -= (rates[t] - before) * r.work[t] / r.measured
		}
	}
}

func dot(rates, work diagnosis.Work) float64 {
	sum := 0.0
	for t, amount := range work {
		sum += amount * rates[t]
	}
	return sum
}

// writeRates fits the rates to the rows of AVX2 and AVX-512 together, and writes the file that they are in.
func writeRates(path string, rows []row) error {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !r.fitted || r.family == arithmetic.Portable })
	if len(rows) == 0 {
		return errors.New("nothing was measured yet")
	}
	var b strings.Builder
	b.WriteString("package diagnosis\n\n// rates are seconds for a unit of each task, on one of two processors of a Zen 4 server that are both at work. They are constants, so that\n" +
		"// the same call gives the same answer everywhere. `make fit-cost` measures and writes them.\nvar rates = Work{\n")
	for t, rate := range fit(rows) {
		fmt.Fprintf(&b, "%s: %.3g,\n", diagnosis.Task(t), safe*rate)
	}
	b.WriteString("}\n")
	source, err := format.Source([]byte(b.String()))
	if err != nil {
		return errors.WithStack(err)
	}
	return errors.WithStack(os.WriteFile(path, source, 0o644))
}
