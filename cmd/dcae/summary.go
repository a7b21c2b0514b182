package main

import (
	"github.com/spf13/cobra"

	"dcae/experiments/saved"
)

func summaryCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "summary MODEL",
		Short: "Print a model's layers, with their cost and receptive field",
		Long: "Prints a model's layers as Keras' summary does: layers, output shapes, parameters; and for each layer the floating-point operations of\n" +
			"its product for one image, and the receptive field: how many rows and columns of the image one output value depends on.",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			model, err := loadModel(c, args[0])
			if err != nil {
				return err
			}
			return saved.WriteSummary(c.OutOrStdout(), model)
		},
	}
}
