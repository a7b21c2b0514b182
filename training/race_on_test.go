//go:build race

package training_test

// raceDetector tells that the memory of a process is some times what it is without.
const raceDetector = true
