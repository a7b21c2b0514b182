package training

import (
	"context"
	"math"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Source gives images by index, [len(indices), height, width, channels]. Several goroutines may read at the same time.
type Source interface {
	Len() int
	Read(dst []float32, indices []int)
}

// targeted is a Source whose images are to become others: what a model is trained to print.
type targeted interface {
	TargetSize() int                          // values of one target; 0: each image is its own
	ReadTargets(dst []float32, indices []int) // writes targets as Read writes images
}

// targetSize is the number of values of what images of a source, of size values each, are to become.
func targetSize(s Source, size int) int {
	if t, ok := s.(targeted); ok && t.TargetSize() > 0 {
		return t.TargetSize()
	}
	return size
}

// readTargets writes what the images with the given indices, which are x, are to become.
func readTargets(s Source, dst, x []float32, indices []int) {
	if t, ok := s.(targeted); ok && t.TargetSize() > 0 {
		t.ReadTargets(dst, indices)
		return
	}
	copy(dst, x)
}

// checkOutput tells why a model's output cannot be compared with the targets of a source.
func checkOutput(m *graph.Model, s Source) error {
	shapes, err := m.Shapes()
	if err != nil {
		return err
	}
	out := shapes[len(shapes)-1]
	same := slices.Equal(out, m.Input) || out.Size() == m.Input.Size() && (len(out) == 1 || len(m.Input) == 1) // flattened
	switch want := targetSize(s, 0); {
	case want == 0 && !same:
		return errors.Errorf("model %s makes %v of images of %v; an autoencoder must give back what it is given, or the data must hold targets", m.Name, out, m.Input)
	case want > 0 && out.Size() != want:
		return errors.Errorf("model %s makes %v, %d values, but each target has %d", m.Name, out, out.Size(), want)
	}
	return nil
}

// prefetcher is a Source that is told which images will be read next, so that they come from disk meanwhile.
type prefetcher interface{ Prefetch(indices []int) }

// failer is a Source whose Read may fail; Err tells of the first time.
type failer interface{ Err() error }

// readError tells why a source could not be read; nil if it could.
func readError(s Source) error {
	if f, ok := s.(failer); ok {
		return f.Err()
	}
	return nil
}

// EvaluationBatch is how many images a model is evaluated on at a time: few enough that the outputs of two layers stay in the cache. It
// divides the number of images that units are observed on.
const EvaluationBatch = 50

// unitImages is on how many held-out images a unit must be zero to count as dead.
const unitImages = 1000

// Evaluator scores a model on a fixed set of images.
type Evaluator struct {
	program  *graph.Evaluation
	images   Source
	n        int
	units    []*unitObserver
	size     int // values of a target, and of an output
	image    int // values of an image
	indices  []int
	x        []float32
	target   []float32
	baseline float64 // squared distance of the targets from the mean training target
	alike    bool    // the targets are the mean training target: there is nothing to explain
	variance float64 // of the targets around their own mean, summed over pixels
	sum, sq  []float64
	errors   []float64 // squared error of each image in the last Scores
	distance []float64 // squared distance of each target from the mean training target
}

// NewEvaluator scores the first n images (0: all) against their targets, themselves if they have none: the sigmoid of the output if the
// loss takes logits. mean is the mean training target. With units it observes dead and saturated units on the first 1,000. It fails if the
// output has another size than a target.
func NewEvaluator(m *graph.Model, loss graph.Loss, params *graph.Params, images Source, n int, mean []float32, threads *graph.Threads, units bool) (*Evaluator, error) {
	return newEvaluator(m, loss, params, images, n, mean, units, graph.Options{Threads: threads})
}

// FVUWithoutNoise is the FVU of a model that draws at random in evaluation, as a variational autoencoder does, with every draw at its distribution's mean. It
// fails as [NewEvaluator] and [Evaluator.Scores] do.
func FVUWithoutNoise(m *graph.Model, loss graph.Loss, params *graph.Params, images Source, mean []float32, threads *graph.Threads) (float64, error) {
	e, err := newEvaluator(m, loss, params, images, 0, mean, false, graph.Options{Threads: threads, MeanSamples: true})
	if err != nil {
		return math.NaN(), err
	}
	defer e.Close()
	scores, err := e.Scores()
	return scores.FVU, err
}

func newEvaluator(m *graph.Model, loss graph.Loss, params *graph.Params, images Source, n int, mean []float32, units bool, o graph.Options) (*Evaluator, error) {
	if n <= 0 || n > images.Len() {
		n = images.Len()
	}
	if err := checkOutput(m, images); err != nil {
		return nil, err
	}
	e := &Evaluator{images: images, n: n, size: targetSize(images, m.Input.Size()), image: m.Input.Size()}
	var observers []graph.Observer
	var err error
	if units {
		if e.units, observers, err = unitObservers(m); err != nil {
			return nil, err
		}
	}
	batch := min(EvaluationBatchOf(m), n)
	o.Batch = batch
	if e.program, err = graph.NewEvaluation(m.Reconstructing(loss), params, o, observers...); err != nil {
		return nil, err
	}
	e.indices = make([]int, batch)
	e.x = make([]float32, batch*e.image)
	e.target = make([]float32, batch*e.size)
	e.sum, e.sq = make([]float64, e.size), make([]float64, e.size)
	e.errors, e.distance = make([]float64, n), make([]float64, n)
	e.measureImages(mean)
	return e, nil
}

// unitObservers observe the units of all layers that have any.
func unitObservers(m *graph.Model) (units []*unitObserver, observers []graph.Observer, err error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, nil, err
	}
	common, err := m.Common()
	if err != nil {
		return nil, nil, err
	}
	for i, node := range m.Nodes {
		if graph.HasUnits(node.Layer) && !common[i] {
			u := newUnitObserver(node, shapes[i])
			units = append(units, u)
			observers = append(observers, graph.Observer{Node: i, Observe: u.observe})
		}
	}
	return units, observers, nil
}

// Close ends the evaluator's program.
func (e *Evaluator) Close() { e.program.Close() }

// batches reads images and targets batch by batch.
func (e *Evaluator) batches(f func(first, n int) error) error {
	for first := 0; first < e.n; first += len(e.indices) {
		n := min(len(e.indices), e.n-first)
		for i := range n {
			e.indices[i] = first + i
		}
		e.images.Read(e.x[:n*e.image], e.indices[:n])
		readTargets(e.images, e.target[:n*e.size], e.x[:n*e.image], e.indices[:n])
		if err := f(first, n); err != nil {
			return err
		}
	}
	return nil
}

func (e *Evaluator) measureImages(mean []float32) {
	clear(e.sum)
	clear(e.sq)
	e.baseline = 0
	_ = e.batches(func(first, n int) error { // reading does not fail
		for k := range n {
			distance := 0.0
			for i, v := range e.target[k*e.size : (k+1)*e.size] {
				x := float64(v)
				d := x - float64(mean[i])
				e.baseline += float64(d * d)
				distance += float64(d * d)
				e.sum[i] += x
				e.sq[i] += float64(x * x)
			}
			e.distance[first+k] = distance
		}
		return nil
	})
	e.variance = spread(e.sum, e.sq, e.n)
	square := 0.0
	for _, s := range e.sq {
		square += s
	}
	e.alike = e.baseline <= nothing*square
}

// nothing is the share of the mean square under which a variance comes from rounding.
const nothing = 1e-10

// Alike tells whether all targets are the mean training target, so that FVU has no meaning, and is not a number.
func (e *Evaluator) Alike() bool { return e.alike }

// spread is the summed squared deviation from the mean, from sums and sums of squares over n images.
func spread(sum, sq []float64, n int) float64 {
	total := 0.0
	for i, s := range sum {
		total += sq[i] - s*s/float64(n)
	}
	return max(total, 0)
}

// Scores runs the model on the images. It fails where an op does, or where an image cannot be read.
func (e *Evaluator) Scores() (Scores, error) { return e.ScoresUntil(context.Background()) }

// ScoresUntil is Scores, which fails with ctx's error, too, when ctx ends.
func (e *Evaluator) ScoresUntil(ctx context.Context) (Scores, error) {
	clear(e.sum)
	clear(e.sq)
	for _, u := range e.units {
		u.reset()
	}
	squared, total := 0.0, 0.0
	err := e.batches(func(first, n int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, u := range e.units {
			u.on = first < unitImages
		}
		copy(e.program.Input(n), e.x[:n*e.image])
		e.program.SetFirst(first)
		out, err := e.program.Run(n)
		if err != nil {
			return err
		}
		y := out.Data().([]float32)
		for k := range n {
			img := y[k*e.size : (k+1)*e.size]
			want := e.target[k*e.size : (k+1)*e.size]
			sum, sq := e.sum[:len(img)], e.sq[:len(img)]
			own := 0.0
			for i, v := range img {
				x := float64(v)
				d := x - float64(want[i])
				squared += float64(d * d)
				own += float64(d * d)
				total += x
				sum[i] += x
				sq[i] += float64(x * x)
			}
			e.errors[first+k] = own
		}
		return nil
	})
	if err == nil {
		err = readError(e.images)
	}
	values := float64(e.n * e.size)
	scores := Scores{
		MSE: squared / values, FVU: squared / e.baseline, Mean: total / values,
		Spread: math.Sqrt(spread(e.sum, e.sq, e.n) / e.variance),
	}
	if e.alike {
		scores.FVU, scores.Spread = math.NaN(), math.NaN()
	}
	return scores, err
}

// MeanOutput is the mean over the images of what the last Scores saw.
func (e *Evaluator) MeanOutput() []float32 {
	mean := make([]float32, e.size)
	for i, s := range e.sum {
		mean[i] = float32(s / float64(e.n))
	}
	return mean
}

// Distance is the mean squared distance of two outputs, in the unit of FVU: as share of the targets' own from the mean training target.
func (e *Evaluator) Distance(a, b []float32) float64 {
	squared := 0.0
	for i, v := range a {
		d := float64(v) - float64(b[i])
		squared += float64(d * d)
	}
	return squared * float64(e.n) / e.baseline
}

// Errors are the squared error of each image in the last Scores, and the squared distance of its target from the mean training target:
// FVU is the sum of the ones over the sum of the others. Both are overwritten by the next Scores.
func (e *Evaluator) Errors() (errors, distances []float64) { return e.errors, e.distance }

// Units are the shares of dead and saturated units in the last Scores.
func (e *Evaluator) Units() []UnitShares {
	out := make([]UnitShares, len(e.units))
	for i, u := range e.units {
		out[i] = u.shares()
	}
	return out
}

// Reconstruct returns the model's output for the first n images, at most [EvaluationBatch]. It fails where an op does.
func (e *Evaluator) Reconstruct(n int) ([][]float32, error) {
	n = min(n, EvaluationBatch, e.n)
	for _, u := range e.units {
		u.on = false
	}
	images := make([][]float32, 0, n)
	for first := 0; first < n; first += len(e.indices) {
		batch := e.indices[:min(len(e.indices), n-first)]
		for i := range batch {
			batch[i] = first + i
		}
		e.images.Read(e.program.Input(len(batch)), batch)
		e.program.SetFirst(first)
		out, err := e.program.Run(len(batch))
		if err != nil {
			return nil, err
		}
		y := out.Data().([]float32)
		for i := range batch {
			images = append(images, append([]float32(nil), y[i*e.size:(i+1)*e.size]...))
		}
	}
	return images, nil
}
