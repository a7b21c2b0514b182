package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"dcae/experiments/live"
)

// usualAddress is where the server listens unless --listen says otherwise. If that is taken, any free port will do.
const usualAddress = "127.0.0.1:8350"

// serveFlags are the flags of dcae serve.
type serveFlags struct {
	listen          string
	threads, atOnce int
	kernels         kernels
}

func serveCommand() *cobra.Command {
	f := &serveFlags{}
	c := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Train models and follow studies live, in a browser",
		Long: "Serves pages to this machine: a lab, in which models are trained side by side while their settings are changed; the studies, runs and\n" +
			"diagnoses that lie in DIR (default: this folder), followed while they run; and diagnoses of models that are dropped on the page. Prints\n" +
			"an address, which holds a token: who does not know it gets nothing. Ctrl-C ends it.",
		Args: arguments(0),
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return serve(c, dir, f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.listen, "listen", usualAddress, "HOST:PORT to listen at; with another host than this machine's loopback address others of the network get in who know the token")
	flags.IntVar(&f.threads, "threads", runtime.NumCPU(), "processors that a training uses; results do not depend on it")
	flags.IntVar(&f.atOnce, "at-once", 2, "trainings and diagnoses that go on at a time; others wait in a queue")
	f.kernels.add(flags, "the machine's best")
	return c
}

func serve(c *cobra.Command, dir string, f *serveFlags) error {
	if err := firstError(inRange("threads", f.threads, 1, mostThreads), inRange("at-once", f.atOnce, 1, 1000)); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return usageError{errors.Errorf("--listen %q: write it as HOST:PORT, as in %s", f.listen, usualAddress)}
	}
	if err := f.kernels.choose(""); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil && !c.Flags().Changed("listen") {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return errors.Errorf("cannot listen at %s: %v", f.listen, err)
	}
	defer func() { _ = listener.Close() }() // the server has closed it
	program, err := os.Executable()
	if err != nil {
		program = "" // there are no diagnoses then, which the page says
	}
	if host == "" {
		host = "0.0.0.0"
	}
	server, err := live.New(live.Options{Dir: dir, Name: host, Threads: f.threads, AtOnce: f.atOnce, Program: program, Log: c.ErrOrStderr()})
	if err != nil {
		return err
	}
	savesWhenInterrupted(c)
	fmt.Fprintf(c.OutOrStdout(), "http://%s/?token=%s\n", reachable(listener.Addr(), host), server.Token())
	fmt.Fprintln(c.ErrOrStderr(), "Open this address in a browser. Ctrl-C ends the server.")
	err = server.Serve(c.Context(), listener)
	if e := server.Close(); err == nil {
		err = e
	}
	return err
}

// reachable is the address by which a browser gets to the listener.
func reachable(at net.Addr, host string) string {
	_, port, _ := net.SplitHostPort(at.String())
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
