package main

import (
	"github.com/pkg/errors"
	"github.com/spf13/pflag"

	"dcae/experiments"
	"dcae/graph/arithmetic"
)

// kernels is the flag --kernels.
type kernels string

func (k *kernels) add(flags *pflag.FlagSet, otherwise string) {
	flags.StringVar((*string)(k), "kernels", "", "avx512, avx2, or portable, which is slow but gives the same results on every machine (default: "+otherwise+")")
}

// choose decides, before anything is computed, on the family of kernels: the one that the flag names or, without it, that of the study in
// a folder ("": none), else the machine's best.
func (k kernels) choose(folder string) error {
	family := arithmetic.Best()
	var err error
	switch {
	case k != "":
		if family, err = arithmetic.ParseFamily(string(k)); err != nil {
			return usageError{errors.WithMessage(err, "--kernels")}
		}
	case folder != "":
		if family, err = experiments.RecordedKernels(folder); err != nil {
			return err
		}
	}
	return arithmetic.Choose(family)
}
