// Command resave reads a .keras file's model, optimizer and loss, trains it on one batch, and writes it again, for
// check_keras.py, which goes on with it in Keras. With -anew the file's config is not kept, but made from the graph.
//
// usage: resave [-anew] IN.keras OUT.keras [BATCH.npz STEPS]
package main

import (
	"flag"
	"log"
	"strconv"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
)

func main() {
	log.SetFlags(0)
	anew := flag.Bool("anew", false, "make the config from the graph")
	flag.Parse()
	args := flag.Args()
	if len(args) != 2 && len(args) != 4 {
		log.Fatal("usage: resave [-anew] IN.keras OUT.keras [BATCH.npz STEPS]")
	}
	if err := resave(args[0], args[1], *anew, args[2:]); err != nil {
		log.Fatal(err)
	}
}

func resave(from, to string, anew bool, training []string) error {
	m, err := saved.LoadKeras(from)
	if err != nil {
		return err
	}
	if anew {
		m = &saved.Model{Model: m.Model, Params: m.Params, Optimizer: m.Optimizer, Loss: m.Loss, State: m.State}
	}
	for _, w := range m.Warnings {
		log.Print(w)
	}
	if len(training) == 2 {
		steps, err := strconv.Atoi(training[1])
		if err != nil {
			return err
		}
		if err := train(m, training[0], steps); err != nil {
			return err
		}
	}
	return saved.SaveKeras(to, m)
}

func train(m *saved.Model, path string, steps int) error {
	batch, err := saved.ReadBatch(path, m)
	if err != nil {
		return err
	}
	n := len(batch.X) / m.Model.Input.Size()
	p, err := graph.NewTraining(m.Model, m.Params, m.Loss, graph.Options{Batch: n})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.SetInputs(batch.X, batch.Target); err != nil {
		return err
	}
	u, err := training.NewUpdater(m.Optimizer, m.Params.Trainable(), m.State)
	if err != nil {
		return err
	}
	for range steps {
		if _, err := p.Step(n); err != nil {
			return err
		}
		p.UpdateStatistics()
		u.Step(nil, func(i int) []float32 { return p.Gradient(i).Data().([]float32) })
	}
	state := u.State()
	m.State = &state
	return nil
}
