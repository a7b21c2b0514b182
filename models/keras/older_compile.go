package keras

import (
	"encoding/json"
	"math"
	"strings"
)

// compile is compile_config for a training_config.
func (t *older) compile(c dict) dict {
	optimizer, _ := c["optimizer_config"].(dict)
	delete(c, "optimizer_config")
	if optimizer != nil {
		class, _ := optimizer["class_name"].(string)
		if _, plain, ok := strings.Cut(class, ">"); ok && strings.HasPrefix(class, "Custom>") { // so does Keras 2 call its own
			class = plain
		}
		optimizer["module"], optimizer["class_name"], optimizer["registered_name"] = "keras.optimizers", class, nil
		if settings, ok := optimizer["config"].(dict); ok {
			t.optimizer(class, settings)
		}
		c["optimizer"] = optimizer
	}
	c["loss"] = t.losses(c["loss"])
	return c
}

// optimizer translates an optimizer's settings.
func (t *older) optimizer(class string, settings dict) {
	if t.keras2 {
		t.olderFormulas(class, settings)
	}
	if rate, ok := settings["lr"]; ok {
		settings["learning_rate"] = rate
		delete(settings, "lr")
	}
	settings["learning_rate"] = t.object("learning_rate", settings["learning_rate"])
	if decay, ok := settings["decay"].(json.Number); ok {
		if by, err := decay.Float64(); err == nil && by != 0 {
			settings["learning_rate"] = dict{"module": "keras.optimizers.schedules", "class_name": "InverseTimeDecay", "registered_name": nil,
				"config": dict{"initial_learning_rate": settings["learning_rate"], "decay_steps": 1, "decay_rate": decay}}
		}
	}
	delete(settings, "decay")
	for name, value := range settings {
		if value == nil {
			delete(settings, name) // it stands for the default
		}
	}
	for _, name := range []string{"jit_compile", "is_legacy_optimizer", "schedule_decay"} { // the last one is what decay is of Nadam
		delete(settings, name)
	}
}

// olderFormulas translates, or warns of, what optimizers computed otherwise before Keras 2.11 (and later as keras.optimizers.legacy), which their
// setting decay tells.
func (t *older) olderFormulas(class string, settings dict) {
	_, decay := settings["decay"]
	_, schedule := settings["schedule_decay"]
	if !decay && !schedule {
		return
	}
	if t.multiBackend && settings["clipnorm"] != nil { // there it was of all gradients together
		settings["global_clipnorm"] = settings["clipnorm"]
		delete(settings, "clipnorm")
	}
	switch class {
	case "Nadam":
		delete(settings, "decay") // of its momentum, as schedule_decay is
		t.warn("Nadam's momentum rose slower in Keras before 2.11: it trains as in Keras 3")
	case "Adagrad":
		if settings["initial_accumulator_value"] == nil { // before there was such a setting
			settings["initial_accumulator_value"] = json.Number("0")
		}
		if start, ok := settings["initial_accumulator_value"].(json.Number); ok && near0(start) {
			t.warn("Adagrad's epsilon was added after the root in Keras before 2.11: it trains as in Keras 3, by smaller steps where gradients are under 0.001")
		}
	case "RMSprop":
		if momentum, ok := settings["momentum"].(json.Number); !ok || near0(momentum) {
			t.warn("RMSprop's epsilon was added after the root in Keras before 2.11: it trains as in Keras 3, by smaller steps where gradients are under 0.001")
		}
	}
}

func (t *older) warn(sentence string) { t.warnings = append(t.warnings, sentence) }

// near0 tells whether a number is 0, or too small to outweigh an epsilon.
func near0(n json.Number) bool {
	x, err := n.Float64()
	return err == nil && math.Abs(x) < 1e-3
}

// losses is a loss, a list of losses or losses by output, with their modules.
func (t *older) losses(loss any) any {
	switch l := loss.(type) {
	case dict:
		if l["class_name"] != nil {
			if config, ok := l["config"].(dict); ok {
				delete(config, "fn")
				if config["reduction"] == "auto" {
					delete(config, "reduction")
				}
			}
			return t.object("loss", l)
		}
		for name, one := range l {
			l[name] = t.losses(one)
		}
	case []any:
		for i, one := range l {
			l[i] = t.losses(one)
		}
	}
	return loss
}
