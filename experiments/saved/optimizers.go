package saved

import (
	"strings"

	"github.com/pkg/errors"

	"dcae/training"
)

// optimizerNames are those that OptimizerByName knows.
var optimizerNames = []string{"sgd", "adam", "adamw", "adamax", "nadam", "rmsprop", "adagrad", "adadelta"}

// OptimizerByName returns an optimizer with Keras' defaults.
func OptimizerByName(name string) (training.Optimizer, error) {
	switch strings.ToLower(name) {
	case "sgd":
		return training.SGD{}, nil
	case "adam":
		return training.Adam{}, nil
	case "adamw":
		return training.AdamW{}, nil
	case "adamax":
		return training.Adamax{}, nil
	case "nadam":
		return training.Nadam{}, nil
	case "rmsprop":
		return training.RMSprop{}, nil
	case "adagrad":
		return training.Adagrad{}, nil
	case "adadelta":
		return training.Adadelta{}, nil
	}
	return nil, errors.Errorf("there is no optimizer %q; there are %s", name, strings.Join(optimizerNames, ", "))
}
