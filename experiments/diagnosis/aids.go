package diagnosis

import (
	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
)

// aids are the changes that add something.
func (l *look) aids(s setup) []change {
	out := l.lifelines()
	if n := l.settings.BottleneckValues; n > 0 {
		out = append(out, widened(n, s.model.Input.Size()))
	}
	if l.settings.Weighted > 4 && !l.deep() {
		out = append(out, l.fewerLayers())
	}
	out = append(out,
		change{cause: Unknown, kind: Aid, what: "batch normalization added before activations", apply: edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.AddBatchNormalization(m, edit.BeforeActivation)
		})})
	if b := training.Shared(s.optimizer); b.ClipNorm == 0 && b.GlobalClipNorm == 0 && b.ClipValue == 0 {
		out = append(out, change{cause: Unknown, kind: Aid, what: "gradients clipped at a norm of 1", apply: func(s setup) (setup, bool, error) {
			base := training.Shared(s.optimizer)
			base.ClipNorm = 1
			s.optimizer = training.WithShared(s.optimizer, base)
			return s, true, nil
		}})
	}
	return out
}

// deep tells whether the model has more layers with weights than most autoencoders, so that their number is suspect.
func (l *look) deep() bool { return l.settings.Weighted > 12 }

func (l *look) fewerLayers() change {
	fewer := (l.settings.Weighted - 2) / 2
	if l.deep() {
		fewer = l.settings.Weighted - 8
	}
	return change{cause: Depth, kind: Aid, what: "fewer hidden layers", apply: edited(func(m *graph.Model) (*graph.Model, []string, error) {
		return edit.FewerLayers(m, fewer)
	})}
}

// leakyAid gives rectifiers a slope on their left, too.
func leakyAid() change {
	return change{cause: Activation, kind: Aid, what: "hidden activations -> leaky_relu", apply: edited(func(m *graph.Model) (*graph.Model, []string, error) {
		return edit.HiddenActivations(m, func(a graph.Activation) bool { return a == graph.ReLU || a == graph.ReLU6 }, graph.LeakyReLU)
	})}
}
