package tensorboard

import (
	"bytes"
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dcae/graph"
	"dcae/training"
)

func step(n int) *training.StepRecord {
	return &training.StepRecord{Epoch: 1, Step: n, Loss: 0.5 / float64(n), LearningRate: 0.001, Layers: []training.LayerStep{
		{Layer: "conv", GradientNorm: 3, UpdateRatio: 0.25}, {Layer: "dense", GradientNorm: math.Inf(1), UpdateRatio: math.NaN()},
	}}
}

func epoch(step int) *training.EpochRecord {
	return &training.EpochRecord{
		Epoch: 1, Step: step, TrainLoss: 0.75, HeldOut: training.Scores{MSE: 0.5, FVU: 2}, Units: []training.UnitShares{{Layer: "conv", Dead: 0.25, Saturated: 1}},
	}
}

// snapshot has one layer with a trainable kernel and a moving mean.
func snapshot(t *testing.T, step int, end bool) *training.Snapshot {
	t.Helper()
	m := graph.Sequential("m", graph.Shape{1, 2, 3}, graph.BatchNormalization{})
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	return &training.Snapshot{
		Epoch: 1, Step: step, EpochEnd: end, Params: params, Gradients: [][]float32{{1, 2, float32(math.NaN())}, {-1, -1, -1}}, Image: m.Input,
		Reconstruct: func(n int) (images, outputs [][]float32, err error) {
			for i := range min(n, 4) {
				images = append(images, []float32{0, 0.5, 1, -9, 9, float32(i) / 4})
				outputs = append(outputs, []float32{1, 1, 1, 0, float32(math.NaN()), 0})
			}
			return images, outputs, nil
		},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEventsHoldWhatWasRecorded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "run")
	w := NewWriter(dir, Config{})
	before := time.Now()
	must(t, w.Step(step(1)))
	must(t, w.Snapshot(snapshot(t, 1, false)))
	must(t, w.Step(step(2)))
	must(t, w.Epoch(epoch(2)))
	must(t, w.Snapshot(snapshot(t, 2, true)))
	files := readFiles(t, dir) // not yet closed
	must(t, w.Close())
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	events := files[0]
	if events[0].version != "brain.Event:2" || !events[1].start || events[1].step != 1 {
		t.Errorf("the file begins with %v", events[:2])
	}
	for _, e := range events {
		if e.time < float64(before.Unix()) || e.time > float64(time.Now().Unix()+1) {
			t.Errorf("step %d at %f", e.step, e.time)
		}
	}
	for _, c := range []struct {
		tag   string
		steps []int
		last  float64
	}{
		{"train/loss", []int{1, 2}, 0.25}, {"train/learning_rate", []int{1, 2}, float64(float32(0.001))},
		{"gradient_norm/conv", []int{1, 2}, 3}, {"gradient_norm/dense", []int{1, 2}, math.Inf(1)},
		{"update_ratio/conv", []int{1, 2}, 0.25}, {"update_ratio/dense", []int{1, 2}, math.NaN()},
		{"train/epoch_loss", []int{2}, 0.75}, {"heldout/mse", []int{2}, 0.5}, {"heldout/fvu", []int{2}, 2}, {"dead/conv", []int{2}, 0.25}, {"saturated/conv", []int{2}, 1},
		{"gradients_not_finite/batch_normalization/gamma", []int{1, 2}, 1},
	} {
		steps, values := find(events, c.tag)
		if !slices.Equal(steps, c.steps) {
			t.Errorf("%s has steps %v, want %v", c.tag, steps, c.steps)
			continue
		}
		last := values[len(values)-1]
		if len(last.shape) != 0 || len(last.floats) != 1 || last.floats[0] != c.last && !(math.IsNaN(c.last) && math.IsNaN(last.floats[0])) {
			t.Errorf("%s is %v %v, want %g", c.tag, last.shape, last.floats, c.last)
		}
		for i, v := range values { // once a file, with the first value
			if (v.plugin == "scalars") != (i == 0) {
				t.Errorf("value %d of %s names the plugin %q", i, c.tag, v.plugin)
			}
		}
	}
	for tag, last := range map[string][3]float64{ // the last bucket
		"weights/batch_normalization/gamma": {1, 1, 3}, "weights/batch_normalization/moving_mean": {0, 0, 3}, "gradients/batch_normalization/beta": {-1, -1, 3}, "gradients/batch_normalization/gamma": {1 + 29.0/30, 2, 1},
	} {
		steps, values := find(events, tag)
		if !slices.Equal(steps, []int{1, 2}) || values[0].plugin != "histograms" || !slices.Equal(values[0].shape, []int{30, 3}) {
			t.Errorf("%s: steps %v, %v", tag, steps, values)
			continue
		}
		for i, want := range last {
			if got := values[1].floats[29*3+i]; math.Abs(got-want) > 1e-15 {
				t.Errorf("%s: last bucket %v, want %v", tag, values[1].floats[29*3:], last)
			}
		}
	}
	checkPicture(t, events)
}

func checkPicture(t *testing.T, events []event) {
	t.Helper()
	steps, values := find(events, "heldout/reconstructions")
	if !slices.Equal(steps, []int{2}) || values[0].plugin != "images" || !slices.Equal(values[0].shape, []int{3}) || len(values[0].strings) != 3 {
		t.Fatalf("reconstructions at %v: %v", steps, values)
	}
	picture, err := png.Decode(bytes.NewReader(values[0].strings[2]))
	if err != nil {
		t.Fatal(err)
	}
	// four images of 2 x 1 with gaps of 2
	if size := picture.Bounds().Size(); size.X != 4*2+3*2 || size.Y != 1+2+1 || string(values[0].strings[0]) != "14" || string(values[0].strings[1]) != "4" {
		t.Errorf("the picture has %v, and says %s x %s", size, values[0].strings[0], values[0].strings[1])
	}
	for _, p := range []struct {
		x, y int
		want color.RGBA
	}{
		{0, 0, color.RGBA{0, 128, 255, 255}}, {1, 0, color.RGBA{0, 255, 0, 255}}, {2, 0, color.RGBA{128, 128, 128, 255}}, {0, 1, color.RGBA{128, 128, 128, 255}},
		{9, 0, color.RGBA{0, 255, 128, 255}}, {12, 3, color.RGBA{255, 255, 255, 255}}, {13, 3, color.RGBA{0, 0, 0, 255}},
	} {
		if got := color.RGBAModel.Convert(picture.At(p.x, p.y)); got != p.want {
			t.Errorf("pixel %d, %d is %v, want %v", p.x, p.y, got, p.want)
		}
	}
}

func TestHistogramsAtTheStepsThatWereAskedFor(t *testing.T) {
	for _, c := range []struct {
		every int
		want  []int
	}{{0, []int{1, 2, 4, 8, 16}}, {5, []int{5, 10, 15, 20}}, {-1, nil}} {
		w := NewWriter("", Config{HistogramEvery: c.every})
		var got []int
		for s := 1; s <= 20; s++ {
			if w.WantsSnapshot(s) {
				got = append(got, s)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("every %d: %v, want %v", c.every, got, c.want)
		}
	}
}

// An epoch whose last step has histograms of its own does not get them twice.
func TestEpochEndAddsNoSecondHistogram(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter(dir, Config{Images: -1})
	must(t, w.Step(step(4)))
	must(t, w.Snapshot(snapshot(t, 4, false)))
	must(t, w.Snapshot(snapshot(t, 4, true)))
	must(t, w.Close())
	events := readFiles(t, dir)[0]
	if steps, _ := find(events, "weights/batch_normalization/gamma"); !slices.Equal(steps, []int{4}) {
		t.Errorf("histograms at %v", steps)
	}
	if steps, _ := find(events, "heldout/reconstructions"); steps != nil || len(events) != 4 {
		t.Errorf("pictures at %v, %d events", steps, len(events))
	}
}

// What goes on gets a file of its own, later in order, that says from which step on it counts.
func TestEachWriterHasItsFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[x]*")
	for _, first := range []int{1, 7, 3} {
		w := NewWriter(dir, Config{})
		must(t, w.Step(step(first)))
		must(t, w.Close())
	}
	w := NewWriter(dir, Config{}) // resumed between an epoch's last step, 9, and its end
	must(t, w.Epoch(epoch(9)))
	gap := snapshot(t, 9, true)
	gap.Gradients = nil
	must(t, w.Snapshot(gap))
	must(t, w.Close())
	var starts []int
	for _, events := range readFiles(t, dir) {
		starts = append(starts, events[1].step)
		for _, v := range events[2].values {
			if v.plugin != "scalars" {
				t.Errorf("%s does not name its plugin anew", v.tag)
			}
		}
	}
	if !slices.Equal(starts, []int{1, 7, 3, 10}) {
		t.Errorf("files start at %v", starts)
	}
}

func TestNamesGrow(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1700000000, 0)
	for _, want := range []string{"events.out.tfevents.1700000000.dcae", "events.out.tfevents.1700000001.dcae"} {
		got := nextName(dir, now)
		if got != want {
			t.Errorf("name %s, want %s", got, want)
		}
		must(t, os.WriteFile(filepath.Join(dir, got), nil, 0o644))
	}
	must(t, os.WriteFile(filepath.Join(dir, "events.out.tfevents.1800000000.host.1.2.v2"), nil, 0o644)) // another program's, or the clock was wrong
	if got := nextName(dir, now); got != "events.out.tfevents.1800000001.dcae" {
		t.Errorf("name %s", got)
	}
}

func TestNothingRecordedMakesNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	must(t, NewWriter(dir, Config{}).Close())
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is something: %v", err)
	}
}

// fullDisk takes some bytes and then no more.
type fullDisk struct {
	bytes.Buffer
	left int
}

func (f *fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	f.left -= n
	_, _ = f.Buffer.Write(b[:n])
	if n < len(b) {
		return n, &os.PathError{Op: "write", Path: "somewhere", Err: syscall.ENOSPC}
	}
	return n, nil
}

func (f *fullDisk) Close() error { return nil }

var _ io.WriteCloser = (*fullDisk)(nil)

// Wherever the disk is full, the error says what and where, and the records before are whole.
func TestFullDisk(t *testing.T) {
	records := func(w *Writer, disk io.WriteCloser) error {
		w.path = "run/events"
		if err := w.begin(disk, 1); err != nil {
			return err
		}
		if err := w.Step(step(1)); err != nil {
			return err
		}
		if err := w.Snapshot(snapshot(t, 1, false)); err != nil {
			return err
		}
		if err := w.Epoch(epoch(1)); err != nil {
			return err
		}
		return w.Snapshot(snapshot(t, 1, true))
	}
	whole := &fullDisk{left: 1 << 30}
	must(t, records(NewWriter("", Config{}), whole))
	count := len(unframe(t, whole.Bytes()))
	for size := 0; size < whole.Len(); size += 37 {
		disk := &fullDisk{left: size}
		err := records(NewWriter("", Config{}), disk)
		if err == nil || err.Error() != "cannot write the event file run/events: no space left on device" {
			t.Fatalf("after %d bytes: %v", size, err)
		}
		found, rest := 0, disk.Bytes()
		for len(rest) > 0 {
			var e error
			if _, rest, e = unframeOne(rest); e != nil {
				if e.Error() != "it is cut off" {
					t.Fatalf("after %d bytes: %v", size, e)
				}
				break
			}
			found++
		}
		if found >= count {
			t.Errorf("after %d bytes: %d records of %d", size, found, count)
		}
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	err := NewWriter(filepath.Join(file, "run"), Config{}).Step(step(1))
	if err == nil || !strings.HasPrefix(err.Error(), "cannot make the folder "+filepath.Join(file, "run")+": not a directory") {
		t.Errorf("%v", err)
	}
}

// A step of an unchanged run's kind allocates nothing, so that recording does not slow training down.
func TestStepAllocatesNothing(t *testing.T) {
	w := NewWriter("", Config{})
	must(t, w.begin(nowhere{}, 1))
	r := step(2)
	if n := testing.AllocsPerRun(20, func() { must(t, w.Step(r)) }); n != 0 {
		t.Errorf("%g allocations in a step", n)
	}
}

// nowhere is a file that keeps nothing.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) Close() error                { return nil }
