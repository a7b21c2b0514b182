// Cost measures how long training steps take, and compares that with what the cost model of dcae diagnose says, by which it plans its time.
// Measured, on an idle machine, are models that the rates were fitted to and others; with -fit the rates are fitted anew and written.
//
//	go run ./experiments/diagnosis/corpus/cost [-kernels avx512] [-only REGEXP] [-csv FILE] [-fresh] [-fit] [MODEL FILE ...]
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph/arithmetic"
)

const (
	usualLimit = 1.3 // within which nine of ten models must be
	leastShare = 0.9
	mostLimit  = 1.6 // that none may exceed
	ratesFile  = "experiments/diagnosis/rates.go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

func run() error {
	kernels := flag.String("kernels", arithmetic.Best().String(), "family of kernels")
	only := flag.String("only", "", "measure only models whose names match")
	path := flag.String("csv", "results/cost.csv", "table of what is measured; rows that are there are not measured again")
	fresh := flag.Bool("fresh", false, "measure the rows of this family anew")
	refit := flag.Bool("fit", false, "fit the rates to the table of what was measured, and write them")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return errors.WithMessage(err, "-only")
	}
	family, err := arithmetic.ParseFamily(*kernels)
	if err != nil {
		return err
	}
	if err := arithmetic.Choose(family); err != nil {
		return err
	}
	all, err := subjects(flag.Args())
	if err != nil {
		return err
	}
	rows, err := readRows(*path, all)
	if err != nil {
		return err
	}
	if *fresh {
		rows = slices.DeleteFunc(rows, func(r row) bool { return r.family == family })
	}
	if *refit {
		return writeRates(ratesFile, rows)
	}
	for _, s := range all {
		if !pattern.MatchString(s.name) || slices.ContainsFunc(rows, func(r row) bool { return r.name == s.name && r.family == family }) {
			continue
		}
		seconds, err := measure(s)
		if err != nil {
			return errors.WithMessage(err, s.name)
		}
		r, err := newRow(s, family, seconds)
		if err != nil {
			return err
		}
		rows = append(rows, r)
		fmt.Fprintln(os.Stderr, r)
		if err := writeRows(*path, rows); err != nil {
			return err
		}
	}
	return judge(slices.DeleteFunc(rows, func(r row) bool { return r.family != family }))
}

// judge prints the rows, the worst first, and tells whether the model is within its limits.
func judge(rows []row) error {
	off := func(r row) float64 { return math.Abs(math.Log(r.measured / r.work.Seconds())) }
	slices.SortStableFunc(rows, func(a, b row) int { return int(math.Copysign(1, off(b)-off(a))) })
	fmt.Printf("%-52s %10s %10s %6s\n", "model", "predicted", "measured", "ratio")
	fine, within := 0, 0
	for _, r := range rows {
		fmt.Println(r)
		if off(r) <= math.Log(mostLimit) {
			fine++
		}
		if ratio := r.measured / r.work.Seconds(); ratio >= 2-usualLimit && ratio <= usualLimit {
			within++
		}
	}
	fmt.Printf("%d of %d models within %.0f%%, %d within a factor of %g\n", within, len(rows), 100*(usualLimit-1), fine, mostLimit)
	if fine < len(rows) || float64(within) < leastShare*float64(len(rows)) {
		return errors.New("the cost model is outside its limits")
	}
	return nil
}
