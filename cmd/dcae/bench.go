package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments"
	"dcae/training/names"
)

func benchCommand() *cobra.Command {
	var batch, threads int
	var kernels kernels
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench [MODEL...]",
		Short: "Measure training speed, and where the time goes",
		Long: "Trains each model, a name or a file (default: sigmoid, highlr, improved, deep), for a few seconds and prints images/s (median of five windows),\n" +
			"GFLOP/s of the products, the largest memory so far, and for each op its time, the GFLOP/s of its products, values read and written a second, and\n" +
			"what share these are of what the machine can do. Products are counted as for direct convolution, so that minimal filtering can exceed 100%.",
		RunE: func(c *cobra.Command, args []string) error {
			least := 0 // the model's own
			if c.Flags().Changed("batch") {
				least = 1
			}
			if err := firstError(inRange("batch", batch, least, unlimited), inRange("threads", threads, 1, mostThreads)); err != nil {
				return err
			}
			if err := kernels.choose(""); err != nil {
				return err
			}
			if len(args) == 0 {
				args = []string{"sigmoid", "highlr", "improved", "deep"}
			}
			for _, name := range args {
				if err := experiments.CheckBench(name); err != nil {
					return usageError{err}
				}
			}
			for _, name := range args {
				b, err := experiments.Bench(name, batch, threads)
				if err != nil {
					return err
				}
				if asJSON {
					err = json.NewEncoder(c.OutOrStdout()).Encode(b)
				} else {
					err = printBench(c.OutOrStdout(), b)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().IntVar(&batch, "batch", 0, "images in a step (default: the model's own, else 32)")
	c.Flags().IntVar(&threads, "threads", runtime.NumCPU(), "processors to use")
	kernels.add(c.Flags(), "the machine's best")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object for each model")
	return c
}

// printBench prints in one piece, so that no message comes between the lines.
func printBench(to io.Writer, b *experiments.Benchmark) error {
	w := &bytes.Buffer{}
	fmt.Fprintf(w, "%s: %.0f images/s (windows %s), %.0f GFLOP/s, %d MiB; batch %d, threads %d, %s kernels\n",
		names.ShortWords(b.Model), b.ImagesPerSecond, joinNumbers(b.Windows), b.GFLOPS, b.PeakRSS, b.Batch, b.Threads, b.Kernels)
	fmt.Fprintf(w, "the machine can do %.0f GFLOP/s, and read and write %.1f GB/s\n\n", b.PeakGFLOPS, b.MemoryGB)
	layer, op, lazy := len("layer"), len("op"), false
	for i := range b.Ops {
		o := &b.Ops[i]
		if o.View {
			o.Op += ", a view"
		}
		o.Layer = names.Shown(o.Layer)
		layer, op, lazy = max(layer, len(o.Layer)), max(op, len(o.Op)), lazy || o.LazyForward || o.LazyBackward
	}
	row := fmt.Sprintf("  %%-%ds  %%-%ds  %%12s  %%12s  %%6s  %%7s  %%7s  %%5s  %%9s\n", layer, op)
	fmt.Fprintf(w, row, "layer", "op", "forward ", "backward ", "share", "GFLOP/s", "of peak", "GB/s", "of memory")
	for _, o := range b.Ops {
		fmt.Fprintf(w, row, o.Layer, o.Op, milliseconds(o.Forward)+star(o.LazyForward), milliseconds(o.Backward)+star(o.LazyBackward), fmt.Sprintf("%.1f%%", 100*(o.Forward+o.Backward)/b.StepSeconds),
			unlessZero("%.0f", o.GFLOPS), unlessZero("%.0f%%", 100*o.GFLOPS/b.PeakGFLOPS), unlessZero("%.1f", o.GB), unlessZero("%.0f%%", 100*o.GB/b.MemoryGB))
	}
	fmt.Fprintf(w, "  a step takes %s\n", milliseconds(b.StepSeconds))
	if lazy {
		fmt.Fprintln(w, "  * what it hands on is computed by the ops that read it, and counted there")
	}
	fmt.Fprintln(w)
	_, err := w.WriteTo(to)
	return errors.Wrap(err, "printing")
}

func unlessZero(format string, x float64) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf(format, x)
}

func star(lazy bool) string {
	if lazy {
		return "*"
	}
	return " "
}

func milliseconds(seconds float64) string {
	if seconds == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f ms", float64(time.Duration(seconds*1e9))/1e6)
}

func joinNumbers(x []float64) string {
	parts := make([]string, len(x))
	for i, v := range x {
		parts[i] = fmt.Sprintf("%.0f", v)
	}
	return strings.Join(parts, ", ")
}
