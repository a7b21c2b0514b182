package live

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/draw"
	"image/png"
	"math"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments"
	"dcae/experiments/outcome"
	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset/npz"
)

// How often a page is told of a run: often enough for the eye, seldom enough that training is not slowed down.
const (
	linesEvery    = 100 * time.Millisecond
	picturesEvery = 700 * time.Millisecond
	shownImages   = 8
)

// labRecorder tells those who watch of one run, in the very lines that a study's records have.
type labRecorder struct {
	l        *lab
	number   int
	run      experiments.RunOf
	gray     saved.Gray
	shape    []int // of an image that the model makes
	steps    *training.StepsCSV
	epochs   *training.EpochsCSV
	text     map[string]*bytes.Buffer // what was recorded and not sent yet, by the table
	feeds    map[string]*feed
	sent     time.Time // lines
	pictured time.Time
	original bool // the images themselves were sent
	evidence outcome.Evidence
	held     training.Scores
}

func newLabRecorder(l *lab, number int) *labRecorder {
	r := &labRecorder{l: l, number: number, run: l.runs[number], text: map[string]*bytes.Buffer{}, feeds: map[string]*feed{}}
	for _, table := range []string{"steps", "epochs"} {
		r.text[table], r.feeds[table] = &bytes.Buffer{}, &feed{}
	}
	r.steps, r.epochs = training.NewStepsCSV(r.text["steps"]), training.NewEpochsCSV(r.text["epochs"])
	shown := l.trainer.Validation(r.run.Arm).Targets().Head(shownImages)
	r.gray = saved.GrayOf(shown)
	shape := shown.Shape()
	r.shape = []int{shape.H, shape.W, shape.C}
	return r
}

// train trains the run to its end, and says how that was.
func (r *labRecorder) train(threads *graph.Threads) {
	result, err := r.l.trainer.Train(r.l.ctx, r.run, threads, func(step int) ([]training.Change, error) {
		return r.l.gate.enter(r.l.ctx, r.number, step, func() { _ = r.send() }) // a full log is noticed with the next step
	}, r)
	if e := r.send(); err == nil {
		err = e
	}
	if r.l.ctx.Err() != nil {
		return
	}
	switch {
	case err != nil:
		r.l.events.add("failed", warningEvent{r.number, err.Error()})
	default:
		r.l.events.add("finished", finishedEvent{r.number, result.Steps, result.Epochs, result.Diverged})
	}
}

type finishedEvent struct {
	Run      int  `json:"run"`
	Steps    int  `json:"steps"`
	Epochs   int  `json:"epochs"`
	Diverged bool `json:"diverged"`
}

var errLogFull = errors.New("too much has happened to be shown on a page; export the study, and let dcae run train it")

// send tells of what was recorded since.
func (r *labRecorder) send() error {
	r.sent = time.Now()
	if err := r.steps.Flush(); err != nil {
		return err
	}
	for _, table := range []string{"steps", "epochs"} {
		text := r.text[table]
		if text.Len() == 0 {
			continue
		}
		columns, lines, err := r.feeds[table].take(text.Bytes())
		text.Reset()
		if err != nil {
			return err
		}
		if columns != nil {
			r.l.events.add("columns", columnsEvent{r.number, table, columns})
		}
		if lines != "" && !r.l.events.add("lines", linesEvent{r.number, table, lines}) {
			return errLogFull
		}
	}
	return nil
}

// Step takes a step down.
func (r *labRecorder) Step(s *training.StepRecord) error {
	if s.Step == 1 {
		r.evidence.FirstLoss = s.Loss
	}
	r.evidence.LastLoss = s.Loss
	if err := r.steps.Step(s); err != nil {
		return err
	}
	if time.Since(r.sent) < linesEvery {
		return nil
	}
	return r.send()
}

type speedEvent struct {
	Run   int     `json:"run"`
	Speed float64 `json:"images_per_second"`
}

// Epoch takes an epoch down.
func (r *labRecorder) Epoch(e *training.EpochRecord) error {
	r.held = e.HeldOut
	r.evidence.EpochLosses = append(r.evidence.EpochLosses, e.TrainLoss)
	if err := r.epochs.Epoch(e); err != nil {
		return err
	}
	if speed := float64(e.Images) / e.Training.Seconds(); !math.IsInf(speed, 0) && !math.IsNaN(speed) {
		r.l.events.add("speed", speedEvent{r.number, speed})
	}
	return r.send()
}

// WantsSnapshot asks for pictures now and then, and where the run pauses.
func (r *labRecorder) WantsSnapshot(step int) bool {
	if time.Since(r.pictured) >= picturesEvery {
		return true
	}
	r.l.gate.mu.Lock()
	defer r.l.gate.mu.Unlock()
	return step >= r.l.gate.limit
}

type picturesEvent struct {
	Run  int    `json:"run"`
	Step int    `json:"step"`
	Kind string `json:"kind"` // images, outputs
	N    int    `json:"n"`    // side by side
	PNG  string `json:"png"`  // in base64
}

type outcomeEvent struct {
	Run     int    `json:"run"`
	Epoch   int    `json:"epoch"`
	Outcome string `json:"outcome"`
	Why     string `json:"why"`
}

// Snapshot shows what the model makes of the first held-out images, and after an epoch what the run has come to.
func (r *labRecorder) Snapshot(s *training.Snapshot) error {
	r.pictured = time.Now()
	images, outputs, err := s.Reconstruct(shownImages)
	if err != nil {
		return err
	}
	if !r.original {
		r.original = true
		r.picture("images", s.Step, images, s.Image)
	}
	r.picture("outputs", s.Step, outputs, r.shape)
	if !s.EpochEnd {
		return nil
	}
	o, why, err := r.l.trainer.Judge(r.run.Arm, s.Params, r.held, r.evidence)
	if err != nil {
		return err
	}
	r.l.events.add("outcome", outcomeEvent{r.number, s.Epoch, string(o), why})
	return nil
}

// picture sends images side by side. Images of two channels, say, have no picture.
func (r *labRecorder) picture(kind string, step int, images [][]float32, shape []int) {
	if len(shape) != 3 {
		shape = r.shape
	}
	array := npz.Array{Shape: append([]int{len(images)}, shape...)}
	for _, values := range images {
		array.Float32 = append(array.Float32, values...)
	}
	if len(images) == 0 || len(array.Float32) != len(images)*shape[0]*shape[1]*shape[2] {
		return
	}
	pictures := r.gray.Pictures(array)
	if len(pictures) == 0 {
		return
	}
	size := pictures[0].Bounds().Size()
	strip := image.NewNRGBA(image.Rect(0, 0, size.X*len(pictures), size.Y))
	for i, p := range pictures {
		draw.Draw(strip, image.Rect(i*size.X, 0, (i+1)*size.X, size.Y), p, p.Bounds().Min, draw.Src)
	}
	var b bytes.Buffer
	if (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, strip) == nil { // to memory
		r.l.events.add("pictures", picturesEvent{r.number, step, kind, len(pictures), base64.StdEncoding.EncodeToString(b.Bytes())})
	}
}
