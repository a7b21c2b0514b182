package main

import (
	"github.com/spf13/cobra"

	"dcae/training/dataset"
)

func dataCommand() *cobra.Command {
	f := &dataFlags{}
	c := &cobra.Command{
		Use:   "data D",
		Short: "Describe a set of images, and warn of what training would fail on",
		Long: "Prints how many images D has, their size, range, mean, spread, outliers and constant images, as training would see them, with\n" +
			"a warning for each finding that training would fail on. D is mnist, pneumonia, an .npz, .npy or IDX file, or a folder of PNG or\n" +
			"JPEG files.",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			f.Source = args[0]
			set, err := f.open(c)
			if err != nil {
				return err
			}
			_, err = dataset.Describe(set).WriteTo(c.OutOrStdout())
			return err
		},
	}
	f.addTreatment(c.Flags())
	return c
}
