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

// neutral tells whether loss weights, if there are any, are all 1: a number, a list or an object by output.
func neutral(weights json.RawMessage) bool {
	var one float64
	var list []float64
	var byName map[string]float64
	switch {
	case len(weights) == 0:
		return true
	case json.Unmarshal(weights, &one) == nil && string(weights) != "null":
		return one == 1
	case json.Unmarshal(weights, &byName) == nil:
		list = slices.Collect(maps.Values(byName)) // none for null
	case json.Unmarshal(weights, &list) != nil:
		return false
	}
	return !slices.ContainsFunc(list, func(w float64) bool { return w != 1 })
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
	switch {
	case len(c.Losses) > 1:
		return graph.Loss{}, errors.Errorf("%d losses: only one", len(c.Losses))
	case !neutral(weights.LossWeights):
		return graph.Loss{}, errors.Errorf("loss_weights=%.40s: scale the learning rate instead", weights.LossWeights)
	}
	if o := c.Losses[0].Object; o != nil {
		return readLossObject(o)
	}
	row, err := lossOfKeras(c.Losses[0].Name)
	return graph.Loss{Function: row.name}, err
}

func readLossObject(o *keras.Object) (graph.Loss, error) {
	if !o.IsKeras() {
		return graph.Loss{}, errors.Errorf("%s is a class of your own", o.Class)
	}
	row, err := lossOfKeras(o.Class)
	if err != nil {
		return graph.Loss{}, err
	}
	given, err := settingsOf(o)
	if err != nil {
		return graph.Loss{}, err
	}
	switch reduction := string(given["reduction"]); reduction {
	case "", `"sum_over_batch_size"`, `"mean"`, `"mean_with_sample_weight"`:
	default: // null is one of its own: no reduction
		return graph.Loss{}, errors.Errorf("%s with reduction=%s: only the mean", o.Class, reduction)
	}
	if axis := string(given["axis"]); axis != "" && axis != "-1" {
		return graph.Loss{}, errors.Errorf("%s over axis %s: only the last, -1", o.Class, axis)
	}
	for _, name := range []string{"name", "dtype", "reduction", "axis"} {
		delete(given, name)
	}
	l := graph.Loss{Function: row.name}
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
