// Command rewrite reads a .keras file and writes it again, for check_written.py, which compares the two in Keras.
//
// usage: rewrite IN.keras OUT.keras
package main

import (
	"log"
	"os"

	"dcae/models/keras"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: rewrite IN.keras OUT.keras")
	}
	a, err := keras.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := a.Save(os.Args[2]); err != nil {
		log.Fatal(err)
	}
}
