package saved

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
	"dcae/training/plainjson"
	"dcae/training/settings"
)

// How a program of PyTorch is trained: {"optimizer": {"class": "Adam", "groups": [...]}, "loss": {"class": "MSELoss", ...}}. Groups are those of
// optimizer.state_dict()["param_groups"], whose params are names of state_dict; a group without them holds all parameters.

type torchTraining struct {
	optimizer training.Optimizer // nil: the file says nothing
	groups    []torchGroup       // of which the first has the optimizer's settings; none: all parameters are alike
	loss      graph.Loss
	hasLoss   bool
}

type torchGroup struct {
	params      []string
	rate        float64 // times that of the first
	weightDecay float64
}

// parseTorchTraining reads dcae.json; all that is not supported is told in phrases. It fails if the file is no such thing.
func parseTorchTraining(raw json.RawMessage) (how torchTraining, unsupported []string, err error) {
	if raw == nil {
		return how, nil, nil
	}
	var file struct {
		Optimizer *struct {
			Class  string         `json:"class"`
			Groups []jsonSettings `json:"groups"`
		} `json:"optimizer"`
		Loss jsonSettings `json:"loss"`
	}
	if err := plainjson.Decode(raw, &file); err != nil {
		return how, nil, err
	}
	if o := file.Optimizer; o != nil {
		if how.optimizer, how.groups, err = readTorchOptimizer(o.Class, o.Groups); err != nil {
			unsupported = append(unsupported, fmt.Sprintf("optimizer %.80s: %v", o.Class, err))
		}
	}
	if file.Loss != nil {
		how.hasLoss = true
		if how.loss, err = readTorchLoss(file.Loss); err != nil {
			unsupported = append(unsupported, fmt.Sprintf("loss: %v", err))
		}
	}
	return how, unsupported, nil
}

// bare is a class without its modules: torch.optim.Adam is Adam.
func bare(class string) string { return class[strings.LastIndex(class, ".")+1:] }

// torchNames are what PyTorch calls settings, where that is another name than here.
var torchNames = map[string]string{"lr": "learning_rate"}

// notHere are settings of param_groups that change nothing, by value.
var notHere = map[string]func(value any) bool{
	"maximize": func(v any) bool { return v == nil || v == false },
	"foreach":  always, "capturable": always, "differentiable": always, "fused": always, "initial_lr": always, "name": always,
}

func always(any) bool { return true }

func readTorchOptimizer(class string, groups []jsonSettings) (training.Optimizer, []torchGroup, error) {
	i := slices.IndexFunc(optimizers, func(r optimizerRow) bool { return r.of == PyTorch && r.class == bare(class) })
	if i < 0 {
		var known []string
		for _, r := range optimizers {
			if r.of == PyTorch {
				known = append(known, r.class)
			}
		}
		return nil, nil, errors.Errorf("there is none here (there are %s)", strings.Join(known, ", "))
	}
	if len(groups) == 0 {
		return optimizers[i].plain, nil, nil
	}
	var all []training.Optimizer
	var named []torchGroup
	for k, g := range groups {
		o, params, err := readTorchGroup(optimizers[i], g)
		if err != nil {
			return nil, nil, errors.WithMessagef(err, "group %d", k+1)
		}
		if params == nil && len(groups) > 1 {
			return nil, nil, errors.Errorf("group %d has no params: with several groups each names its own", k+1)
		}
		all, named = append(all, o), append(named, torchGroup{params: params})
	}
	if named[0].params == nil {
		return all[0], nil, nil
	}
	return relative(all, named)
}

// readTorchGroup reads one group; params is nil if it names none.
func readTorchGroup(row optimizerRow, given jsonSettings) (o training.Optimizer, params []string, err error) {
	given = maps.Clone(given)
	if raw, ok := given["params"]; ok {
		if json.Unmarshal(raw, &params) != nil {
			return nil, nil, errors.New("params must be names of state_dict, as named_parameters() gives them: leave them out where all parameters are trained alike")
		}
		params = slices.Clip(append([]string{}, params...))
		delete(given, "params")
	}
	if raw, ok := given["decoupled_weight_decay"]; ok && row.class == "AdamW" && string(raw) == "true" || ok && row.class == "Adam" && string(raw) == "false" {
		delete(given, "decoupled_weight_decay")
	} else if ok && row.class == "Adam" && string(raw) == "true" { // which is AdamW, but for the default of the decay
		row, _ = torchRow("AdamW")
		delete(given, "decoupled_weight_decay")
		if given["weight_decay"] == nil {
			given["weight_decay"] = json.RawMessage("0")
		}
	}
	for name, changesNothing := range notHere {
		var value any
		if raw, ok := given[name]; ok && (json.Unmarshal(raw, &value) != nil || !changesNothing(value)) {
			return nil, nil, errors.Errorf("%s=%.40s is not supported", name, raw)
		}
		delete(given, name)
	}
	for theirs, ours := range torchNames {
		if raw, ok := given[theirs]; ok {
			given[ours] = raw
			delete(given, theirs)
		}
	}
	o = row.plain
	err = given.each(row.class, training.Settings(o), func(name string, value any) (err error) {
		if name == "weight_decay" && value == 0.0 && row.class != "AdamW" {
			return nil // as without it
		}
		o, err = training.WithSetting(o, name, value)
		return err
	})
	if err == nil {
		err = o.Check()
	}
	return o, params, err
}

func torchRow(class string) (optimizerRow, bool) {
	i := slices.IndexFunc(optimizers, func(r optimizerRow) bool { return r.of == PyTorch && r.class == class })
	if i < 0 {
		return optimizerRow{}, false
	}
	return optimizers[i], true
}

// relative is the optimizer of several groups: that of the first whose rate is not 0, and the others by what they differ in. It fails if they differ in
// more than rate and weight decay.
func relative(all []training.Optimizer, groups []torchGroup) (training.Optimizer, []torchGroup, error) {
	first := max(0, slices.IndexFunc(all, func(o training.Optimizer) bool { return training.LearningRate(o) != 0 }))
	all[0], all[first], groups[0], groups[first] = all[first], all[0], groups[first], groups[0]
	rate := training.LearningRate(all[0])
	for k, o := range all {
		groups[k].rate, groups[k].weightDecay = 1, weightDecayOf(o)
		if rate != 0 {
			groups[k].rate = training.LearningRate(o) / rate
		}
		for i, s := range training.Settings(o) {
			if s.Name != "learning_rate" && s.Name != "weight_decay" && !reflect.DeepEqual(s.Value, training.Settings(all[0])[i].Value) {
				return nil, nil, errors.Errorf("its parameter groups differ in %s: only lr and weight_decay may be different", s.Name)
			}
		}
		if reflect.TypeOf(o) != reflect.TypeOf(all[0]) {
			return nil, nil, errors.New("its parameter groups differ in decoupled_weight_decay: only lr and weight_decay may be different")
		}
	}
	return all[0], groups, nil
}

func weightDecayOf(o training.Optimizer) float64 {
	for _, s := range training.Settings(o) {
		if v, ok := s.Value.(float64); ok && s.Name == "weight_decay" {
			return v
		}
	}
	return 0
}

func readTorchLoss(given jsonSettings) (graph.Loss, error) {
	given = maps.Clone(given)
	var class string
	if json.Unmarshal(given["class"], &class) != nil || class == "" {
		return graph.Loss{}, errors.New("it has no class")
	}
	class = bare(class)
	delete(given, "class")
	if class == "Given" {
		return graph.Loss{Function: graph.Given}, nil
	}
	i := slices.IndexFunc(losses, func(r lossRow) bool { return r.of == PyTorch && r.class == class })
	if i < 0 {
		return graph.Loss{}, errors.Errorf("%.80s (there are %s, or return the loss as the program's first output, with class Given)", class, strings.Join(LossNames(PyTorch), ", "))
	}
	l := graph.Loss{Function: losses[i].name}
	switch reduction := string(given["reduction"]); reduction {
	case "", `"mean"`, "null":
	case `"sum"`:
		l.Sum = true
	default:
		return l, errors.Errorf("%s with reduction=%.40s: a loss must be one number, so mean or sum", class, reduction)
	}
	for _, name := range []string{"weight", "pos_weight", "size_average", "reduce"} { // of no effect where they are null
		if raw, ok := given[name]; ok && string(raw) != "null" {
			return l, errors.Errorf("%s with %s=%.40s: compute the loss in the program, and return it first", class, name, raw)
		}
		delete(given, name)
	}
	delete(given, "reduction")
	if raw, ok := given["beta"]; ok && l.Function == graph.SmoothL1Loss {
		given["delta"] = raw
		delete(given, "beta")
	}
	_, known := lossSettings(l, PyTorch)
	err := given.each(class, known, func(name string, value any) (err error) {
		l, err = settings.Set(l, graph.LossDefaults, name, value)
		return err
	})
	if err != nil {
		return l, err
	}
	if l.Delta == settings.Zero && l.Function == graph.SmoothL1Loss {
		return graph.Loss{Function: graph.MeanAbsoluteError, Sum: l.Sum}, nil // as PyTorch has it
	}
	if l.Delta == settings.Zero {
		return l, errors.Errorf("%s with delta=0, which has no gradient", class)
	}
	return l, l.Check()
}
