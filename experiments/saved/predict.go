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
	"dcae/training/dataset"
)

const predictionBatch = 64

// Predict runs a model, in evaluation, on images, batch by batch: receive gets the index of a batch's first image, its images and
// what the model makes of them, valid during the call.
func Predict(ctx context.Context, m *Model, images *dataset.Images, threads *graph.Threads, receive func(first int, x, y []float32) error) error {
	if err := fits(m.Model, images.Shape()); err != nil {
		return err
	}
	e, err := graph.NewEvaluation(m.Model, m.Params, graph.Options{Batch: min(predictionBatch, max(images.Len(), 1)), Threads: threads})
	if err != nil {
		return err
	}
	defer e.Close()
	indices := make([]int, 0, predictionBatch)
	for first := 0; first < images.Len(); first += len(indices) {
		if err := ctx.Err(); err != nil {
			return err
		}
		indices = indices[:0]
		for i := first; i < min(first+predictionBatch, images.Len()); i++ {
			indices = append(indices, i)
		}
		x := e.Input(len(indices))
		images.Read(x, indices)
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

// fits tells why images are none that the model takes.
func fits(m *graph.Model, s dataset.Shape) error {
	in := m.Input
	switch {
	case len(in) != 3:
		return errors.Errorf("model %s takes %v, not images of height x width x channels", m.Name, in)
	case in[2] != s.C:
		return errors.Errorf("model %s takes images of %d channels (%v), the data has %d (%v)", m.Name, in[2], in, s.C, s)
	case in[0] != s.H || in[1] != s.W:
		return errors.Errorf("model %s takes images of %v, the data has %v: bring them to that size with --resize %dx%d", m.Name, in, s, in[0], in[1])
	}
	return nil
}

// WritePictures writes images [n, shape...] of one or three channels as PNG files into a folder, numbered from first.
func (g Gray) WritePictures(folder string, first int, shape graph.Shape, values []float32) error {
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
