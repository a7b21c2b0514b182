package plots

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

var fakeLayers = []string{"conv1", "conv2", "dense_code", "dense_decode", "deconv1", "deconv2", "output"}

// fate is what becomes of a fake run.
type fate int

const (
	learns fate = iota
	printsMean
	dies     // gradients of all but the last layer are exactly zero from some step on
	diverges // loss and gradients become infinite
)

var fateNames = []string{"learned", "mean-image", "constant", "diverged"}

// fakeStudy returns made-up runs that look like real ones. Runs of arm i have fates[i] in turn.
func fakeStudy(names []string, seeds, epochs, stepsPerEpoch int, fates ...[]fate) Study {
	s := Study{
		Title:    "Why does the autoencoder not learn? Sigmoid, a high rate, and an improved variant side by side",
		Subtitle: "MNIST, 6,016 training images, 8 epochs, Adam, batch 32; three made-up seeds an arm",
		LossName: "MSE",
		References: []Reference{
			{"mean image", 0.0677}, {"all black", 0.114},
		},
		Moments: []Moment{{"first step", 0}, {"after one epoch", float64(stepsPerEpoch)}, {"end of training", math.Inf(1)}},
	}
	for i := range 8 {
		s.Originals = append(s.Originals, fakeDigit(i, 1, 0))
	}
	s.MeanImage = fakeDigit(0, 0.35, 3)
	for i, name := range names {
		a := Arm{Name: name, Layers: fakeLayers, Summary: "The gradient of the first layer is a thousand times smaller than that of the last, and the output is the mean image for every input."}
		for j := range seeds {
			of := fates[i%len(fates)]
			a.Runs = append(a.Runs, fakeRun(uint64(j+1), of[j%len(of)], epochs, stepsPerEpoch, i, s.Originals))
		}
		s.Arms = append(s.Arms, a)
	}
	return s
}

func fakeRun(seed uint64, f fate, epochs, stepsPerEpoch, arm int, originals []image.Image) Run {
	rng := rand.New(rand.NewPCG(seed, uint64(arm)))
	r := Run{Seed: seed, Outcome: fateNames[f], ImagesPerSecond: 1500 + 300*rng.Float64()}
	floor := []float64{0.018 + 0.003*rng.Float64() + 0.002*float64(arm), 0.0677, 0.114, 0.05}[f]
	for e := 1; e <= epochs; e++ {
		v := floor + (0.23-floor)*math.Exp(-1.3*float64(e)*(0.7+0.5*rng.Float64()))*(1+0.05*rng.NormFloat64())
		if f == diverges {
			v = 0.1 * math.Pow(40, float64(e))
			if e > 4 {
				v = math.Inf(1)
			}
		}
		r.Train = append(r.Train, Point{float64(e), v})
		r.HeldOut = append(r.HeldOut, Point{float64(e), v*1.02 + 0.001*rng.Float64()})
	}
	steps := epochs * stepsPerEpoch
	r.Gradients.Norms = make([][]float64, len(fakeLayers))
	deathStep := steps/4 + rng.IntN(1+steps/6)
	for t := range steps {
		r.Gradients.Steps = append(r.Gradients.Steps, float64(t))
		for l := range fakeLayers {
			depth := float64(len(fakeLayers) - 1 - l)
			decay := []float64{0.4, 2, 0.7, -0.3}[f]
			v := 0.3 * math.Pow(math.E, -decay*depth) * (0.3 + math.Exp(-3*float64(t)/float64(steps))) * math.Exp(0.35*rng.NormFloat64())
			switch {
			case f == dies && t > deathStep && l < len(fakeLayers)-1:
				v = 0
			case f == diverges && t > steps/2:
				v = math.NaN()
			case f == diverges:
				v *= math.Pow(1e6, float64(t)/float64(steps))
			}
			r.Gradients.Norms[l] = append(r.Gradients.Norms[l], v)
		}
	}
	r.HeldOutMSE = r.HeldOut[len(r.HeldOut)-1].Y
	r.FVU = r.HeldOutMSE / 0.0677
	if n := len(r.Gradients.Steps); n > 0 {
		last := len(fakeLayers) - 1
		r.RatioStart = r.Gradients.Norms[0][0] / r.Gradients.Norms[last][0]
		r.RatioEnd = r.Gradients.Norms[0][n-1] / r.Gradients.Norms[last][n-1]
	}
	for i := range originals {
		switch f {
		case learns:
			r.Reconstructions = append(r.Reconstructions, fakeDigit(i, 0.9, 1))
		case printsMean:
			r.Reconstructions = append(r.Reconstructions, fakeDigit(0, 0.35, 3))
		default:
			r.Reconstructions = append(r.Reconstructions, image.NewGray(image.Rect(0, 0, 28, 28)))
		}
	}
	return r
}

// fakeDigit draws a stroke that depends on i, of the given brightness, blurred over some pixels.
func fakeDigit(i int, brightness, blur float64) image.Image {
	img := image.NewGray(image.Rect(0, 0, 28, 28))
	for y := range 28 {
		for x := range 28 {
			r := math.Hypot(float64(x)-14, float64(y)-14)
			angle := math.Atan2(float64(y)-14, float64(x)-14) + float64(i)*0.8
			d := math.Abs(r - 7 - 2*math.Cos(float64(1+i%3)*angle))
			img.SetGray(x, y, color.Gray{uint8(255 * brightness * math.Exp(-d*d/(1.5+blur*blur)))})
		}
	}
	return img
}

func threeArms(seeds int) Study {
	return fakeStudy([]string{"sigmoid everywhere", "learning rate 0.1", "improved (ReLU, batch norm, He)"}, seeds, 8, 188,
		[]fate{printsMean}, []fate{dies}, []fate{learns, dies, learns})
}

func nineArms(seeds int) Study {
	var names []string
	for i := range 9 {
		names = append(names, fmt.Sprintf("arm %d: a rather long name, sigmoid output + batch_normalization/he_normal", i+1))
	}
	return fakeStudy(names, seeds, 8, 50, []fate{learns}, []fate{printsMean}, []fate{dies, learns}, []fate{diverges, learns, dies})
}

// sixArms has long names and five seeds; reconstructions of the first two seeds alone are shown.
func sixArms() Study {
	s := nineArms(5)
	s.Arms = s.Arms[:6]
	for i := range s.Arms {
		for j := range s.Arms[i].Runs[2:] {
			s.Arms[i].Runs[2+j].Reconstructions = nil
		}
	}
	return s
}

func twentyArms() Study {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("learning rate %.3g", math.Pow(10, -float64(i)/4)))
	}
	return fakeStudy(names, 2, 8, 20, []fate{learns}, []fate{printsMean, diverges}, []fate{dies})
}
