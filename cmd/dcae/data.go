package main

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/training/dataset"
)

func dataCommand() *cobra.Command {
	f := &dataFlags{}
	asJSON := false
	c := &cobra.Command{
		Use:   "data D",
		Short: "Describe a set of images, and warn of what training would fail on",
		Long: "Prints how many images D has, their size, range, mean, spread, outliers and constant images, as training would see them, with\n" +
			"a warning for each finding that training would fail on. D is mnist, pneumonia, an .npz, .npy, .csv or IDX file, or a folder of PNG or\n" +
			"JPEG files.",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			f.Source = args[0]
			set, err := f.open(c)
			if err != nil {
				return err
			}
			report := dataset.Describe(set)
			if asJSON {
				return writeReport(c, report)
			}
			_, err = report.WriteTo(c.OutOrStdout())
			return err
		},
	}
	f.addTreatment(c.Flags())
	c.Flags().BoolVar(&asJSON, "json", false, "the description as JSON: warnings is a list, text what is printed without this flag")
	return c
}

// writeReport prints a description as JSON. Warnings about targets say that they are.
func writeReport(c *cobra.Command, r dataset.Report) error {
	var text strings.Builder
	if _, err := r.WriteTo(&text); err != nil {
		return errors.Wrap(err, "describing the images")
	}
	warnings := append([]string{}, r.Warnings...)
	if r.Targets != nil {
		for _, w := range r.Targets.Warnings {
			warnings = append(warnings, "Targets: "+w)
		}
	}
	return writeJSON(c.OutOrStdout(), struct {
		Name     string   `json:"name"`
		Shape    [3]int   `json:"shape"` // height, width, channels
		Training int      `json:"training_images"`
		Held     int      `json:"validation_images"`
		Test     int      `json:"test_images"`
		Warnings []string `json:"warnings"`
		Text     string   `json:"text"`
	}{r.Name, [3]int{r.Shape.H, r.Shape.W, r.Shape.C}, r.Train.Images, r.Validation.Images, r.Test.Images, warnings, text.String()})
}
