package saved

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras"
	"dcae/training/plainjson"
	"dcae/training/settings"
)

// noLoss tells whether a model was compiled without a loss, with which Keras does not train it.
func noLoss(c *keras.Compile) bool {
	return len(c.Losses) == 0 || len(c.Losses) == 1 && c.Losses[0].IsNone()
}

// lacksDelta tells whether the loss is Huber's with a delta that nobody knows.
func lacksDelta(c *keras.Compile) bool {
	if len(c.Losses) != 1 || c.Losses[0].Object == nil || c.Losses[0].Object.Class != "Huber" {
		return false
	}
	given, err := settingsOf(c.Losses[0].Object)
	return err == nil && given["delta"] == nil
}

// weightOf is what the loss is multiplied by: loss_weights may be a number, a list or an object by output; 1 where there is none.
func weightOf(weights json.RawMessage) (float64, bool) {
	var one float64
	var list []float64
	var byName map[string]float64
	switch {
	case len(weights) == 0 || string(weights) == "null":
		return 1, true
	case json.Unmarshal(weights, &one) == nil:
		list = []float64{one}
	case json.Unmarshal(weights, &byName) == nil:
		list = slices.Collect(maps.Values(byName))
	case json.Unmarshal(weights, &list) != nil:
		return 0, false
	}
	if len(list) != 1 || !(list[0] > 0) {
		return 0, false
	}
	return list[0], true
}

func readLoss(c *keras.Compile) (graph.Loss, error) {
	if noLoss(c) {
		return graph.MSE, nil
	}
	var weights struct {
		LossWeights json.RawMessage `json:"loss_weights"`
	}
	if err := plainjson.Decode(c.Settings, &weights); err != nil {
		return graph.Loss{}, err
	}
	weight, ok := weightOf(weights.LossWeights)
	switch {
	case len(c.Losses) > 1:
		return graph.Loss{}, errors.Errorf("%d losses: only one", len(c.Losses))
	case !ok:
		return graph.Loss{}, errors.Errorf("loss_weights=%.40s: only one positive number", weights.LossWeights)
	}
	l, err := readNamedLoss(c.Losses[0])
	if weight != 1 {
		l.Weight = weight
	}
	return l, err
}

func readNamedLoss(n keras.Named) (graph.Loss, error) {
	if n.Object != nil {
		return readLossObject(n.Object)
	}
	row, err := lossOfKeras(n.Name)
	if err != nil {
		err = errors.Errorf("%v; if it is a function of your own, its code is not in the file: use one of these", err)
	}
	return graph.Loss{Function: row.name}, err
}

func readLossObject(o *keras.Object) (graph.Loss, error) {
	if !o.IsKeras() {
		what := o.Class + " is a class or a function"
		if o.Class == "__lambda__" {
			what = "it is a lambda"
		}
		return graph.Loss{}, errors.Errorf("%s of your own, whose code is not in the file; use one of Keras' losses", what)
	}
	row, err := lossOfKeras(o.Class)
	if err != nil {
		return graph.Loss{}, err
	}
	given, err := settingsOf(o)
	if err != nil {
		return graph.Loss{}, err
	}
	l := graph.Loss{Function: row.name}
	switch reduction := string(given["reduction"]); reduction {
	case "", `"sum_over_batch_size"`, `"mean"`, `"mean_with_sample_weight"`:
	case `"sum"`:
		l.SumOfMeans = true
	default: // null is one of its own: no reduction
		return graph.Loss{}, errors.Errorf("%s with reduction=%s: only the mean or the sum", o.Class, reduction)
	}
	if axis := string(given["axis"]); axis != "" && axis != "-1" {
		return graph.Loss{}, errors.Errorf("%s over axis %s: only the last, -1", o.Class, axis)
	}
	for _, name := range []string{"name", "dtype", "reduction", "axis"} {
		delete(given, name)
	}
	_, known := lossSettings(l, Keras)
	err = given.each(o.Class, known, func(name string, value any) (err error) {
		l, err = settings.Set(l, graph.LossDefaults, name, value)
		return err
	})
	if err == nil && l.Delta == settings.Zero {
		err = errors.Errorf("%s with delta=0, which has no gradient", o.Class)
	}
	if err != nil {
		return l, err
	}
	return l, l.Check()
}

// lossOfKeras is the row of a loss that Keras calls so.
func lossOfKeras(name string) (lossRow, error) {
	for _, r := range losses {
		if r.of == Keras && (name == string(r.name) || name == r.class || slices.Contains(r.others, name)) {
			return r, nil
		}
	}
	return lossRow{}, errors.Errorf("%s (there are %s)", name, strings.Join(LossNames(Keras), ", "))
}
