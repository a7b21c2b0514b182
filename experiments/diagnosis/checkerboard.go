package diagnosis

import (
	"fmt"
	"math"

	"dcae/graph"
	"dcae/training"
)

// A transposed convolution whose kernel is no multiple of its stride adds more products to some pixels than to their neighbours, which can show as a
// checkerboard (Odena, Dumoulin and Olah 2016, "Deconvolution and checkerboard artifacts").

// mentionedUnevenness is how much more uneven the output must be than the images, to be worth a word.
const mentionedUnevenness = 0.3

// lookForCheckerboards says where a run's output shows them.
func (s *search) lookForCheckerboards(t *trial) error {
	layer, stride := unevenLayer(t.setup.model)
	shapes, err := t.setup.model.Shapes()
	if err != nil || layer == "" || len(shapes[len(shapes)-1]) != 3 || t.hopeless != "" {
		return err
	}
	window := newWindow(s.images.held, t.setup, 50)
	e, err := training.NewEvaluator(t.setup.model, t.setup.loss, t.params, window, 0, s.images.mean(t.setup), nil, false)
	if err != nil {
		return err
	}
	defer e.Close()
	outputs, err := e.Reconstruct(window.n)
	if err != nil {
		return err
	}
	goals, size := s.images.held.goals()
	var wanted [][]float32
	for i := range outputs {
		wanted = append(wanted, goals[i*size:(i+1)*size])
	}
	shape := shapes[len(shapes)-1]
	got, own := unevenness(outputs, shape, stride), unevenness(wanted, shape, stride)
	if got > own+mentionedUnevenness {
		s.look.findings.add("checkerboard", layer, fmt.Sprintf("The output has a checkerboard: every %d pixels it is lighter or darker than around, by %.2f of how much neighbours differ at all; the images by %.2f. The kernel of %s is no multiple of its stride.", stride, got, own, layer),
			"Give the layer a kernel that is (4x4 for a stride of 2), or put UpSampling2D and a Conv2D in its place.")
	}
	return nil
}

// unevenLayer is the last transposed convolution whose kernel is no multiple of its stride, and the stride; only those count behind which the image is
// not enlarged any more.
func unevenLayer(m *graph.Model) (name string, stride int) {
	for i := len(m.Nodes) - 1; i >= 0; i-- {
		switch l := m.Nodes[i].Layer.(type) {
		case graph.Conv2DTranspose:
			switch {
			case l.Strides.H > 1 && l.Kernel.H%l.Strides.H != 0:
				return m.Nodes[i].Name, l.Strides.H
			case l.Strides.W > 1 && l.Kernel.W%l.Strides.W != 0:
				return m.Nodes[i].Name, l.Strides.W
			case l.Strides.H > 1 || l.Strides.W > 1:
				return "", 0
			}
		case graph.UpSampling2D:
			return "", 0
		}
	}
	return "", 0
}

// unevenness is by how much more pixels at some places of a pattern of a period stand out from the two beside them, in rows or in columns, than at
// others, as share of how much pixels stand out at all: 0 where the pattern is not in the images, 2 where it is all that there is.
func unevenness(images [][]float32, shape graph.Shape, period int) float64 {
	h, w, c := shape[0], shape[1], shape[2]
	worst := 0.0
	for _, along := range []struct{ n, others, step, other int }{{w, h, c, w * c}, {h, w, w * c, c}} {
		sums, counts, sizes := make([]float64, period), make([]float64, period), 0.0
		for _, image := range images {
			for j := period; j < along.n-period; j++ { // margins are another matter
				for i := range along.others * c {
					at := i/c*along.other + j*along.step + i%c
					d := float64(image[at]) - (float64(image[at-along.step])+float64(image[at+along.step]))/2
					sums[j%period] += d
					counts[j%period]++
					sizes += math.Abs(d)
				}
			}
		}
		low, high, all := math.Inf(1), math.Inf(-1), 0.0
		for p, sum := range sums {
			d := sum / max(1, counts[p])
			low, high, all = min(low, d), max(high, d), all+counts[p]
		}
		if sizes > 0 {
			worst = max(worst, (high-low)/(sizes/all))
		}
	}
	return worst
}
