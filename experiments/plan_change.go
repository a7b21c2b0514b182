package experiments

import (
	"strconv"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/models/edit"
	"dcae/training/dataset"
)

// changed applies the settings that change a model. A stack and a plain model have most of them themselves.
func (s Settings) changed(m *graph.Model, images *dataset.Set) (*graph.Model, error) {
	var changes []modelChange
	if !IsMadeOfSettings(s.Model) {
		changes = s.changesOfAnyModel()
	}
	if s.Width > 0 && s.Width != 1 {
		changes = append(changes, modelChange{"width", func(m *graph.Model) (*graph.Model, []string, error) { return edit.Width(m, s.Width) }})
	}
	if s.Initializer != nil && s.Initializer.byFan() { // of the widths that the layers have at last
		changes = append(changes, modelChange{"initializer", func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.InitializersByFan(m, s.Initializer.ofFans)
		}})
	}
	if s.OutputBias != "" {
		changes = append(changes, modelChange{"output_bias", func(m *graph.Model) (*graph.Model, []string, error) {
			bias, err := s.outputBias(m, images)
			if err != nil {
				return nil, nil, err
			}
			return edit.OutputBias(m, graph.Constant{Value: bias})
		}})
	}
	for _, c := range changes {
		var err error
		if m, _, err = c.do(m); err != nil {
			return nil, errors.WithMessage(err, c.setting)
		}
	}
	return m, nil
}

// modelChange is a setting that changes a model.
type modelChange struct {
	setting string
	do      func(*graph.Model) (*graph.Model, []string, error)
}

func (s Settings) changesOfAnyModel() []modelChange {
	var out []modelChange
	add := func(setting string, do func(*graph.Model) (*graph.Model, []string, error)) {
		out = append(out, modelChange{setting, do})
	}
	if s.Activation != "" {
		add("activation", func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.HiddenActivations(m, nil, graph.Activation(s.Activation))
		})
	}
	if s.OutputActivation != "" {
		add("output_activation", func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.OutputActivation(m, graph.Activation(s.OutputActivation))
		})
	}
	if s.Bottleneck > 0 {
		add("bottleneck", func(m *graph.Model) (*graph.Model, []string, error) { return edit.Bottleneck(m, s.Bottleneck) })
	}
	if s.Decoder != "" {
		add("decoder", func(m *graph.Model) (*graph.Model, []string, error) { return edit.SwapDecoder(m, s.decoder()) })
	}
	if on := s.BatchNormalization; on != nil && *on {
		add("batch_normalization", func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.AddBatchNormalization(m, edit.AfterActivation)
		})
	} else if on != nil {
		add("batch_normalization", edit.RemoveBatchNormalization)
	}
	if s.Initializer != nil && !s.Initializer.byFan() {
		add("initializer", func(m *graph.Model) (*graph.Model, []string, error) {
			kernels, err := s.Initializer.initializer()
			if err != nil {
				return nil, nil, err
			}
			return edit.KernelInitializers(m, kernels)
		})
	}
	return out
}

// meanBias is the output bias that begins at the images' mean.
const meanBias = "mean"

// outputBias is the number that is given, or where the output must begin to be as bright as the images.
func (s Settings) outputBias(m *graph.Model, images *dataset.Set) (float64, error) {
	if s.OutputBias != meanBias {
		return strconv.ParseFloat(s.OutputBias, 64)
	}
	inspected, err := edit.Inspect(m)
	if err != nil {
		return 0, err
	}
	mean := meanPixel(images)
	switch inspected.Output.Activation {
	case graph.Sigmoid:
		return arithmetic.Log(mean / (1 - mean)), nil // whose sigmoid is the mean
	case graph.Linear:
		return mean, nil
	}
	return 0, errors.Errorf("mean is for a sigmoid or linear output, not %s; give a number", inspected.Output.Activation)
}

// meanPixel is the mean of the training images' values, which a sigmoid can print: from 0.01 to 0.99.
func meanPixel(images *dataset.Set) float64 {
	sum := 0.0
	mean := images.Train.Targets().Mean()
	for _, v := range mean {
		sum += float64(v)
	}
	return min(max(sum/float64(len(mean)), 0.01), 0.99)
}
