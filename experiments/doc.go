// Package experiments holds studies as data, runs them, and reports what came out.
//
// Its files stand in four shelves: plan_*.go is what is to be run, from a study's YAML to its arms; run_*.go runs it;
// record_*.go is what a study's folder holds, and how two folders are compared and joined; report_*.go makes pages, pictures and
// tables of a folder. bench.go measures how fast a model trains.
package experiments
