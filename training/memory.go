package training

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Memory is about how many bytes Fit needs at most for a model and so many training images, which are not counted themselves: the model and its
// gradients, the optimizer's state, layers' outputs for a batch, the evaluation, what the program itself takes. It is found by following how a
// step's memory would be lent; nothing of that size is allocated. It fails where Fit would fail to make the programs.
func Memory(m *graph.Model, c Config, images, threads int) (int, error) {
	c = c.withDefaults()
	f, err := graph.TrainingFootprint(m, c.Loss, graph.Options{Batch: max(1, min(c.Batch, images))})
	if err != nil {
		return 0, err
	}
	_, observers, err := unitObservers(m)
	if err != nil {
		return 0, err
	}
	e, err := graph.EvaluationFootprint(m.Reconstructing(c.Loss), graph.Options{Batch: EvaluationBatchOf(m)}, observers...)
	if err != nil {
		return 0, err
	}
	trainable, others, err := m.Values()
	if err != nil {
		return 0, err
	}
	numbers := float64(trainable) * float64(StateValues(c.Optimizer))
	if c.KeepBest {
		numbers += 2 * float64(trainable+others) // in float64
	}
	largest := 0 // variable, whose first values are drawn in float64
	params, err := m.Zeros(graph.Float32)
	if err != nil {
		return 0, err
	}
	for _, v := range params.All {
		largest = max(largest, v.Shape.Size())
	}
	sum := ownBytes + float64(f.Bytes(threads)) + float64(3*e.Inputs) + float64(e.Values) + 4*numbers + 8*float64(largest)
	if sum >= math.MaxInt {
		return math.MaxInt, nil
	}
	return int(sum), nil
}

// ownBytes are those of the program and its libraries.
const ownBytes = 40 << 20

// CheckMemory tells that training a model would need more memory than there is, and which batch would fit; nil if it would not, or if it fails for
// another reason, which Fit tells. free is what there is, in bytes, for the images, too.
func CheckMemory(m *graph.Model, c Config, images, threads int, free float64) error {
	c = c.withDefaults()
	c.Batch = min(c.Batch, max(images, 1))
	need, err := Memory(m, c, images, threads)
	if err != nil || float64(need) <= free {
		return nil
	}
	batch := c.Batch
	if batch := FittingBatch(m, c, images, threads, free); batch > 0 {
		return errors.Errorf("training %s with batches of %d images needs %s of memory, and %s are free: a batch of %d would fit", m.Name, c.Batch, Gigabytes(float64(need)), Gigabytes(free), batch)
	}
	return errors.Errorf("training %s with batches of %d images needs %s of memory, and %s are free: not even batches of one image would fit, only a smaller model or smaller images",
		m.Name, batch, Gigabytes(float64(need)), Gigabytes(free))
}

// FittingBatch is the largest batch, halved as often as need be, with which training needs no more than so many bytes; 0: there is none.
func FittingBatch(m *graph.Model, c Config, images, threads int, bytes float64) int {
	for c = c.withDefaults(); c.Batch > 0; c.Batch /= 2 {
		if need, err := Memory(m, c, images, threads); err == nil && float64(need) <= bytes {
			return c.Batch
		}
	}
	return 0
}

// Gigabytes writes a number of bytes: 0.31 GB, 20 GB.
func Gigabytes(bytes float64) string {
	if gb := bytes / 1e9; gb < 9.95 {
		return fmt.Sprintf("%.2g GB", gb)
	}
	return fmt.Sprintf("%.0f GB", bytes/1e9)
}

// evaluationBytes is what layers' outputs may take in an evaluation if all of them were kept.
const evaluationBytes = 1 << 29

// EvaluationBatchOf is how many images a model is evaluated on at a time: [EvaluationBatch], fewer of large ones. It divides the number of images that
// units are observed on.
func EvaluationBatchOf(m *graph.Model) int {
	shapes, err := m.Shapes()
	if err != nil {
		return 1 // which making the program tells
	}
	values := 0.0
	for _, s := range shapes {
		values += float64(s.Size())
	}
	batches := []int{EvaluationBatch, 25, 20, 10, 5, 2, 1}
	i := slices.IndexFunc(batches, func(b int) bool { return 4*values*float64(b) <= evaluationBytes })
	if i < 0 {
		return 1
	}
	return batches[i]
}
