package live

import (
	"fmt"
	"net/http"

	"dcae/experiments"
	"dcae/experiments/saved"
	"dcae/graph"
)

// story is a failure to begin with: what to look at, and the change that mends it.
type story struct {
	name, title, look, mend string
	seeds                   string
	broken, mended          string // settings
}

// stories are told in this order. Each was seen to go as it says, with 6 epochs of 6,000 images and the seeds that it has: the first fails,
// the second learns.
var stories = []story{
	{
		"sigmoid", "Sigmoid everywhere",
		"Look at the gradient map: the first layer hears a small part of what the last one does, and every reconstruction is the same grey mean image. The loss falls in the first steps, to the line that printing the mean image costs, and stays there.",
		"ReLUs in the hidden layers let the gradient through.",
		"1", "{model: sigmoid}", "{model: sigmoid, activation: relu}",
	},
	{
		"rate", "A learning rate of 0.1",
		"Look at the update ratios of the first steps: each step is as large as the weights themselves, and the units die. From then on all gradients are zero and the pictures black; no later step can mend it.",
		"A rate of 0.001 makes steps of a thousandth of the weights.",
		"1", "{model: highlr}", "{model: highlr, learning_rate: 0.001}",
	},
	{
		"cure", "The cure that dies with 11 of 30 seeds",
		"ReLU, batch normalization and He initialization are the cure as it is commonly printed; both models have it, and only their random seeds differ. Look at the reconstructions after the first epoch: one learns, the other has gone black, and its gradients are zero.",
		"Leaky ReLUs pass a gradient on either side of zero: it learned with 30 of 30 seeds.",
		"1-2", "{model: improved}", "{model: improved, activation: leaky_relu}",
	},
	{
		"depth", "Sixteen convolutions a side",
		"Look at the gradient map from the last layer to the first: each layer weakens what it hands on. The reconstructions are one picture for all images.",
		"Batch normalization after each layer brings what it hands on back to size.",
		"1", "{model: stack, filters: 8, convolutions: 16}", "{model: stack, filters: 8, convolutions: 16, batch_normalization: true}",
	},
	{
		"zeros", "All weights zero",
		"Look at the gradients: where all kernels are zero, no unit differs from another, and but for the last layer's bias all gradients are zero. What is learned is one brightness for all pixels.",
		"Glorot's initialization draws the kernels at random, as large as each layer needs.",
		"1", "{model: highlr, learning_rate: 0.001, initializer: zeros}", "{model: highlr, learning_rate: 0.001, initializer: glorot_uniform}",
	},
	{
		"raw", "Raw pixels, from 0 to 255",
		"Look at the loss: it is in the thousands, since a sigmoid can print 1 at most and the images go up to 255. All outputs run into that limit, and stay.",
		"Images from 0 to 1 are what a sigmoid can print.",
		"1", "{model: highlr, learning_rate: 0.001, scale: none}", "{model: highlr, learning_rate: 0.001, scale: unit}",
	},
	{
		"bottleneck", "A bottleneck of one unit",
		"Look at the reconstructions: one number for each image tells little more than how dark it is. The gradients are healthy: nothing is wrong with the training.",
		"32 units hold what the digits differ in.",
		"1", "{model: reliable, bottleneck: 1}", "{model: reliable, bottleneck: 32}",
	},
}

// study is the story's, or with the model beside it that is mended.
func (s story) study(mended bool) (*experiments.Plan, error) {
	arms, seeds := "      - {name: broken, "+s.broken[1:]+"\n", s.seeds
	if mended {
		arms += "      - {name: mended, " + s.mended[1:] + "\n"
	}
	return experiments.ParsePlan(fmt.Appendf(nil, `name: %s
question: %q
data: mnist
seeds: %s
budget: {epochs: 6, images: 6000, validation_images: 500}
groups:
  - name: lab
    control: broken
    arms:
%s`, s.name, s.title+": why does it fail?", seeds, arms), s.name)
}

// choicesEvent is what a page can offer.
type choicesEvent struct {
	Models       []string    `json:"models"`
	Activations  []string    `json:"activations"`
	Initializers []string    `json:"initializers"`
	Optimizers   []string    `json:"optimizers"`
	Losses       []string    `json:"losses"`
	Stories      []toldStory `json:"stories"`
}

type toldStory struct {
	Name   string            `json:"name"`
	Title  string            `json:"title"`
	Look   string            `json:"look"`
	Mend   string            `json:"mend"`
	Study  *experiments.Plan `json:"study"`
	Mended *experiments.Plan `json:"mended"`
}

// activations are those that are offered; a study may name others.
var activations = []graph.Activation{
	graph.ReLU, graph.LeakyReLU, graph.ELU, graph.SELU, graph.GELU, graph.SiLU, graph.Mish, graph.Softplus, graph.Tanh, graph.Sigmoid, graph.Linear,
}

var initializers = []string{"glorot_uniform", "glorot_normal", "he_normal", "he_uniform", "lecun_normal", "orthogonal", "delta_orthogonal", "pytorch", "random_normal", "zeros", "ones"}

func (l *labs) choices(w http.ResponseWriter, _ *http.Request) {
	c := choicesEvent{
		Models: append(experiments.SettingsModels(), saved.VariantNames()...), Initializers: initializers,
		Optimizers: saved.OptimizerNames(saved.Keras), Losses: saved.LossNames(saved.Keras),
	}
	for _, a := range activations {
		c.Activations = append(c.Activations, string(a))
	}
	for _, s := range stories {
		broken, err := s.study(false)
		mended, err2 := s.study(true)
		if err != nil || err2 != nil {
			refuse(w, http.StatusInternalServerError, "a story is no study")
			return
		}
		c.Stories = append(c.Stories, toldStory{s.name, s.title, s.look, s.mend, broken, mended})
	}
	answer(w, c)
}
