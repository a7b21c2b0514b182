//go:build race

package dataset

// raceDetector tells that sync.Pool drops some of what it is given, on purpose, so that allocations can't be counted.
const raceDetector = true
