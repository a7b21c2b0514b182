package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"dcae/training/files"
)

// savesKey is where the context keeps whether the command has something to save when it is interrupted.
type savesKey struct{}

// untilInterrupted returns a context that ends with Ctrl-C or SIGTERM. A command that has said by [savesWhenInterrupted] that it saves its
// work then is left to end by itself, and killed by the second signal. Any other ends at once, with exit code 1.
func untilInterrupted(stderr io.Writer) (ctx context.Context, stop func()) {
	saves := &atomic.Bool{}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), savesKey{}, saves))
	signals, ended := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-ended:
			return
		case <-signals:
		}
		signal.Stop(signals)
		cancel()
		if !saves.Load() {
			files.CleanUp()
			fmt.Fprintln(stderr, "dcae: interrupted")
			os.Exit(1)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}

// savesWhenInterrupted says that from now on the command ends soon after its context does, and saves what it has.
func savesWhenInterrupted(c *cobra.Command) {
	if saves, ok := c.Context().Value(savesKey{}).(*atomic.Bool); ok {
		saves.Store(true)
	}
}
