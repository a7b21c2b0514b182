package training_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models"
	"dcae/training"
)

// memoryCases are models whose memory is measured in a process of its own.
var memoryCases = []struct {
	name   string
	model  func() *graph.Model
	images int
	config training.Config
}{
	{"deep", models.Deep, 64, training.Config{Batch: 32}},
	{"unet-64", kind("unet-64"), 64, training.Config{Batch: 32}},
	{"pooled-256", kind("pooled-256"), 24, training.Config{Batch: 8}},
	{"strided-64", kind("strided-64"), 128, training.Config{Batch: 64}},
	{"wide dense", wideDense, 32, training.Config{Batch: 16}},
	{"many channels", manyChannels, 16, training.Config{Batch: 4, KeepBest: true, Optimizer: training.SGD{}}},
}

func kind(name string) func() *graph.Model {
	return func() *graph.Model {
		for _, k := range models.Kinds() {
			if k.Name == name {
				return k.Model
			}
		}
		panic(name)
	}
}

func wideDense() *graph.Model {
	return graph.Sequential("wide-dense", graph.Shape{64, 64, 1}, graph.Flatten{}, graph.Dense{Units: 3000, Activation: graph.ReLU}, graph.Dense{Units: 4096}, graph.Reshape{Target: graph.Shape{64, 64, 1}})
}

func manyChannels() *graph.Model {
	conv := func(filters int) graph.Layer {
		return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU}
	}
	return graph.Sequential("many-channels", graph.Shape{16, 16, 3}, conv(256), conv(512), conv(512), conv(3))
}

// TestMemoryOfRealRuns compares what a run is said to need with the largest resident memory of a process that trains it.
func TestMemoryOfRealRuns(t *testing.T) {
	if runtime.GOOS != "linux" || testing.Short() || raceDetector {
		t.Skip("needs /proc, and memory that no race detector takes")
	}
	for _, c := range memoryCases {
		t.Run(c.name, func(t *testing.T) {
			m := c.model()
			need, err := training.Memory(m, c.config, c.images, 2)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0], "-test.run=TestTrainForMemory")
			cmd.Env = append(os.Environ(), "MEMORY_CASE="+c.name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			line, _, _ := strings.Cut(string(out), "\n")
			peak, err := strconv.Atoi(strings.TrimPrefix(line, "peak "))
			if err != nil {
				t.Fatalf("%s", out)
			}
			ratio := float64(peak) / float64(need)
			t.Logf("said %d MB, took %d MB: %.2f", need>>20, peak>>20, ratio)
			if math.Abs(ratio-1) > 0.2 {
				t.Errorf("it takes %.2f times what it is said to", ratio)
			}
		})
	}
}

// TestTrainForMemory trains the case that the environment names, and prints the largest resident memory.
func TestTrainForMemory(t *testing.T) {
	for _, c := range memoryCases {
		if c.name != os.Getenv("MEMORY_CASE") {
			continue
		}
		m := c.model()
		threads := graph.NewThreads(2)
		defer threads.Close()
		c.config.Threads, c.config.Epochs, c.config.Seed = threads, 2, 1
		images := gradients{n: c.images, size: m.Input.Size()}
		if _, err := training.Fit(context.Background(), m, images, images, c.config); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("peak %d\n", peakMemory(t))
	}
}

// gradients are images that take no memory.
type gradients struct{ n, size int }

func (g gradients) Len() int { return g.n }

func (g gradients) Read(dst []float32, indices []int) {
	for k, i := range indices {
		for j := range g.size {
			dst[k*g.size+j] = float32((i+j)%97) / 97
		}
	}
}

func peakMemory(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kib << 10
		}
	}
	t.Fatal("no peak")
	return 0
}

// TestMemoryOfHugeBatches is answered without anything of that size.
func TestMemoryOfHugeBatches(t *testing.T) {
	m := models.Deep()
	c := training.Config{Batch: 1 << 40}
	need, err := training.Memory(m, c, math.MaxInt, 2)
	if err != nil || need < 1<<50 {
		t.Errorf("%d bytes, %v", need, err)
	}
	err = training.CheckMemory(m, c, math.MaxInt, 2, 4e9)
	if err == nil || !strings.Contains(err.Error(), "would fit") {
		t.Errorf("no word on what would fit: %v", err)
	}
	if err := training.CheckMemory(m, c, math.MaxInt, 2, 1e6); err == nil || !strings.Contains(err.Error(), "not even") {
		t.Errorf("with too little memory for anything: %v", err)
	}
	if err := training.CheckMemory(m, training.Config{Batch: 32}, 6000, 2, 4e9); err != nil {
		t.Error(err)
	}
}

// TestLargeImagesAreEvaluatedInSmallerBatches gives all the outputs that are asked for.
func TestLargeImagesAreEvaluatedInSmallerBatches(t *testing.T) {
	m := graph.Sequential("large", graph.Shape{512, 512, 1}, graph.Conv2D{Filters: 64, Kernel: graph.Square(1)}, graph.Conv2D{Filters: 1, Kernel: graph.Square(1)})
	if b := training.EvaluationBatchOf(m); b >= 8 {
		t.Fatalf("batches of %d", b)
	}
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	e, err := training.NewEvaluator(m, graph.MSE, params, gradients{n: 9, size: 512 * 512}, 0, make([]float32, 512*512), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if out, err := e.Reconstruct(8); err != nil || len(out) != 8 || len(out[7]) != 512*512 {
		t.Errorf("%d outputs, %v", len(out), err)
	}
}
