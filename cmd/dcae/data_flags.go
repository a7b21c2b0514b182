package main

import (
	"github.com/pkg/errors"
	"github.com/spf13/pflag"

	"dcae/experiments"
	"dcae/training/dataset"
)

// dataFlags say which images, and what is done to them.
type dataFlags struct {
	experiments.DataPlan
	images int
}

func (f *dataFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.Source, "data", "mnist", "mnist, pneumonia, a .npz, .npy or IDX file, or a folder of PNG or JPEG files")
	f.addTreatment(flags)
	flags.IntVar(&f.images, "images", 0, "train on the first so many training images (default: all)")
}

// addTreatment adds the flags that say what is done to images.
func (f *dataFlags) addTreatment(flags *pflag.FlagSet) {
	flags.StringVar(&f.Scale, "scale", "", "none, unit (0..1), standardize or minmax (default: unit for the built-in sets, none for others)")
	flags.StringVar(&f.Resize, "resize", "", "bring all images to HEIGHTxWIDTH")
	flags.StringVar(&f.Holdout, "holdout", "", "share of the images that is held out where the data has no such part (default 10%)")
}

// open reads the images.
func (f *dataFlags) open() (*dataset.Set, error) {
	o, err := f.Options()
	if err != nil {
		return nil, usageError{errors.Errorf("--%v", err)}
	}
	if f.images < 0 {
		return nil, usageError{errors.Errorf("--images must be at least 1, not %d", f.images)}
	}
	o.Images = f.images
	return dataset.Open(f.Source, o)
}
