package main

import (
	"strings"
	"testing"
)

func TestLargeFilesAskForPatience(t *testing.T) {
	if got := patience("x.npy", 1<<30); got != nil {
		t.Errorf("1 GB: %q", got)
	}
	if got := patience("x.npy", 31e9); len(got) != 1 || !strings.HasPrefix(got[0], "data x.npy: 31 GB are read") {
		t.Errorf("31 GB: %q", got)
	}
}
