//go:build !race

package hdf5

const raceDetector = false
