package diagnosis

import (
	"slices"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/training"
)

// Task is a kind of work that a training step does. What a unit of it takes is in rates.go.
type Task int

// The kinds of work. Products are counted in floating-point operations, as for direct convolution, forward and backward; values in layers'
// outputs, for each image of a step.
const (
	Filters       Task = iota // products of 3x3 kernels of stride 1, which minimal filtering computes
	Windows                   // products of other kernels of stride 1
	Pixels                    // products of 1x1 kernels
	Strides                   // products of kernels of larger strides
	Transposes                // products of transposed kernels of larger strides
	Matrices                  // products of dense layers
	Groups                    // products of grouped, depthwise and separable kernels
	FewRead                   // products that read four channels or fewer, which have forms of their own
	FewGiven                  // products that give four channels or fewer
	NarrowFilters             // of the first, what empty parts of vectors would be, where there are few channels; of gradients by inputs, too
	NarrowWindows             // the same of all other products
	Kernels                   // values of kernels, which are brought into order for each step
	Images                    // values that are read, and given back, whatever the layers between
	Crossed                   // values that losses with one logarithm or so compare, as cross-entropy does logits
	Logged                    // values that cross-entropy compares as probabilities, by two logarithms
	Outputs                   // values of products
	Rectified                 // values of activations that are sums and comparisons
	Squashed                  // values of sigmoid and tanh, which products compute at their ends
	Curved                    // values of other activations, and of all that are layers of their own
	Normalized                // values of normalizations
	Pooled                    // values that poolings read
	Repeated                  // values that are enlarged
	Other                     // values of all other layers
	Far                       // values that do not stay in the processor's cache until they are read again
	Updated                   // bytes of variables and state that Adam and SGD pass over
	Looped                    // values that other optimizers update
	Nodes                     // layers, whatever their size
	Steps                     // steps, whatever is in them
	Looked                    // values that units are observed by, in looks at held-out images
	tasks
)

var taskNames = [tasks]string{"Filters", "Windows", "Pixels", "Strides", "Transposes", "Matrices", "Groups", "FewRead", "FewGiven", "NarrowFilters", "NarrowWindows", "Kernels", "Images", "Crossed", "Logged", "Outputs", "Rectified", "Squashed", "Curved", "Normalized", "Pooled", "Repeated", "Other", "Far", "Updated", "Looped", "Nodes", "Steps", "Looked"}

// String is the task's name.
func (t Task) String() string { return taskNames[t] }

// Work is how much of each task there is.
type Work [tasks]float64

// Seconds is what the work takes on one processor of nominal speed, while another one does as much. AVX2 and AVX-512 are taken for equally fast, as
// they are on Zen 4 but for a tenth; the portable kernels have one factor.
func (w Work) Seconds() float64 {
	sum := 0.0
	for t, amount := range w {
		sum += amount * rates[t]
	}
	if arithmetic.Chosen() == arithmetic.Portable {
		sum *= portableFactor
	}
	return sum
}

// portableFactor is how many times as long the portable kernels take, about.
const portableFactor = 8

// LookImages are the held-out images of a look in a trial, LookSteps the steps between two looks.
const (
	LookImages = scoredImages
	LookSteps  = checkEvery
)

const (
	fewChannels = 4
	vector      = 16      // channels that fill the widest vectors
	cacheBytes  = 4 << 20 // of a processor's share of its caches
	valueBytes  = 4
)

// WorkOf is the work of a training step with a batch of images, with its share of the looks at held-out images. It fails where shapes do
// not fit.
func WorkOf(m *graph.Model, o training.Optimizer, loss graph.Loss, batch int) (Work, error) {
	nodes := slices.Concat(m.Nodes, m.OwnLoss)
	shapes, err := (&graph.Model{Name: m.Name, Input: m.Input, Nodes: nodes}).Shapes()
	if err != nil {
		return Work{}, err
	}
	output := shapes[len(m.Nodes)-1]
	products, err := m.LayerFLOPs()
	if err != nil {
		return Work{}, err
	}
	trainable, _, err := m.Values()
	if err != nil {
		return Work{}, err
	}
	var trained, looked Work // for one image
	for i, n := range nodes {
		in := m.Input
		if first := append(slices.Clone(n.Inputs), -1)[0]; first >= 0 {
			in = shapes[first]
		}
		if i >= len(m.Nodes) { // of the model's own loss: a value takes about as long as one of a sigmoid (measured: 4.9 ns)
			trained[Squashed] += float64(max(in.Size(), shapes[i].Size()))
			trained[Far] += float64(shapes[i].Size())
			continue
		}
		if f := products[i]; f.Forward > 0 {
			kind, narrow := productTask(n.Layer, in, shapes[i]), NarrowWindows
			if kind == Filters {
				narrow = NarrowFilters
			}
			trained[kind] += f.Training
			looked[kind] += f.Forward
			if kind != FewRead && kind != FewGiven {
				trained[narrow] += f.Forward*(fill(channels(shapes[i]))-1) + (f.Training-2*f.Forward)*(fill(channels(in))-1)
				looked[narrow] += f.Forward * (fill(channels(shapes[i])) - 1)
			}
			trained[Outputs] += float64(shapes[i].Size())
		}
		task, values := valueTask(n.Layer, in, shapes[i])
		trained[task] += values
		if graph.HasUnits(n.Layer) {
			looked[Looked] += float64(shapes[i].Size())
		}
		trained[Far] += float64(shapes[i].Size())
	}
	if trained[Far]*float64(valueBytes*batch) < cacheBytes {
		trained[Far] = 0
	}
	switch {
	case loss.Function == graph.MeanSquaredError, loss.Function == graph.MeanAbsoluteError, loss.Function == graph.Given, loss.Function == "":
	case loss.IsCrossEntropy() && !loss.TakesLogits() && !loss.ReadsLogits(m):
		trained[Logged] = float64(output.Size())
	default:
		trained[Crossed] = float64(output.Size())
	}
	trained[Images] = float64(m.Input.Size() + output.Size())
	var w Work
	for t := range w {
		w[t] = trained[t]*float64(batch) + looked[t]*scoredImages/checkEvery
	}
	w[Nodes], w[Kernels], w[Steps] = float64(len(m.Nodes)), float64(trainable), 1
	if fastUpdate(o) {
		w[Updated] = float64(trainable * (3 + 2*training.StateValues(o)) * valueBytes)
	} else {
		w[Looped] = float64(trainable)
		if _, twice := o.(training.Adadelta); twice { // two roots and a quotient a value
			w[Looped] *= 2
		}
	}
	return w, nil
}

// fastUpdate tells whether vectors update the variables.
func fastUpdate(o training.Optimizer) bool {
	switch o := o.(type) {
	case training.Adam:
		return !o.AMSGrad
	case training.AdamW:
		return !o.AMSGrad
	case training.SGD:
		return true
	}
	return false
}

func productTask(l graph.Layer, in, out graph.Shape) Task {
	switch read, given := channels(in), channels(out); {
	case len(in) == 1 || (read <= fewChannels) == (given <= fewChannels):
	case read <= fewChannels:
		return FewRead
	default:
		return FewGiven
	}
	switch l := l.(type) {
	case graph.Conv2D:
		switch {
		case l.Groups > 1:
			return Groups
		case max(l.Strides.H, l.Strides.W) > 1:
			return Strides
		case l.Kernel == graph.Square(1):
			return Pixels
		case l.Kernel == graph.Square(3) && max(l.Dilation.H, l.Dilation.W) <= 1:
			return Filters
		}
		return Windows
	case graph.Conv2DTranspose:
		switch {
		case l.Groups > 1:
			return Groups
		case max(l.Strides.H, l.Strides.W) > 1:
			return Transposes
		case l.Kernel == graph.Square(3):
			return Filters
		}
		return Windows
	case graph.Conv1D:
		if l.Stride > 1 {
			return Strides
		}
		return Windows
	case graph.Conv1DTranspose:
		return Transposes
	case graph.Dense, graph.MatMul:
		return Matrices
	}
	return Groups
}

// valueTask is what a layer does besides products, and how many values it does it with.
func valueTask(l graph.Layer, in, out graph.Shape) (Task, float64) {
	size := float64(out.Size())
	switch l.(type) {
	case graph.Flatten, graph.Reshape, graph.Identity:
		return Other, 0
	case graph.BatchNormalization, graph.LayerNormalization, graph.GroupNormalization, graph.RMSNormalization, graph.UnitNormalization:
		return Normalized, size
	case graph.MaxPooling2D, graph.AveragePooling2D, graph.GlobalAveragePooling2D, graph.GlobalMaxPooling2D:
		return Pooled, float64(in.Size())
	case graph.UpSampling2D, graph.Resize:
		return Repeated, size
	case graph.LeakyRectifier, graph.Rectifier, graph.ParametricRectifier:
		return Rectified, size
	case graph.ExponentialLinear, graph.SoftmaxLayer, graph.Activate:
		return Curved, size
	}
	if a, ok := graph.ActivationOf(l); ok {
		if a == graph.Linear || a == "" {
			return Other, 0
		}
		if a == graph.Softmax { // an exponential, a sum and a quotient
			size *= 2
		}
		return activationTask(a), size
	}
	return Other, size
}

func activationTask(a graph.Activation) Task {
	switch a {
	case "", graph.Linear, graph.ReLU, graph.LeakyReLU:
		return Rectified
	case graph.Sigmoid, graph.Tanh:
		return Squashed
	}
	return Curved
}

func channels(s graph.Shape) int { return s[len(s)-1] }

// fill is how many times as many channels there would be if all vectors were full.
func fill(channels int) float64 {
	return min(4, float64((channels+vector-1)/vector*vector)/float64(channels))
}
