package keras

import (
	"encoding/json"
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

// olderFormulas says what optimizers computed otherwise before Keras 2.11 (and later as keras.optimizers.legacy), which their setting decay tells.
func (t *older) olderFormulas(class string, settings dict) {
	decay, hasDecay := settings["decay"]
	schedule, hasSchedule := settings["schedule_decay"]
	if !hasDecay && !hasSchedule {
		return
	}
	if t.multiBackend && settings["clipnorm"] != nil { // there it was of all gradients together
		settings["global_clipnorm"] = settings["clipnorm"]
		delete(settings, "clipnorm")
	}
	switch class {
	case "Nadam":
		if hasSchedule {
			decay = schedule
		}
		delete(settings, "decay") // it is of the momentum, too
		settings["momentum_decay"] = decay
		t.warn("Nadam's momentum rises slower, as in Keras before 2.11: Keras 3 computes it otherwise when it goes on with a file from here")
	case "Adagrad":
		if settings["initial_accumulator_value"] == nil { // before there was such a setting
			settings["initial_accumulator_value"] = json.Number("0")
		}
		t.epsilonAfterRoot(class, settings)
	case "RMSprop":
		if momentum, ok := settings["momentum"].(json.Number); !ok || isZero(momentum) {
			t.epsilonAfterRoot(class, settings)
		}
	}
}

func (t *older) epsilonAfterRoot(class string, settings dict) {
	settings["epsilon_after_root"] = true
	t.warn(class + "'s epsilon is added after the root, as in Keras before 2.11: Keras 3, which adds it before, takes smaller steps when it goes on with a file from here")
}

func (t *older) warn(sentence string) { t.warnings = append(t.warnings, sentence) }

func isZero(n json.Number) bool {
	x, err := n.Float64()
	return err == nil && x == 0
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
