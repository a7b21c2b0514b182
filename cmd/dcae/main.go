// Command dcae shows why a deep convolutional autoencoder does not learn.
package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"dcae/experiments/outcome"
	"dcae/graph/arithmetic"
	"dcae/training"
	"dcae/training/files"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

func main() {
	ignoreSignals()
	if free := training.FreeMemory(); os.Getenv("GOMEMLIMIT") == "" && free < math.MaxInt64 {
		debug.SetMemoryLimit(int64(0.8 * free)) // garbage is collected before a limit of memory is hit, not only when it is as much as what is in use
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// limitMemory has garbage collected before there are so many bytes more than are in use now.
func limitMemory(more int64) {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	debug.SetMemoryLimit(min(debug.SetMemoryLimit(-1), int64(now.HeapAlloc)+more))
}

// usageError is a mistake in how the program was called: exit code 2. Any other error is 1.
type usageError struct{ error }

// run is the whole program; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := untilInterrupted(stderr)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	out := &output{w: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil && out.failed != nil {
		err = errors.Errorf("cannot print: %v", files.Reason(out.failed))
	}
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	fmt.Fprintln(stderr, "dcae:", message(err))
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "dcae",
		Short:         "Why does a deep convolutional autoencoder not learn?",
		Long:          "dcae trains deep convolutional autoencoders side by side, records losses and gradients, and draws why some do not learn.",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{errors.Errorf("there is no command %q; see dcae --help", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{errors.Errorf("%s; see %s --help", flagWords(err), c.CommandPath())}
	})
	root.AddCommand(runCommand(), verifyCommand(), mergeCommand(), listCommand(), showCommand(), plotCommand(), compareCommand(), trainCommand(), diagnoseCommand(), graphCommand(), benchCommand(), traceCommand(), predictCommand(), summaryCommand(), dataCommand(), serveCommand(), manCommand())
	return root
}

// version names the build, and what decides on its bits.
func version() string {
	best := arithmetic.Best()
	return fmt.Sprintf("%s, %s kernels, bits number %d", outcome.Version(), best, best.Bits())
}

// arguments takes a wrong number of arguments, fewer than the least or more than one, for a mistake in the call.
func arguments(least int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || len(args) > 1 {
			return usageError{errors.Errorf("call it as %s; see %s --help", c.UseLine(), c.CommandPath())}
		}
		return nil
	}
}
