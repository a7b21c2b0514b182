package saved

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras"
	"dcae/training"
	"dcae/training/plainjson"
	"dcae/training/settings"
)

// Compile settings of a Keras model become an optimizer and a loss. What is not supported is told in phrases, all of it.

// compiled reads them; a model that was not compiled gets Adam and the mean squared error.
func compiled(c *keras.Compile) (training.Optimizer, graph.Loss, []string) {
	if c == nil {
		return training.Adam{}, graph.MSE, nil
	}
	var unsupported []string
	optimizer, err := readOptimizer(&c.Optimizer)
	if err != nil {
		unsupported = append(unsupported, fmt.Sprintf("optimizer %s: %v", c.Optimizer.Class, err))
	}
	loss, err := readLoss(c)
	if err != nil {
		unsupported = append(unsupported, fmt.Sprintf("loss: %v", err))
	}
	return optimizer, loss, unsupported
}

// notTraining are settings of Keras' optimizers that are not here: what of them changes nothing, by value.
var notTraining = map[string]func(value any) bool{
	"use_ema":                     func(v any) bool { return v == nil || v == false },
	"gradient_accumulation_steps": func(v any) bool { return v == nil || v == 1.0 },
	"loss_scale_factor":           func(v any) bool { return v == nil },
}

func readOptimizer(o *keras.Optimizer) (training.Optimizer, error) {
	if !o.IsKeras() {
		return nil, errors.New("a class of your own")
	}
	i := slices.IndexFunc(optimizers, func(r optimizerRow) bool { return r.of == Keras && r.class == o.Class })
	if i < 0 {
		return nil, errors.New("there is no such optimizer here")
	}
	given, err := settingsOf(&o.Object)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(notTraining)) {
		var value any
		if raw, ok := given[name]; ok && (json.Unmarshal(raw, &value) != nil || !notTraining[name](value)) {
			return nil, errors.Errorf("%s=%.40s", name, raw)
		}
		delete(given, name)
	}
	for _, name := range []string{"name", "learning_rate", "ema_momentum", "ema_overwrite_frequency"} { // the last two mean nothing without use_ema
		delete(given, name)
	}
	optimizer := optimizers[i].plain
	if o.Schedule == nil {
		optimizer = training.WithLearningRate(optimizer, shortest(o.LearningRate))
	} else {
		base := training.Shared(optimizer)
		if base.Schedule, err = readSchedule(o.Schedule); err != nil {
			return nil, err
		}
		optimizer = training.WithShared(optimizer, base)
	}
	err = given.each(o.Class, training.Settings(optimizer), func(name string, value any) (err error) {
		optimizer, err = training.WithSetting(optimizer, name, value)
		return err
	})
	if err != nil {
		return nil, err
	}
	return optimizer, optimizer.Check()
}

// shortest is the shortest number that is the same in float32: Keras keeps 0.001 as 0.0010000000474974513.
func shortest(x float64) float64 {
	if float64(float32(x)) != x || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', -1, 32), 64)
	if err != nil {
		return x
	}
	return short
}

func readSchedule(o *keras.Object) (training.Schedule, error) {
	i := slices.IndexFunc(schedules, func(r scheduleRow) bool { return r.class == o.Class })
	if i < 0 || !o.IsKeras() {
		return nil, errors.Errorf("learning-rate schedule %s", o.Class)
	}
	given, err := settingsOf(o)
	if err != nil {
		return nil, err
	}
	delete(given, "name")
	schedule := schedules[i].plain
	err = given.each(o.Class, training.ScheduleSettings(schedule), func(name string, value any) (err error) {
		schedule, err = training.WithScheduleSetting(schedule, name, value)
		return err
	})
	if err != nil {
		return nil, err
	}
	return schedule, schedule.Check()
}

// jsonSettings are an object's settings by name.
type jsonSettings map[string]json.RawMessage

func settingsOf(o *keras.Object) (jsonSettings, error) {
	var given jsonSettings
	if err := plainjson.Decode(o.Settings, &given); err != nil {
		return nil, errors.Errorf("settings of %s: they are no JSON object", o.Class)
	}
	return given, nil
}

// each hands over the given settings' values, in the order of their names. It fails for one that is not among the known, or of another type.
func (given jsonSettings) each(class string, known []settings.Setting, set func(name string, value any) error) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(known, func(s settings.Setting) bool { return s.Name == name })
		if i < 0 {
			return errors.Errorf("settings of %s: there is no setting %.80q here", class, name)
		}
		value, err := valueOf(given[name], known[i].Type)
		if err != nil {
			return errors.Errorf("settings of %s: %s=%.40s is not supported there", class, name, given[name])
		}
		if value == nil && !known[i].Optional {
			continue // null stands for the default there
		}
		if err := set(name, value); err != nil {
			return errors.WithMessagef(err, "settings of %s", class)
		}
	}
	return nil
}

// valueOf reads a value of a type; null is nil. Whole numbers may be written as floats.
func valueOf(raw json.RawMessage, t reflect.Type) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch t {
	case reflect.TypeFor[int]():
		var x float64
		err := json.Unmarshal(raw, &x)
		if n := int(x); err == nil && float64(n) == x && math.Abs(x) < 1<<53 {
			return n, nil
		}
		return nil, errors.New("no whole number")
	case reflect.TypeFor[[]int]():
		var all []json.RawMessage
		err := json.Unmarshal(raw, &all)
		out := make([]int, 0, len(all))
		for _, one := range all {
			n, e := valueOf(one, reflect.TypeFor[int]())
			if e != nil || n == nil {
				return nil, errors.New("no whole numbers")
			}
			out = append(out, n.(int))
		}
		return out, errors.Wrap(err, "JSON")
	case reflect.TypeFor[[2]float64]():
		var two []float64
		if err := json.Unmarshal(raw, &two); err != nil || len(two) != 2 {
			return nil, errors.New("no two numbers")
		}
		return [2]float64(two), nil
	}
	p := reflect.New(t)
	if err := plainjson.Decode(raw, p.Interface()); err != nil {
		return nil, errors.WithStack(err)
	}
	return p.Elem().Interface(), nil
}
