package edit

import "dcae/graph"

// AddInputNoise adds Gaussian noise of a standard deviation to the images, in training alone, before any layer sees them, and returns the new
// layer's name. It makes a denoising autoencoder (Vincent et al. 2008), which cannot learn single images by heart so easily.
func AddInputNoise(m *graph.Model, deviation float64) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	added := d.insertAfter(nil, graph.GaussianNoise{StdDev: deviation})
	return d.finish([]string{added.name})
}
