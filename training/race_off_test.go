//go:build !race

package training_test

const raceDetector = false
