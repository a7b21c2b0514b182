package training

import (
	"math"
	"testing"

	"dcae/graph"
)

// skewed is images of 2x1x1 whose first value is 0 in three of five images, 0.5 and 1 in the others, and whose second is always 0.25.
type skewed struct{ n int }

func (s skewed) Len() int { return s.n }

func (s skewed) Read(dst []float32, indices []int) {
	for k, i := range indices {
		dst[2*k], dst[2*k+1] = []float32{0, 0.5, 0, 1, 0}[i%5], 0.25
	}
}

func TestTheConstantThatALossLikesBest(t *testing.T) {
	for _, c := range []struct {
		loss graph.Loss
		want float64
	}{
		{graph.Loss{}, 0.3},
		{graph.MSE, 0.3},
		{graph.Loss{Function: graph.BinaryCrossentropy}, 0.3},
		{graph.Loss{Function: graph.BinaryCrossentropy, FromLogits: true}, 0.3},
		{graph.Loss{Function: graph.BinaryCrossentropy, LabelSmoothing: 0.5}, 0.5*0.3 + 0.25},
		{graph.Loss{Function: graph.MeanAbsoluteError}, 0},
		{graph.Loss{Function: graph.Huber}, 0.3},                 // all errors are under delta
		{graph.Loss{Function: graph.Huber, Delta: 0.1}, 0.2 / 3}, // 3c = 0.1 + 0.1
		{graph.Loss{Function: graph.LogCosh}, 0.28338324},        // the root of 3 tanh(c) + tanh(c-0.5) + tanh(c-1)
	} {
		got, err := BestConstant(c.loss, skewed{200}, 2)
		if err != nil || len(got) != 2 {
			t.Fatalf("%s: %v, %v", c.loss, got, err)
		}
		if math.Abs(float64(got[0])-c.want) > 1.0/4096 {
			t.Errorf("%s: the best constant is %.5f, want %.5f", c.loss, got[0], c.want)
		}
		if want := 0.25*(1-c.loss.LabelSmoothing) + c.loss.LabelSmoothing/2; math.Abs(float64(got[1])-want) > 1.0/4096 {
			t.Errorf("%s: the best constant for a value that never differs is %g, want %g", c.loss, got[1], want)
		}
	}
}

// With targets of their own, which are half of the first value, it is a constant for these.
func TestTheBestConstantIsOfTargets(t *testing.T) {
	images := halved{stripes{64}}
	got, err := BestConstant(graph.MSE, images, 36)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if want := MeanTarget(images, 36); math.Abs(float64(got[0]-want[0])) > 1e-3 {
		t.Errorf("%g, want the mean target %g", got[0], want[0])
	}
}

// A mean output that is off by a tenth everywhere is as far off as its FVU says.
func TestDistanceIsInTheUnitOfFVU(t *testing.T) {
	images := skewed{10}
	m := graph.Sequential("constant", graph.Shape{2, 1, 1}, graph.Flatten{}, graph.Dense{Units: 2, KernelInit: graph.Zeros{}}, graph.Reshape{Target: graph.Shape{2, 1, 1}})
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	mean := MeanTarget(images, 2)
	e, err := NewEvaluator(m, graph.MSE, params, images, 0, mean, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s, err := e.Scores()
	if err != nil {
		t.Fatal(err)
	}
	if d := e.Distance(e.MeanOutput(), mean); math.Abs(s.FVU-1-d) > 1e-5 {
		t.Errorf("black has FVU %g and is %g from the mean image", s.FVU, d)
	}
	if d := e.Distance(mean, mean); d != 0 {
		t.Errorf("the mean image is %g from itself", d)
	}
}
