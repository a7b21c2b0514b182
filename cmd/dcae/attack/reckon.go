package main

import (
	"math"
	"path/filepath"
	"strconv"

	"dcae/experiments"
	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
)

// reckoned is how many bytes the program itself reckons that training the models of the call needs; 0 where nobody can tell.
func (c *call) reckoned(in string) float64 {
	if len(c.args) < 2 || !c.trains() && c.args[0] != "predict" {
		return 0
	}
	path := c.args[1]
	if joined := filepath.Join(in, path); saved.IsFile(path) || filepath.Ext(path) == ".yaml" {
		path = joined
	}
	batch, threads := 32, 2
	for i, a := range c.args[:len(c.args)-1] {
		if n, err := strconv.Atoi(c.args[i+1]); err == nil && a == "--batch" {
			batch = min(n, 60000)
		} else if err == nil && a == "--threads" {
			threads = n
		}
	}
	most := 0.0
	add := func(m *graph.Model, batch int, optimizer training.Optimizer, loss graph.Loss) {
		if need, err := training.Memory(m, training.Config{Batch: max(batch, 1), Optimizer: optimizer, Loss: loss, KeepBest: true}, math.MaxInt32, threads); err == nil {
			most = max(most, float64(need))
		}
	}
	if m, err := saved.Open(path, nil); err == nil {
		add(m.Model, batch, m.Optimizer, m.Loss)
	}
	if plan, err := experiments.LookupPlan(path); err == nil {
		if study, err := plan.Open(); err == nil {
			for _, a := range study.Arms() {
				add(a.Model, max(batch, study.Budget.Batch), a.Optimizer, a.Loss)
			}
		}
	}
	if c.args[0] == "diagnose" || c.args[0] == "run" {
		most *= 2 // two runs go side by side
	}
	return most
}
