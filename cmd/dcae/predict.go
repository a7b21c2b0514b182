package main

import (
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
	"dcae/training/files"
)

// predictFlags are the flags of dcae predict.
type predictFlags struct {
	dataFlags
	out, part string
	png       bool
	threads   int
}

func predictCommand() *cobra.Command {
	f := &predictFlags{}
	c := &cobra.Command{
		Use:   "predict MODEL",
		Short: "Run a model on images",
		Long: "Runs a model, in evaluation, on images and writes its outputs as y, [images, ...], float32, of a model of PyTorch [N, C, H, W]. Images come in the order of the source:\n" +
			"all of it (for an .npz file with held-out images of its own, those it has to train on), or with --part one of the parts that\n" +
			"training makes of it. With --png every output is also written as a picture, into a folder with the name of Y.npz: 0 is black\n" +
			"and 1 is white, or the smallest and largest value of the images where these lie outside of that.",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error { return predict(c, args[0], f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.Source, "data", "", "mnist, pneumonia, a .npz, .npy, .csv or IDX file, or a folder of PNG or JPEG files")
	flags.StringVar(&f.out, "out", "", "NPZ file to write")
	flags.StringVar(&f.part, "part", "all", "all, train, validation or test")
	flags.BoolVar(&f.png, "png", false, "write pictures, too")
	flags.IntVar(&f.threads, "threads", runtime.NumCPU(), "threads; results do not depend on them")
	f.addTreatment(flags)
	return c
}

func predict(c *cobra.Command, path string, f *predictFlags) error {
	folder, isNPZ := strings.CutSuffix(f.out, ".npz")
	switch {
	case f.Source == "":
		return usageError{errors.New("--data names no images")}
	case !isNPZ || folder == "":
		return usageError{errors.Errorf("--out must name an .npz file to write, not %q", f.out)}
	}
	if err := inRange("threads", f.threads, 1, mostThreads); err != nil {
		return err
	}
	choose, err := chooseParts(f.part)
	if err != nil {
		return usageError{err}
	}
	isPrediction := func() bool { return slices.Equal(npz.Names(f.out), []string{"y"}) }
	if err := files.CheckOutput(f.out, isPrediction, path, f.Source, f.Target); err != nil {
		return err
	}
	model, err := loadModel(c, path)
	if err != nil {
		return err
	}
	set, err := f.openFor(c, path)
	if err != nil {
		return err
	}
	images := choose(set)
	shapes, err := model.Model.Shapes()
	if err != nil {
		return err
	}
	shape := shapes[len(shapes)-1]
	if f.png {
		if err := saved.CheckPictures(folder, shape, isPrediction()); err != nil {
			return err
		}
	}
	threads := graph.NewThreads(f.threads)
	defer threads.Close()
	y := make([]float32, 0, images.Len()*shape.Size())
	err = saved.Predict(c.Context(), model, images, threads, func(_ int, _, out []float32) error {
		y = append(y, out...)
		return nil
	})
	if err != nil {
		return err
	}
	written := func() error { return npz.Write(f.out, []npz.Array{model.Outputs("y", y)}) }
	if !f.png {
		return written()
	}
	savesWhenInterrupted(c)                                                            // it has a folder to remove
	pictures, err := saved.GrayOf(images).StagePictures(c.Context(), folder, shape, y) // first, so that a full disk leaves the former ones and the former y
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(pictures) }() // it is gone if all went well
	if err := written(); err != nil {
		return err
	}
	return saved.PlacePictures(pictures, folder)
}

// chooseParts is which images of a set are meant.
func chooseParts(name string) (func(*dataset.Set) *dataset.Images, error) {
	switch name {
	case "all":
		return (*dataset.Set).Whole, nil
	case "train":
		return func(s *dataset.Set) *dataset.Images { return s.Train }, nil
	case "validation":
		return func(s *dataset.Set) *dataset.Images { return s.Validation }, nil
	case "test":
		return func(s *dataset.Set) *dataset.Images { return s.Test }, nil
	}
	return nil, errors.Errorf("--part is all, train, validation or test, not %q", name)
}
