// Command gen writes the assembly of package kernel and the Go stubs that declare it.
package main

import (
	"bytes"
	"flag"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
)

func main() {
	log.SetFlags(0)
	set := flag.String("set", "conv", "which functions to write: conv or vector")
	dir := flag.String("dir", "..", "folder of package kernel")
	flag.Parse()
	if err := write(*set, filepath.Join(*dir, *set+"_amd64")); err != nil {
		log.Fatal(err)
	}
}

// write writes a set of functions to base.s and their declarations to base.go.
func write(set, base string) error {
	for name, value := range map[string]string{"out": base + ".s", "stubs": base + ".go", "pkg": "kernel"} {
		if err := flag.Set(name, value); err != nil { // flags of avo
			return err
		}
	}
	build.ConstraintExpr("amd64,!noasm")
	switch set {
	case "conv":
		conv()
	case "vector":
		vector()
	default:
		log.Fatalf("there is no set %q", set)
	}
	build.Generate()
	return align(base + ".s")
}

// align puts the start of every loop (a label that starts with "loop") on a 32 byte boundary; avo has no instruction for it.
func align(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text = bytes.ReplaceAll(text, []byte("\nloop"), []byte("\n\tPCALIGN $32\n\nloop"))
	return os.WriteFile(path, text, 0o644)
}
