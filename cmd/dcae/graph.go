package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"dcae/experiments/saved"
	"dcae/graph"
)

func graphCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "graph MODEL",
		Short: "Write a model's training step as a Graphviz graph",
		Long: "Writes the symbolic expression graph of one training step of a model (output, loss, and all gradients) in Graphviz' DOT\n" +
			"language: dcae graph improved | dot -Tsvg > improved.svg",
		Args: arguments(1),
		RunE: func(c *cobra.Command, args []string) error {
			model, err := saved.Open(args[0], nil)
			if err != nil {
				return usageError{err}
			}
			params, err := model.Model.Init(1, graph.Float32)
			if err != nil {
				return err
			}
			program, err := graph.NewTraining(model.Model, params, model.Loss, graph.Options{Batch: 32})
			if err != nil {
				return err
			}
			defer program.Close()
			_, err = fmt.Fprint(c.OutOrStdout(), program.Dot())
			return err
		},
	}
}
