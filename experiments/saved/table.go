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

// Framework is the library that a model comes from: whose formulas, defaults and names its training has.
type Framework int

// The frameworks whose models are read. A model that comes from neither counts as Keras'.
const (
	Keras Framework = iota
	PyTorch
)

// String is the framework's name.
func (f Framework) String() string { return [...]string{"Keras", "PyTorch"}[f] }

type optimizerRow struct {
	name  string
	class string // of the framework
	of    Framework
	usual float64 // a learning rate that works for many models; it is the framework's default unless that is far from the papers'
	plain training.Optimizer

	// slots are the names of its state's arrays, as training has them, by those in files of Keras 2.
	slots map[string]string
}

var optimizers = []optimizerRow{
	{"sgd", "SGD", Keras, 0.01, training.SGD{}, map[string]string{"m": "momentum", "momentum": "momentum"}},
	{"adam", "Adam", Keras, 0.001, training.Adam{}, adamSlots},
	{"adamw", "AdamW", Keras, 0.001, training.AdamW{}, adamSlots},
	{"adamax", "Adamax", Keras, 0.001, training.Adamax{}, map[string]string{"m": "momentum", "u": "norm", "v": "norm"}},
	{"nadam", "Nadam", Keras, 0.001, training.Nadam{}, adamSlots},
	{"rmsprop", "RMSprop", Keras, 0.001, training.RMSprop{}, map[string]string{
		"velocity": "velocity", "rms": "velocity", "momentum": "momentum", "average_gradient": "average_gradient", "mg": "average_gradient",
	}},
	{"adagrad", "Adagrad", Keras, 0.01, training.Adagrad{}, map[string]string{"accumulator": "accumulator"}},
	{"adadelta", "Adadelta", Keras, 1, training.Adadelta{}, map[string]string{
		"accumulated_grad": "accumulated_grad", "accum_grad": "accumulated_grad", "accumulated_delta_var": "accumulated_delta_var", "accum_var": "accumulated_delta_var",
	}},
	{"lion", "Lion", Keras, 0.0001, training.Lion{}, map[string]string{"m": "momentum"}},

	{"sgd", "SGD", PyTorch, 0.01, training.TorchSGD{}, nil},
	{"adam", "Adam", PyTorch, 0.001, training.TorchAdam{}, nil},
	{"adamw", "AdamW", PyTorch, 0.001, training.TorchAdamW{}, nil},
	{"nadam", "NAdam", PyTorch, 0.001, training.TorchNAdam{}, nil},
	{"radam", "RAdam", PyTorch, 0.001, training.TorchRAdam{}, nil},
	{"adamax", "Adamax", PyTorch, 0.001, training.TorchAdamax{}, nil},
	{"rmsprop", "RMSprop", PyTorch, 0.001, training.TorchRMSprop{}, nil},
	{"adagrad", "Adagrad", PyTorch, 0.01, training.TorchAdagrad{}, nil},
	{"adadelta", "Adadelta", PyTorch, 1, training.TorchAdadelta{}, nil},
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
	class    string // of the framework
	of       Framework
	others   []string // further names of the framework for it
	settings []string
}

var losses = []lossRow{
	{graph.MeanSquaredError, "MeanSquaredError", Keras, []string{"MSE", "mean_squared_error"}, nil},
	{graph.MeanAbsoluteError, "MeanAbsoluteError", Keras, []string{"MAE", "mean_absolute_error"}, nil},
	{graph.BinaryCrossentropy, "BinaryCrossentropy", Keras, []string{"bce", "BCE"}, []string{"from_logits", "label_smoothing"}},
	{graph.Huber, "Huber", Keras, nil, []string{"delta"}},
	{graph.LogCosh, "LogCosh", Keras, []string{"logcosh"}, nil},

	{graph.MeanSquaredError, "MSELoss", PyTorch, nil, []string{"sum"}},
	{graph.MeanAbsoluteError, "L1Loss", PyTorch, nil, []string{"sum"}},
	{graph.BCELoss, "BCELoss", PyTorch, []string{"binary_crossentropy"}, []string{"sum"}},
	{graph.BCEWithLogitsLoss, "BCEWithLogitsLoss", PyTorch, nil, []string{"sum"}},
	{graph.Huber, "HuberLoss", PyTorch, nil, []string{"delta", "sum"}},
	{graph.SmoothL1Loss, "SmoothL1Loss", PyTorch, nil, []string{"delta", "sum"}},
}

// OptimizerNames lists the optimizers that a framework has here.
func OptimizerNames(f Framework) []string {
	var out []string
	for _, r := range optimizers {
		if r.of == f {
			out = append(out, r.name)
		}
	}
	return out
}

// OptimizerByName returns an optimizer with a framework's formula and defaults. It fails for a name that is not among [OptimizerNames].
func OptimizerByName(name string, f Framework) (training.Optimizer, error) {
	for _, r := range optimizers {
		if r.of == f && r.name == strings.ToLower(name) {
			return r.plain, nil
		}
	}
	return nil, errors.Errorf("there is no optimizer %q for models of %v; there are %s", name, f, strings.Join(OptimizerNames(f), ", "))
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

// LossNames lists the losses that a framework has here.
func LossNames(f Framework) []string {
	var out []string
	for _, r := range losses {
		if r.of == f {
			out = append(out, r.shown())
		}
	}
	return out
}

// shown is what users call the loss: in PyTorch its class.
func (r lossRow) shown() string {
	if r.of == PyTorch {
		return r.class
	}
	return string(r.name)
}

// LossByName returns a loss with a framework's defaults. It fails for a name that is not among [LossNames]; for a model of PyTorch mse, mae, huber and
// binary_crossentropy stand for their classes, too.
func LossByName(name string, f Framework) (graph.Loss, error) {
	for _, r := range losses {
		if r.of == f && (r.shown() == name || string(r.name) == name || f == PyTorch && slices.Contains(r.others, name)) {
			return graph.Loss{Function: r.name}, nil
		}
	}
	return graph.Loss{}, errors.Errorf("there is no loss %q for models of %v; there are %s", name, f, strings.Join(LossNames(f), ", "))
}

// FrameworkOf is the framework whose formula an optimizer has.
func FrameworkOf(o training.Optimizer) Framework { return rowOf(o).of }

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

// lossSettings are the loss' row in a framework, and those of its settings that it has a use for. A loss that the framework has not is told in the other
// one's row.
func lossSettings(l graph.Loss, f Framework) (lossRow, []settings.Setting) {
	if l.Function == "" {
		l.Function = graph.MeanSquaredError
	}
	i := slices.IndexFunc(losses, func(r lossRow) bool { return r.name == l.Function && r.of == f })
	if i < 0 {
		i = slices.IndexFunc(losses, func(r lossRow) bool { return r.name == l.Function })
	}
	if i < 0 {
		panic(fmt.Sprintf("loss %v has no row in the table", l))
	}
	all := settings.Of(l, graph.LossDefaults)
	return losses[i], slices.DeleteFunc(all, func(s settings.Setting) bool { return !slices.Contains(losses[i].settings, s.Name) })
}
