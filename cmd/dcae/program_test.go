package main

import (
	"os"
	"testing"
)

// asProgram makes a process of the tests the program itself: a process computes with one family of kernels, and only a process gets signals.
const asProgram = "DCAE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}
