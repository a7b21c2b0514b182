package saved

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
	"dcae/training/settings"
)

// The optimizers, learning-rate schedules and losses that there are, by the names that studies and the command line give them, and those that
// files have. A new one is a file in package training (for a loss: in graph) and a row here; how its settings are called, and what
// they are by default, stands in that file.

type optimizerRow struct {
	name  string
	class string  // of Keras
	usual float64 // a learning rate that works for many models; it is Keras' default unless that is far from the papers'
	plain training.Optimizer

	// slots are the names of its state's arrays, as training has them, by those in files of Keras 2.
	slots map[string]string
}

var optimizers = []optimizerRow{
	{"sgd", "SGD", 0.01, training.SGD{}, map[string]string{"m": "momentum", "momentum": "momentum"}},
	{"adam", "Adam", 0.001, training.Adam{}, adamSlots},
	{"adamw", "AdamW", 0.001, training.AdamW{}, adamSlots},
	{"adamax", "Adamax", 0.001, training.Adamax{}, map[string]string{"m": "momentum", "u": "norm", "v": "norm"}},
	{"nadam", "Nadam", 0.001, training.Nadam{}, adamSlots},
	{"rmsprop", "RMSprop", 0.001, training.RMSprop{}, map[string]string{
		"velocity": "velocity", "rms": "velocity", "momentum": "momentum", "average_gradient": "average_gradient", "mg": "average_gradient",
	}},
	{"adagrad", "Adagrad", 0.01, training.Adagrad{}, map[string]string{"accumulator": "accumulator"}},
	{"adadelta", "Adadelta", 1, training.Adadelta{}, map[string]string{
		"accumulated_grad": "accumulated_grad", "accum_grad": "accumulated_grad", "accumulated_delta_var": "accumulated_delta_var", "accum_var": "accumulated_delta_var",
	}},
	{"lion", "Lion", 0.0001, training.Lion{}, map[string]string{"m": "momentum"}},
}

var adamSlots = map[string]string{"m": "momentum", "v": "velocity", "vhat": "velocity_hat"}

type scheduleRow struct {
	name  string
	class string // of Keras
	plain training.Schedule
}

var schedules = []scheduleRow{
	{"step_decay", "", training.StepDecay{}}, // an ExponentialDecay to Keras
	{"exponential_decay", "ExponentialDecay", training.ExponentialDecay{}},
	{"inverse_time_decay", "InverseTimeDecay", training.InverseTimeDecay{}},
	{"polynomial_decay", "PolynomialDecay", training.PolynomialDecay{}},
	{"piecewise_constant_decay", "PiecewiseConstantDecay", training.PiecewiseConstantDecay{}},
	{"cosine_decay", "CosineDecay", training.CosineDecay{}},
	{"cosine_decay_restarts", "CosineDecayRestarts", training.CosineDecayRestarts{}},
}

type lossRow struct {
	name     graph.LossFunction
	class    string   // of Keras
	others   []string // further names of Keras for it
	settings []string
}

var losses = []lossRow{
	{graph.MeanSquaredError, "MeanSquaredError", []string{"MSE", "mean_squared_error"}, nil},
	{graph.MeanAbsoluteError, "MeanAbsoluteError", []string{"MAE", "mean_absolute_error"}, nil},
	{graph.BinaryCrossentropy, "BinaryCrossentropy", []string{"bce", "BCE"}, []string{"from_logits", "label_smoothing"}},
	{graph.Huber, "Huber", nil, []string{"delta"}},
	{graph.LogCosh, "LogCosh", []string{"logcosh"}, nil},
}

// OptimizerNames lists the optimizers that there are.
func OptimizerNames() []string {
	return namesOf(optimizers, func(r optimizerRow) string { return r.name })
}

// OptimizerByName returns an optimizer with Keras' defaults. It fails for a name that is not among [OptimizerNames].
func OptimizerByName(name string) (training.Optimizer, error) {
	for _, r := range optimizers {
		if r.name == strings.ToLower(name) {
			return r.plain, nil
		}
	}
	return nil, errors.Errorf("there is no optimizer %q; there are %s", name, strings.Join(OptimizerNames(), ", "))
}

// ScheduleByName returns a learning-rate schedule without settings. It fails for a name that there is not.
func ScheduleByName(name string) (training.Schedule, error) {
	for _, r := range schedules {
		if r.name == name {
			return r.plain, nil
		}
	}
	names := namesOf(schedules, func(r scheduleRow) string { return r.name })
	return nil, errors.Errorf("there is no schedule %q; there are %s", name, strings.Join(names, ", "))
}

// LossNames lists the losses that there are.
func LossNames() []string {
	return namesOf(losses, func(r lossRow) string { return string(r.name) })
}

// LossByName returns a loss with Keras' defaults. It fails for a name that is not among [LossNames].
func LossByName(name string) (graph.Loss, error) {
	for _, r := range losses {
		if string(r.name) == name {
			return graph.Loss{Function: r.name}, nil
		}
	}
	return graph.Loss{}, errors.Errorf("there is no loss %q; there are %s", name, strings.Join(LossNames(), ", "))
}

// UsualRate is a learning rate with which an optimizer trains many models.
func UsualRate(o training.Optimizer) float64 { return rowOf(o).usual }

// Plain is an optimizer of the same kind with all defaults.
func Plain(o training.Optimizer) training.Optimizer { return rowOf(o).plain }

func namesOf[R any](rows []R, name func(R) string) []string {
	var out []string
	for _, r := range rows {
		out = append(out, name(r))
	}
	return out
}

// rowOf is an optimizer's row. One without is a mistake in this file.
func rowOf(o training.Optimizer) optimizerRow {
	i := slices.IndexFunc(optimizers, func(r optimizerRow) bool { return reflect.TypeOf(r.plain) == reflect.TypeOf(o) })
	if i < 0 {
		panic(fmt.Sprintf("optimizer %v has no row in the table", o))
	}
	return optimizers[i]
}

// asKeras is a schedule of those that Keras has, and its class.
func asKeras(s training.Schedule) (training.Schedule, string) {
	if step, ok := s.(training.StepDecay); ok {
		s = step.Exponential()
	}
	i := slices.IndexFunc(schedules, func(r scheduleRow) bool { return reflect.TypeOf(r.plain) == reflect.TypeOf(s) })
	if i < 0 {
		panic(fmt.Sprintf("schedule %v has no row in the table", s))
	}
	return s, schedules[i].class
}

// lossSettings are the loss' row, and those of its settings that it has a use for.
func lossSettings(l graph.Loss) (lossRow, []settings.Setting) {
	if l.Function == "" {
		l.Function = graph.MeanSquaredError
	}
	i := slices.IndexFunc(losses, func(r lossRow) bool { return r.name == l.Function })
	if i < 0 {
		panic(fmt.Sprintf("loss %v has no row in the table", l))
	}
	all := settings.Of(l, graph.LossDefaults)
	return losses[i], slices.DeleteFunc(all, func(s settings.Setting) bool { return !slices.Contains(losses[i].settings, s.Name) })
}
