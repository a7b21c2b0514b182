package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"sync"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"dcae/experiments"
	"dcae/training"
	"dcae/training/names"
)

// silence shows nothing.
type silence struct{}

func (silence) Started(string, uint64, int)                           {}
func (silence) Stepped(string, uint64, int, float64)                  {}
func (silence) EpochEnded(string, uint64, int, *training.EpochRecord) {}
func (silence) Finished(*experiments.Result)                          {}
func (silence) Warned(string, uint64, string)                         {}
func (silence) end()                                                  {}

type progress interface {
	experiments.Watcher
	end()
}

// chooseProgress is how a command shows what goes on.
func chooseProgress(c *cobra.Command, quiet, json bool) progress {
	switch {
	case json:
		return newEvents(c.OutOrStdout())
	case quiet:
		return &warnings{w: c.ErrOrStderr()}
	}
	return newProgress(c.ErrOrStderr())
}

// newProgress shows a bar for each run on a terminal, a plain line for each epoch elsewhere.
func newProgress(w io.Writer) progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bars{all: mpb.New(mpb.WithOutput(w), mpb.WithWidth(40)), runs: map[string]*bar{}}
	}
	return &lines{warnings{w: w}}
}

// warnings prints nothing else.
type warnings struct {
	silence
	mu sync.Mutex
	w  io.Writer
}

func (p *warnings) Warned(arm string, seed uint64, warning string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprint(p.w, warningLine(arm, seed, warning))
}

func warningLine(arm string, seed uint64, warning string) string {
	return "warning: " + names.Line(fmt.Sprintf("%s, seed %d: %s", arm, seed, plainWords(warning))) + "\n"
}

// lines prints plain lines.
type lines struct{ warnings }

func (l *lines) EpochEnded(arm string, seed uint64, epochs int, r *training.EpochRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%s, seed %d: epoch %d of %d, training loss %.4g, held-out loss %.4g\n", arm, seed, r.Epoch, epochs, r.TrainLoss, r.HeldOut.MSE)
}

// bars shows one bar for each run.
type bars struct {
	silence
	mu   sync.Mutex
	all  *mpb.Progress
	runs map[string]*bar // by arm and seed
}

type bar struct {
	*mpb.Bar
	mu   sync.Mutex
	loss string
}

func key(arm string, seed uint64) string { return fmt.Sprintf("%s seed %d", arm, seed) }

func (b *bars) Started(arm string, seed uint64, steps int) {
	run := &bar{}
	run.Bar = b.all.AddBar(int64(steps),
		mpb.PrependDecorators(decor.Name(key(arm, seed), decor.WC{C: decor.DindentRight | decor.DextraSpace})),
		mpb.AppendDecorators(
			decor.Percentage(decor.WC{W: 5}),
			decor.Any(func(decor.Statistics) string {
				run.mu.Lock()
				defer run.mu.Unlock()
				return run.loss
			}),
			decor.Name("  "), decor.AverageETA(decor.ET_STYLE_MMSS),
		))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs[key(arm, seed)] = run
}

func (b *bars) find(arm string, seed uint64) *bar {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.runs[key(arm, seed)]
}

func (b *bars) Stepped(arm string, seed uint64, step int, loss float64) {
	run := b.find(arm, seed)
	run.mu.Lock()
	run.loss = fmt.Sprintf("  loss %.4g", loss)
	run.mu.Unlock()
	run.SetCurrent(int64(step))
}

func (b *bars) Finished(r *experiments.Result) {
	run := b.find(r.Arm, r.Seed)
	run.SetTotal(int64(r.Steps), true)
}

// Warned prints above the bars.
func (b *bars) Warned(arm string, seed uint64, warning string) {
	fmt.Fprint(b.all, warningLine(arm, seed, warning))
}

// end removes the bars of runs that did not finish, without which waiting would not end.
func (b *bars) end() {
	b.mu.Lock()
	for _, run := range b.runs {
		run.Abort(false)
	}
	b.mu.Unlock()
	b.all.Wait()
}

// events prints one JSON object a line.
type events struct {
	mu sync.Mutex
	w  *json.Encoder
}

func newEvents(w io.Writer) *events { return &events{w: json.NewEncoder(w)} }

// number is a float that JSON can hold: what is not finite becomes a string.
func number(x float64) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Sprint(x)
	}
	return x
}

func (e *events) write(v any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = e.w.Encode(v) // whoever reads has gone: the study goes on
}

func (e *events) Started(arm string, seed uint64, steps int) {
	e.write(struct {
		Event string `json:"event"`
		Arm   string `json:"arm"`
		Seed  uint64 `json:"seed"`
		Steps int    `json:"steps"`
	}{"run-started", arm, seed, steps})
}

func (e *events) Stepped(string, uint64, int, float64) {}

func (e *events) EpochEnded(arm string, seed uint64, epochs int, r *training.EpochRecord) {
	e.write(struct {
		Event  string `json:"event"`
		Arm    string `json:"arm"`
		Seed   uint64 `json:"seed"`
		Epoch  int    `json:"epoch"`
		Epochs int    `json:"epochs"`
		Train  any    `json:"train_loss"`
		Held   any    `json:"heldout_mse"`
		FVU    any    `json:"heldout_fvu"`
	}{"epoch-ended", arm, seed, r.Epoch, epochs, number(r.TrainLoss), number(r.HeldOut.MSE), number(r.HeldOut.FVU)})
}

func (e *events) Finished(r *experiments.Result) {
	e.write(struct {
		Event   string `json:"event"`
		Arm     string `json:"arm"`
		Seed    uint64 `json:"seed"`
		Outcome string `json:"outcome"`
		Why     string `json:"why"`
		MSE     any    `json:"test_mse"`
		FVU     any    `json:"test_fvu"`
		Re      any    `json:"test_fvu_reestimated"`
		Start   any    `json:"gradient_ratio_start"`
		End     any    `json:"gradient_ratio_end"`
		Speed   any    `json:"images_per_second"`
	}{"run-finished", r.Arm, r.Seed, string(r.Outcome), r.Why, number(r.Test.MSE), number(r.Test.FVU), number(r.Reestimated),
		number(r.RatioStart), number(r.RatioEnd), number(r.ImagesPerSecond)})
}

func (e *events) Warned(arm string, seed uint64, warning string) {
	e.write(struct {
		Event   string `json:"event"`
		Arm     string `json:"arm"`
		Seed    uint64 `json:"seed"`
		Warning string `json:"warning"`
	}{"warning", arm, seed, warning})
}

// said is a line on what is being done.
func (e *events) said(text string) {
	e.write(struct {
		Event string `json:"event"`
		Text  string `json:"text"`
	}{"progress", text})
}

func (e *events) end() {}
