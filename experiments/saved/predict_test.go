package saved

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Pictures that are not all written leave nothing.
func TestStagedPicturesAreWholeOrGone(t *testing.T) {
	dir := t.TempDir()
	values := make([]float32, 3*4)
	ctx, cancel := context.WithCancel(context.Background())
	staged, err := Gray{White: 1}.StagePictures(ctx, filepath.Join(dir, "out"), graph.Shape{2, 2, 1}, values)
	if err != nil {
		t.Fatal(err)
	}
	if pictures, err := os.ReadDir(staged); err != nil || len(pictures) != 3 {
		t.Errorf("%d pictures, error %v", len(pictures), err)
	}
	cancel()
	if _, err := (Gray{White: 1}).StagePictures(ctx, filepath.Join(dir, "out"), graph.Shape{2, 2, 1}, values); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, error %v", left, err)
	}
}
