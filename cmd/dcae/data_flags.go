package main

import (
	"fmt"
	"os"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dcae/experiments"
	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training/dataset"
	"dcae/training/names"
)

// dataFlags say which images, and what is done to them.
type dataFlags struct {
	experiments.DataPlan
	images int
}

func (f *dataFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.Source, "data", "mnist", "mnist, pneumonia, a .npz, .npy, .csv or IDX file, or a folder of PNG or JPEG files")
	f.addTreatment(flags)
	flags.IntVar(&f.images, "images", 0, "train on the first so many training images (default: all)")
}

// addTreatment adds the flags that say what is done to images.
func (f *dataFlags) addTreatment(flags *pflag.FlagSet) {
	flags.StringVar(&f.Scale, "scale", "", "none, unit (0..1), standardize or minmax (default: unit for the built-in sets, none for others)")
	flags.StringVar(&f.Resize, "resize", "", "bring all images to HEIGHTxWIDTH")
	flags.StringVar(&f.Target, "target", "", "file or folder with what each image is to become (default: what the data holds as y, else the image itself)")
	flags.StringVar(&f.Holdout, "holdout", "", "share of the images that is held out where the data has no such part (default 10%)")
}

// openFor reads the images for a model, whose framework says how arrays of images lie.
func (f *dataFlags) openFor(c *cobra.Command, model string) (*dataset.Set, error) {
	f.ChannelsFirst = f.ChannelsFirst || saved.FrameworkOfFile(model) == saved.PyTorch
	return f.open(c)
}

// open reads the images, and tells what of them was passed over.
func (f *dataFlags) open(c *cobra.Command) (*dataset.Set, error) {
	o, err := f.Options()
	if err != nil {
		return nil, usageError{errors.Errorf("--%v", err)}
	}
	if f.images < 0 || f.images == 0 && c.Flags().Changed("images") {
		return nil, usageError{errors.Errorf("--images must be at least 1, not %d", f.images)}
	}
	o.Images = f.images
	if info, err := os.Stat(f.Source); err == nil && info.Mode().IsRegular() {
		note(c, patience(f.Source, info.Size()))
	}
	set, err := dataset.Open(f.Source, o)
	if err != nil {
		return nil, err
	}
	if n := set.Train.Len(); n < f.images {
		return nil, errors.Errorf("--images: %d images are more than the %d training images of %s", f.images, n, set.Name)
	}
	note(c, set.Notes)
	return set, nil
}

// muchToRead is how many bytes take a minute or more to be looked through.
const muchToRead = 4 << 30

// patience asks for it where a file is large.
func patience(path string, bytes int64) []string {
	if bytes < muchToRead {
		return nil
	}
	return []string{fmt.Sprintf("data %s: %.0f GB are read through several times, which takes minutes; a file of fewer images does not", path, float64(bytes)/1e9)}
}

// fit is a set as a model takes it.
func (f *dataFlags) fit(c *cobra.Command, m *graph.Model, set *dataset.Set) (*dataset.Set, error) {
	fitted, notes, err := saved.FitImages(m, set, f.Resize != "")
	if err != nil {
		return nil, errors.WithMessagef(err, "data %s", set.Name)
	}
	note(c, notes)
	return fitted, nil
}

func note(c *cobra.Command, lines []string) {
	for _, line := range lines {
		fmt.Fprintln(c.ErrOrStderr(), names.Line(line))
	}
}
