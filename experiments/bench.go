package experiments

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/experiments/statistics"
	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/models"
	"dcae/training"
	"dcae/training/dataset"
)

// Benchmark is how fast a model trains, and where the time goes.
type Benchmark struct {
	Model           string    `json:"model"`
	Batch           int       `json:"batch"`
	Threads         int       `json:"threads"`
	Kernels         string    `json:"kernels"`
	ImagesPerSecond float64   `json:"images_per_s"` // median of the windows
	Windows         []float64 `json:"windows"`
	GFLOPS          float64   `json:"gflops"`       // of the products, counted as for direct convolution
	PeakRSS         int       `json:"peak_rss_mib"` // largest resident memory of the process so far; 0: not known here
	PeakGFLOPS      float64   `json:"peak_gflops"`  // of the machine: multiplications and additions of these threads that do nothing else
	MemoryGB        float64   `json:"memory_gb_s"`  // likewise, what these threads read and write a second that copy memory
	StepSeconds     float64   `json:"step_s"`
	Ops             []OpShare `json:"ops"`
}

// OpShare is the time of one op in a step, in seconds.
type OpShare struct {
	Layer    string  `json:"layer"`
	Op       string  `json:"op"`
	Forward  float64 `json:"forward_s"`
	Backward float64 `json:"backward_s"`

	// What the op hands on is computed by the ops that read it, and counts as their time.
	LazyForward  bool `json:"lazy_forward,omitempty"`
	LazyBackward bool `json:"lazy_backward,omitempty"`

	GFLOPS float64 `json:"gflops,omitempty"` // of the products, counted as for direct convolution: minimal filtering can exceed the machine's peak
	GB     float64 `json:"gb_s,omitempty"`   // values read and written a second, from memory or from caches

	View bool `json:"view,omitempty"` // the output is the memory of the op before under another shape
}

// usualBatch is how many images a step has where neither the user nor the model says so.
const usualBatch = 32

// benchModels are models that are there for timing alone.
func benchModels() []models.Kind {
	out := []models.Kind{{Name: "deep", Model: models.Deep(), Batch: usualBatch}}
	for _, size := range []int{128, 256, 512} {
		m := models.FourLevel(size)
		out = append(out, models.Kind{Name: m.Name, Model: m, Batch: usualBatch})
	}
	return append(out, models.Kinds()...)
}

// benchModel is a model to time, and how many images a step of it has.
func benchModel(name string) (m *saved.Model, batch int, err error) {
	var names []string
	for _, k := range benchModels() {
		if k.Name == name {
			return &saved.Model{Model: k.Model, Optimizer: training.Adam{}, Loss: k.Loss}, k.Batch, nil
		}
		names = append(names, k.Name)
	}
	m, err = saved.Open(name, nil)
	if err != nil && !saved.IsFile(name) {
		err = errors.Errorf("%v; for timing there are %s, too", err, strings.Join(names, ", "))
	}
	return m, usualBatch, err
}

// CheckBench tells why there is no such model to time; nil if there is.
func CheckBench(name string) error {
	_, _, err := benchModel(name)
	return err
}

// Bench measures a model's training speed on MNIST, enlarged to the model's input; a batch of 0 is the model's own. It fails if there is no
// such model, or if it cannot be trained.
func Bench(name string, batch, threads int) (*Benchmark, error) {
	m, own, err := benchModel(name)
	if err != nil {
		return nil, err
	}
	if batch == 0 {
		batch = own
	}
	c := training.Config{Seed: 1, Batch: batch, Optimizer: m.Optimizer, Loss: m.Loss}
	if err := training.CheckMemory(m.Model, c, batch, threads, training.FreeMemory()); err != nil {
		return nil, err
	}
	images, err := benchImages(m.Model.Input, batch)
	if err != nil {
		return nil, err
	}
	runtime.GC()         // runs the finalizers of files that images come from, and
	debug.FreeOSMemory() // gives back their memory: the peak is to be that of training
	flops, err := m.Model.FLOPs()
	if err != nil {
		return nil, err
	}
	steps := windowSteps((flops.Training + flops.Forward) * float64(batch))
	th := graph.NewThreads(threads)
	defer th.Close()
	c.Threads = th
	speed, err := training.MeasureSpeed(m.Model, images, c, 5, steps)
	if err != nil {
		return nil, err
	}
	b := &Benchmark{
		Model: name, Batch: batch, Threads: threads, Kernels: arithmetic.Chosen().String(),
		ImagesPerSecond: statistics.Median(speed.ImagesPerSecond), Windows: speed.ImagesPerSecond, PeakRSS: peakRSS(),
	}
	b.GFLOPS = b.ImagesPerSecond * flops.Training / 1e9
	b.PeakGFLOPS, b.MemoryGB = th.PeakFLOPS()/1e9, th.CopyBytes()/1e9
	b.addOps(speed)
	return b, b.addWork(m.Model, speed)
}

// addOps adds the times of a step's parts.
func (b *Benchmark) addOps(speed *training.Speed) {
	perStep := 1 / float64(speed.Profiled)
	b.StepSeconds = speed.Total.Seconds() * perStep
	rest := b.StepSeconds
	for _, o := range speed.Ops {
		seconds := o.Time.Seconds() * perStep
		rest -= seconds
		if !o.Backward {
			b.Ops = append(b.Ops, OpShare{Layer: o.Layer, Op: o.Op, Forward: seconds, LazyForward: o.Lazy, View: o.View})
			continue
		}
		for i := range b.Ops {
			if b.Ops[i].Layer == o.Layer && b.Ops[i].Op == o.Op {
				b.Ops[i].Backward += seconds
				b.Ops[i].LazyBackward = b.Ops[i].LazyBackward || o.Lazy
			}
		}
	}
	read := speed.Batches.Seconds() * perStep
	b.Ops = append(b.Ops, OpShare{Op: "shuffling and reading images", Forward: read}, OpShare{Op: "optimizer and the machine", Backward: rest - read})
}

// addWork adds what each op computes, reads and writes a second.
func (b *Benchmark) addWork(m *graph.Model, speed *training.Speed) error {
	flops, err := m.LayerFLOPs()
	if err != nil {
		return err
	}
	ofLayer := map[string]float64{}
	for i, n := range m.Nodes {
		ofLayer[n.Name] = flops[i].Training
	}
	bytes := map[[2]string]float64{}
	for _, o := range speed.Ops {
		bytes[[2]string{o.Layer, o.Op}] += o.Bytes / float64(speed.Profiled)
	}
	for i := range b.Ops {
		o := &b.Ops[i]
		if seconds := o.Forward + o.Backward; seconds > 0 && !o.View {
			o.GFLOPS = ofLayer[o.Layer] * float64(b.Batch) / seconds / 1e9 // a layer's product is the first of its ops
			o.GB = bytes[[2]string{o.Layer, o.Op}] / seconds / 1e9
			delete(ofLayer, o.Layer)
		}
	}
	return nil
}

// windowSteps is how many steps of some operations each are timed at once: about 60 GFLOP, which take well under a second, but at
// least four. Steps of the smallest models take their time elsewhere, so that a thousand are enough.
func windowSteps(flops float64) int { return max(4, int(min(6e10/flops, 1000))) }

// benchImages are as many images as make 8,192 of 28x28 pixels, at least one batch.
func benchImages(input graph.Shape, batch int) (*enlarged, error) {
	set, err := dataset.MNIST()
	if err != nil {
		return nil, err
	}
	return newEnlarged(set.Train, input, max(batch, min(8192, 8192*784/input.Size()))), nil
}

// enlarged is the beginning of a source with every pixel repeated and a black border, so that images fill a larger input.
type enlarged struct {
	images []uint8
	size   int
}

func newEnlarged(from *dataset.Images, input graph.Shape, n int) *enlarged {
	n = min(n, from.Len())
	s := from.Shape()
	e := &enlarged{images: make([]uint8, n*input.Size()), size: input.Size()}
	if len(input) != 3 {
		input = graph.Shape{1, input.Size(), 1}
	}
	scale := min(input[0]/s.H, input[1]/s.W)
	if scale == 0 { // a vector, or an image smaller than those that there are
		pixels, index := make([]float32, s.Size()), make([]int, 1)
		for i := range e.images {
			if i%s.Size() == 0 {
				from.Read(pixels, index)
				index[0] = (index[0] + 1) % from.Len()
			}
			e.images[i] = uint8(255*pixels[i%s.Size()] + 0.5)
		}
		return e
	}
	top, left := (input[0]-scale*s.H)/2, (input[1]-scale*s.W)/2
	buffer, index := make([]float32, s.Size()), make([]int, 1)
	for index[0] = range n {
		from.Read(buffer, index)
		img := e.images[index[0]*e.size:]
		for y := range scale * s.H {
			for x := range scale * s.W {
				img[(top+y)*input[1]+left+x] = uint8(255*buffer[y/scale*s.W+x/scale] + 0.5)
			}
		}
	}
	return e
}

// unit has 0 to 255 as 0 to 1.
var unit = func() (u [256]float32) {
	for i := range u {
		u[i] = float32(i) / 255
	}
	return u
}()

// Len is the number of images.
func (e *enlarged) Len() int { return len(e.images) / e.size }

// Read converts images to 0..1.
func (e *enlarged) Read(dst []float32, indices []int) {
	for i, index := range indices {
		out := dst[i*e.size : (i+1)*e.size]
		for k, v := range e.images[index*e.size : (index+1)*e.size] {
			out[k] = unit[v]
		}
	}
}

// peakRSS is the largest resident memory of the process so far in MiB, where the system tells it.
func peakRSS() int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kib / 1024
		}
	}
	return 0
}
