package models

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/graph"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shapes of images whose height and width leave every remainder when they are divided by 4.
var images = []graph.Shape{{28, 28, 1}, {12, 13, 3}, {14, 15, 2}, {9, 10, 1}, {11, 8, 4}, {1, 1, 1}, {3, 2, 1}}

// step takes a training step on random images: loss and gradients must be numbers, and there must be a gradient for each variable.
func step(t *testing.T, m *graph.Model) {
	t.Helper()
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 2})
	check(t, err)
	defer p.Close()
	x, target := p.Inputs(2)
	r := graph.Random(1, "images", "", 0)
	for i := range x {
		x[i] = r.Float32()
	}
	copy(target, x)
	loss, err := p.Step(2)
	check(t, err)
	if !(loss > 0) || math.IsInf(loss, 0) {
		t.Errorf("%s: loss %v", m.Name, loss)
	}
	for i, v := range params.Trainable() {
		if g := p.Gradient(i); !slices.Equal([]int(g.Shape()), []int(v.Shape)) {
			t.Errorf("%s: gradient of %s has shape %v, not %v", m.Name, v.Path(), g.Shape(), v.Shape)
		}
	}
}

func sameAsInput(t *testing.T, m *graph.Model) {
	t.Helper()
	s, err := m.Shapes()
	check(t, err)
	if out := s[len(s)-1]; !slices.Equal(out, m.Input) {
		t.Errorf("%s makes %v of %v", m.Name, out, m.Input)
	}
}

func TestVariantsGiveBackImagesOfAnySize(t *testing.T) {
	for _, image := range images {
		for _, m := range []*graph.Model{SigmoidFor(image), HighLRFor(image), ImprovedFor(image)} {
			t.Run(fmt.Sprint(m.Name, image), func(t *testing.T) {
				sameAsInput(t, m)
				step(t, m)
			})
		}
	}
}

// An image's size changes no setting but those that depend on it: where both sizes divide by 4, layers are the same but for the
// dense layer behind the bottleneck and what follows from it.
func TestVariantsAreTheSameAtEverySize(t *testing.T) {
	small, large := HighLRFor(graph.Shape{28, 28, 1}), HighLRFor(graph.Shape{64, 32, 1})
	var differ []string
	for i, n := range small.Nodes {
		if !cmp.Equal(n, large.Nodes[i]) {
			differ = append(differ, n.Name)
		}
	}
	if want := []string{"dense_1", "reshape"}; !slices.Equal(differ, want) {
		t.Errorf("layers %v depend on the image's size, want %v", differ, want)
	}
}

func TestAVariantOfSomethingElseThanImagesSaysWhere(t *testing.T) {
	for _, image := range []graph.Shape{{784}, nil, {28, 0, 1}} {
		for _, m := range []*graph.Model{SigmoidFor(image), HighLRFor(image), ImprovedFor(image)} {
			if _, err := m.Shapes(); err == nil {
				t.Errorf("%s takes %v", m.Name, image)
			}
		}
	}
}

func TestStackOfTwoIsHighLR(t *testing.T) {
	for _, image := range images {
		m, err := Stack{Name: "highlr", Input: image, Filters: 32}.Model()
		check(t, err)
		if d := cmp.Diff(HighLRFor(image), m); d != "" {
			t.Error(d)
		}
	}
}

// Whatever the depth, an image is halved twice and comes back, through as many convolutions on the way back, and one more.
func TestStacksOfAllDepths(t *testing.T) {
	for _, decoder := range []Decoder{Transposed, UpSampling} {
		for _, convolutional := range []bool{false, true} {
			for n := 1; n <= mostConvolutions; n++ {
				image := images[n%len(images)]
				s := Stack{Input: image, Convolutions: n, Filters: 2, Bottleneck: 3, Decoder: decoder, FullyConvolutional: convolutional, BatchNormalization: n%2 == 0}
				t.Run(fmt.Sprint(n, decoder, convolutional, image), func(t *testing.T) {
					m, err := s.Model()
					check(t, err)
					sameAsInput(t, m)
					step(t, m)
					shapes, err := m.Shapes()
					check(t, err)
					least, before, after, dense, norms := image.Size(), 0, 0, 0, 0
					middle := false
					for i, node := range m.Nodes {
						if s := shapes[i]; len(s) == 3 && s[0]*s[1] < least {
							least = s[0] * s[1]
						}
						switch node.Layer.(type) {
						case graph.Conv2D, graph.Conv2DTranspose:
							if middle {
								after++
							} else {
								before++
							}
						case graph.Dense:
							dense, middle = dense+1, true
						case graph.UpSampling2D:
							middle = true
						case graph.BatchNormalization:
							norms++
						case graph.MaxPooling2D:
							s := shapes[i]
							middle = s[0] == (image[0]+3)/4 && s[1] == (image[1]+3)/4 && before == n
						}
					}
					if want := ((image[0] + 3) / 4) * ((image[1] + 3) / 4); least != want || before != n || after != n+1 {
						t.Errorf("smallest image of %d pixels, want %d; %d convolutions before it, %d after it", least, want, before, after)
					}
					if convolutional != (dense == 0) || norms != map[bool]int{true: 2 * n}[n%2 == 0] {
						t.Errorf("%d dense layers, %d normalizations", dense, norms)
					}
				})
			}
		}
	}
}

func TestStacksOutOfRangeAreErrors(t *testing.T) {
	for _, s := range []Stack{{Convolutions: 17}, {Convolutions: -1}, {Filters: -1}, {Bottleneck: -1}, {Input: graph.Shape{784}}, {Input: graph.Shape{0, 4, 1}}} {
		if _, err := s.Model(); err == nil {
			t.Errorf("%+v is no error", s)
		}
	}
}
