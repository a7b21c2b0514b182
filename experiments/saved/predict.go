package saved

import (
	"context"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/files"
	"dcae/training/names"
)

// Predict runs a model, in evaluation, on images, batch by batch: receive gets the index of a batch's first image, its images and
// what the model makes of them, [n, output shape...], valid during the call. It fails for images of another shape than the model's input, when ctx
// ends, where images cannot be read, and with what receive returns.
func Predict(ctx context.Context, m *Model, images *dataset.Images, threads *graph.Threads, receive func(first int, x, y []float32) error) error {
	if have := axesOf(images.Shape()); !sameValues(m.Model.Input, have) {
		return errors.New("model " + m.Model.Name + misfit(m.Model.Input, have, false))
	}
	if m.Torch != nil {
		images = images.InPlanes(inPlanes(m.Model.Input, axesOf(images.Shape())))
	}
	batch := training.EvaluationBatchOf(m.Model)
	e, err := graph.NewEvaluation(m.Model, m.Params, graph.Options{Batch: min(batch, max(images.Len(), 1)), Threads: threads})
	if err != nil {
		return err
	}
	defer e.Close()
	indices := make([]int, 0, batch)
	for first := 0; first < images.Len(); first += len(indices) {
		if err := ctx.Err(); err != nil {
			return err
		}
		indices = indices[:0]
		for i := first; i < min(first+batch, images.Len()); i++ {
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

// CheckPictures tells why a folder cannot take pictures of such a shape, see [PlacePictures]; nil if it can. Where pictures are there
// already, they must be those of an earlier call, which the caller knows.
func CheckPictures(folder string, shape graph.Shape, earlier bool) error {
	if _, err := pictureShape(shape); err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return errors.Errorf("cannot read the folder %s: %v", folder, files.Reason(err))
	}
	for _, e := range entries {
		if !earlier || !isPicture(e) {
			return errors.Errorf("the folder %s, into which the pictures go, holds %s already: name another file with --out", folder, names.Shown(e.Name()))
		}
	}
	return nil
}

// pictureShape is the height, width and channels of an output's picture. Flat samples become lines. It fails for other shapes.
func pictureShape(shape graph.Shape) (graph.Shape, error) {
	for len(shape) < 3 && len(shape) > 0 {
		if shape = append(shape[:len(shape):len(shape)], 1); len(shape) == 2 {
			shape = graph.Shape{1, shape[0]}
		}
	}
	if len(shape) != 3 || shape[2] != 1 && shape[2] != 3 {
		return nil, errors.Errorf("outputs of %v are no pictures: they need one or three channels", shape)
	}
	return shape, nil
}

// isPicture tells whether a file is named as StagePictures does.
func isPicture(e os.DirEntry) bool {
	number, ok := strings.CutSuffix(e.Name(), ".png")
	return ok && e.Type().IsRegular() && len(number) >= 5 && strings.Trim(number, "0123456789") == ""
}

// StagePictures writes images [n, shape...] of one or three channels as PNG files, numbered from 0, into a new folder beside the one that they are
// for, which [PlacePictures] puts in its place. On an error nothing is left. It fails for shapes that are no picture's, where the folder cannot be
// written to, and when ctx ends.
func (g Gray) StagePictures(ctx context.Context, folder string, shape graph.Shape, values []float32) (path string, err error) {
	shape, err = pictureShape(shape)
	if err != nil {
		return "", err
	}
	staged := filepath.Join(filepath.Dir(folder), "."+filepath.Base(folder)+".new")
	if err := os.RemoveAll(staged); err != nil { // of a program that was killed
		return "", errors.Errorf("cannot remove %s: %v", staged, files.Reason(err))
	}
	if err := os.Mkdir(staged, 0o755); err != nil {
		return "", errors.Errorf("cannot make the folder %s: %v", staged, files.Reason(err))
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(staged)
		}
	}()
	size := shape.Size()
	for i := range len(values) / size {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		file := fmt.Sprintf("%05d.png", i)
		picture := g.picture(shape, values[i*size:(i+1)*size])
		if err := files.Write(filepath.Join(staged, file), func(out files.File) error { return png.Encode(out, picture) }); err != nil {
			return "", err
		}
	}
	return staged, nil
}

// PlacePictures puts staged pictures in the place of all that an earlier call left in a folder, see [CheckPictures]. It fails if a file of the
// folder cannot be removed, or if there are others.
func PlacePictures(staged, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Errorf("cannot read the folder %s: %v", folder, files.Reason(err))
	}
	for _, e := range entries {
		if path := filepath.Join(folder, e.Name()); isPicture(e) {
			if err := os.Remove(path); err != nil {
				return errors.Errorf("cannot remove %s: %v", path, files.Reason(err))
			}
		}
	}
	if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Errorf("cannot replace the folder %s: %v", folder, files.Reason(err))
	}
	if err := os.Rename(staged, folder); err != nil {
		return errors.Errorf("cannot make the folder %s: %v", folder, files.Reason(err))
	}
	return nil
}
