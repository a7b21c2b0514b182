package plots

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"testing"
)

func pngOf(t *testing.T, f *Figure, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fakePage is a made-up study with all that a page can hold.
func fakePage(t *testing.T) Page {
	s := threeArms(3)
	var curves Curves
	curves.Add(s, 188)
	p := Page{
		Curves:   curves,
		Question: "Why does a deep convolutional autoencoder print the same image for every input?",
		Answer: "Sigmoids after every layer shrink the gradient about fourfold a layer: the first layer gets 0.0004 of the last one's, and all 5 of 5 runs print the mean image (FVU 1.00). " +
			"With ReLU, batch normalization and He initialization 3 of 5 seeds learn (median FVU 0.31).",
		Facts: []Fact{
			{"data", "MNIST, 28 x 28"}, {"training images", "6,000"}, {"validation, test", "1,000, 1,000"}, {"arms", "3"}, {"seeds", "1 to 5"}, {"epochs", "8"},
		},
		Evidence: []string{
			"The gradient of conv1 is 2,400 times smaller than that of the output layer at the first step, with every seed.",
			"The output varies less than 1% as much over the test images as the images do: it does not depend on the input.",
			"Replacing the activation alone, all else equal, brings 4 of 5 seeds to FVU under 0.5 (paired difference −0.69).",
		},
		Codes: []Code{{"The repaired model, for Keras 3", `import keras
from keras import layers

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, kernel_initializer="he_normal"),
    layers.BatchNormalization(),
    layers.LeakyReLU(negative_slope=0.1),  # was: sigmoid
    layers.Flatten(),
    layers.Dense(32),
])
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")`}},
		Command: "dcae run failure-modes --seeds 1-5 --epochs 8 --images 6000 --batch 32 --out results/failure-modes",
		Notes: []string{
			"A small gradient norm alone proves nothing: Adam's step hardly depends on the gradient's scale.",
			"Images: MNIST, Y. LeCun, C. Cortes, C. Burges. Numbers on this page are made up.",
		},
	}
	for _, figure := range []struct {
		title, file, caption string
		of                   func(Study) (*Figure, error)
	}{
		{"Loss", "loss.png", "Look at where the lines end: at the dotted lines the network prints one image for all inputs. Thin lines are single seeds.", Loss},
		{"Gradient norms", "gradients.png", "Look at the distance of the darkest line, the first layer, from the brightest, the last. A bar in the grey band is a gradient of exactly zero.", Gradients},
		{"Reconstructions", "reconstructions.png", "The same eight test images for all runs.", Reconstructions},
	} {
		f, err := figure.of(s)
		p.Pictures = append(p.Pictures, Picture{Title: figure.title, File: figure.file, Caption: figure.caption, PNG: pngOf(t, f, err)})
	}
	dots, err := Dots(fakeDots(2, 5, 5))
	p.Pictures = append(p.Pictures, Picture{Title: "Test error", File: "arms.png", Caption: "Look for rows whose dots all lie left of the dotted line.", PNG: pngOf(t, dots, err)})
	p.Tables = []Table{{
		Title: "Runs", Caption: "One line a run. FVU: squared error over the variance around the mean training image; 1 is no better than printing that.",
		Columns: []Column{
			{Name: "arm"}, {Name: "seed", Numeric: true}, {Name: "outcome"}, {Name: "test MSE", Numeric: true}, {Name: "FVU", Numeric: true},
			{Name: "gradient ratio, start", Numeric: true}, {Name: "gradient ratio, end", Numeric: true}, {Name: "speed", Unit: "images/s", Numeric: true},
		},
	}, {
		Title: "Arms", Columns: []Column{{Name: "arm"}, {Name: "changed"}, {Name: "learned", Numeric: true}, {Name: "median FVU", Numeric: true}, {Name: "difference from control", Numeric: true}},
	}}
	for i, a := range s.Arms {
		for _, r := range a.Runs {
			p.Tables[0].Rows = append(p.Tables[0].Rows, []string{a.Name, strconv.FormatUint(r.Seed, 10), r.Outcome, formatResult(r.HeldOutMSE), formatResult(r.FVU),
				formatResult(r.RatioStart), formatResult(r.RatioEnd), formatRate(r.ImagesPerSecond)})
		}
		p.Tables[1].Rows = append(p.Tables[1].Rows, []string{a.Name, []string{"control", "learning rate 0.1 for 0.001", "activation, normalization, initializer, bias"}[i],
			fmt.Sprintf("%d/5", 2*i), formatResult([]float64{1, math.Inf(1), 0.31}[i]), []string{"", "−0.02 [−0.1, 0.04]", "−0.69 [−0.71, −0.6]"}[i]})
	}
	for range 2 { // more than a screen, and than a page of paper
		p.Tables[0].Rows = append(p.Tables[0].Rows, p.Tables[0].Rows...)
	}
	p.Tables[0].Rows = append(p.Tables[0].Rows, []string{"an arm with a name so long that it does not fit into a line of the table", "1", "", "NaN", "–", "inf", "", ""})
	return p
}
