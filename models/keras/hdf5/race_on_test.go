//go:build race

package hdf5

// raceDetector tells that reading allocates more than without: up to twice as much.
const raceDetector = true
