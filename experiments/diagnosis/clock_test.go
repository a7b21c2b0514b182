package diagnosis

import (
	"context"
	"errors"
	"testing"
	"time"

	"dcae/graph"
	"dcae/training"
)

// TestTheClockCuts asks for an answer long before a single step is done.
func TestTheClockCuts(t *testing.T) {
	conv := func(filters int) graph.Layer {
		return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU}
	}
	subject := tiny(t, training.Adam{})
	shape := subject.Model.Input
	subject.Model = graph.Sequential("wide", shape, conv(512), conv(512), conv(512), conv(512), conv(shape[2]))
	start := time.Now()
	e, err := Diagnose(context.Background(), subject, Options{Seconds: 30, Batch: 256, Guard: time.Second})
	must(t, err)
	if took := time.Since(start); took > 8*time.Second { // 1 s, the grace of 1.2 s, and a busy machine
		t.Errorf("the answer took %v", took)
	}
	if !e.Truncated || e.Verdict != Inconclusive {
		t.Errorf("%s, truncated %v", e.Verdict, e.Truncated)
	}
	warnings, err := e.Save(t.TempDir())
	if must(t, err); len(warnings) > 0 {
		t.Error(warnings)
	}
}

// A measurement that the clock halts fails with an op's error, and that is no other than the clock's.
func TestTheClockCutsAMeasurement(t *testing.T) {
	s, err := newSearch(context.Background(), tiny(t, training.Adam{}), Options{Seconds: 2, Batch: 32}.withDefaults())
	must(t, err)
	run, err := s.trialOf(s.given, 1)
	must(t, err)
	must(t, s.advance([]job{{s.given, run, checkEvery, false}}))
	ctx, stop := context.WithTimeout(context.Background(), 0)
	defer stop()
	s.ctx = ctx
	for range 1000 { // it may end before the threads do
		s.sides = nil
		if err = s.compareSides(); err != nil {
			break
		}
	}
	if err == nil || errors.Is(err, context.DeadlineExceeded) || !s.isCut(err) {
		t.Errorf("error %v", err)
	}
}

func TestInterruptedIsNotTruncated(t *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	e, err := Diagnose(ctx, tiny(t, training.Adam{LearningRate: 1e-9}), Options{Guard: time.Hour})
	must(t, err)
	if e.Truncated || !e.Interrupted {
		t.Errorf("truncated %v, interrupted %v", e.Truncated, e.Interrupted)
	}
}
