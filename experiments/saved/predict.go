package saved

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/internal/files"
	"dcae/training"
	"dcae/training/dataset"
)

// Predict runs a model, in evaluation, on images, batch by batch: receive gets the index of a batch's first image, its images and
// what the model makes of them, [n, output shape...], valid during the call. It fails for images of another shape than the model's input, when ctx
// ends, where images cannot be read, and with what receive returns.
func Predict(ctx context.Context, m *Model, images *dataset.Images, threads *graph.Threads, receive func(first int, x, y []float32) error) error {
	if have := axesOf(images.Shape()); !sameValues(m.Model.Input, have) {
		return errors.New("model " + m.Model.Name + misfit(m.Model.Input, have, false))
	}
	e, err := graph.NewEvaluation(m.Model, m.Params, graph.Options{Batch: min(training.EvaluationBatch, max(images.Len(), 1)), Threads: threads})
	if err != nil {
		return err
	}
	defer e.Close()
	indices := make([]int, 0, training.EvaluationBatch)
	for first := 0; first < images.Len(); first += len(indices) {
		if err := ctx.Err(); err != nil {
			return err
		}
		indices = indices[:0]
		for i := first; i < min(first+training.EvaluationBatch, images.Len()); i++ {
			indices = append(indices, i)
		}
		x := e.Input(len(indices))
		images.Read(x, indices)
		e.SetFirst(first)
		y, err := e.Run(len(indices))
		if err != nil {
			return err
		}
		if err := receive(first, x, y.Data().([]float32)); err != nil {
			return err
		}
	}
	return images.Err()
}

// WritePictures writes images [n, shape...] of one or three channels as PNG files into a folder, numbered from first. Flat samples become
// lines. It fails for other shapes, and where the folder cannot be written to.
func (g Gray) WritePictures(folder string, first int, shape graph.Shape, values []float32) error {
	for len(shape) < 3 && len(shape) > 0 {
		if shape = append(shape[:len(shape):len(shape)], 1); len(shape) == 2 {
			shape = graph.Shape{1, shape[0]}
		}
	}
	if len(shape) != 3 || shape[2] != 1 && shape[2] != 3 {
		return errors.Errorf("outputs of %v are no pictures: they need one or three channels", shape)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return errors.Errorf("cannot make the folder %s: %v", folder, files.Reason(err))
	}
	size := shape.Size()
	for i := range len(values) / size {
		path := filepath.Join(folder, fmt.Sprintf("%05d.png", first+i))
		if err := writePNG(path, g.picture(shape, values[i*size:(i+1)*size])); err != nil {
			return err
		}
	}
	return nil
}

func writePNG(path string, p image.Image) error {
	return files.Write(path, func(out files.File) error { return png.Encode(out, p) })
}
