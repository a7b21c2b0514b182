package main

import (
	"github.com/pkg/errors"
	"github.com/spf13/pflag"

	"dcae/experiments"
	"dcae/training/dataset"
)

// dataFlags say which images, and what is done to them.
type dataFlags struct {
	spec, scale, resize, holdout string
	images                       int
}

func (f *dataFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.spec, "data", "mnist", "mnist, pneumonia, a .npz, .npy or IDX file, or a folder of PNG or JPEG files")
	f.addTreatment(flags)
	flags.IntVar(&f.images, "images", 0, "train on the first so many training images (default: all)")
}

// addTreatment adds the flags that say what is done to images.
func (f *dataFlags) addTreatment(flags *pflag.FlagSet) {
	flags.StringVar(&f.scale, "scale", "", "none, unit (0..1), standardize or minmax (default: unit for the built-in sets, none for others)")
	flags.StringVar(&f.resize, "resize", "", "bring all images to HEIGHTxWIDTH")
	flags.StringVar(&f.holdout, "holdout", "10%", "share of the images that is held out where the data has no such part")
}

// open reads the images.
func (f *dataFlags) open() (*dataset.Set, error) {
	var o dataset.Options
	var err error
	if o.Scale, err = dataset.ParseScale(f.scale); err != nil {
		return nil, usageError{errors.WithMessage(err, "--scale")}
	}
	if o.Resize, err = dataset.ParseSize(f.resize); err != nil {
		return nil, usageError{errors.WithMessage(err, "--resize")}
	}
	if o.Holdout, err = experiments.ParseShare(f.holdout); err != nil {
		return nil, usageError{errors.WithMessage(err, "--holdout")}
	}
	if f.images < 0 {
		return nil, usageError{errors.Errorf("--images must be at least 1, not %d", f.images)}
	}
	o.Images = f.images
	return dataset.Open(f.spec, o)
}
