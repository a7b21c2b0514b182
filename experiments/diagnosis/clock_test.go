package diagnosis

import (
	"context"
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

func TestInterruptedIsNotTruncated(t *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	e, err := Diagnose(ctx, tiny(t, training.Adam{LearningRate: 1e-9}), Options{Guard: time.Hour})
	must(t, err)
	if e.Truncated || !e.Interrupted {
		t.Errorf("truncated %v, interrupted %v", e.Truncated, e.Interrupted)
	}
}
