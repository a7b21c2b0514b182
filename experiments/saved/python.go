package saved

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"dcae/graph"
	"dcae/training"
	"dcae/training/settings"
)

// OptimizerCode is the Python expression that makes an optimizer in Keras; settings at their defaults are left out, but for the learning rate.
func OptimizerCode(o training.Optimizer) string {
	all := keras3Settings(o)
	return "keras.optimizers." + rowOf(o).class + arguments(slices.Concat(all[:1], changed(all[1:])))
}

// LossCode is the Python expression for a loss in Keras: its name, or a call if it has settings.
func LossCode(l graph.Loss) string {
	row, all := kerasLossSettings(l)
	if all = changed(all); len(all) == 0 {
		return Python(string(row.name))
	}
	return "keras.losses." + row.class + arguments(all)
}

// changed are the settings that are not at their defaults.
func changed(all []settings.Setting) []settings.Setting {
	return slices.DeleteFunc(slices.Clone(all), func(s settings.Setting) bool { return s.IsDefault })
}

func arguments(all []settings.Setting) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, s.Name+"="+Python(s.Value))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// Python writes a value as Python does: nil, a bool, a number, a string, a list or map of these, or a learning-rate schedule.
func Python(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return fmt.Sprintf(`float("%g")`, v)
		}
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0" // Keras refuses a learning rate of 1
		}
		return s
	case string:
		return pythonString(v)
	case []int:
		return pythonList(v)
	case []float64:
		return pythonList(v)
	case [2]float64:
		return "(" + Python(v[0]) + ", " + Python(v[1]) + ")"
	case []any:
		return pythonList(v)
	case map[string]any:
		var all []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, pythonString(key)+": "+Python(v[key]))
		}
		return "{" + strings.Join(all, ", ") + "}"
	case training.Schedule:
		v, class := asKeras(v)
		return "keras.optimizers.schedules." + class + arguments(training.ScheduleSettings(v))
	}
	return fmt.Sprint(value)
}

func pythonList[T any](values []T) string {
	var all []string
	for _, v := range values {
		all = append(all, Python(v))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// pythonString is a string literal; what is not printable in it is written by its number.
func pythonString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !strconv.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
