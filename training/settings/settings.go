// Package settings knows the settings of a struct by name, so that a name and a default stand in one place each: the name in the
// field's tag, the default in a value of the struct.
//
//	type Lion struct {
//		LearningRate float64 `setting:"learning_rate"`
//		Nesterov     bool    `setting:"nesterov,quiet"` // a description leaves it out where it is off
//		ClipNorm     float64 `setting:"clipnorm,optional,quiet"` // 0 means that there is none
//	}
//
// A number of 0 means its default, and [Zero] means 0. Embedded structs' settings are the struct's own.
package settings

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Zero stands for 0 in a setting whose value 0 means its default.
const Zero = math.SmallestNonzeroFloat64

// Setting is one setting of a struct.
type Setting struct {
	Name      string
	Value     any  // float64, int, bool, [2]float64, []int or []float64; nil for an optional number that is not set
	IsDefault bool // the value is the default
	Optional  bool // the value may be nil
	Type      reflect.Type

	quiet bool
}

// Of lists the settings of a struct in the order of its fields. defaults is a struct of the same type; where it has 0, too, the default is 0,
// and none where the setting is optional.
func Of(s, defaults any) []Setting {
	var out []Setting
	walk(reflect.ValueOf(s), reflect.ValueOf(defaults), func(f field) {
		value, def := f.resolved(f.value), f.resolved(f.def)
		out = append(out, Setting{f.name, value, reflect.DeepEqual(value, def), f.optional, f.value.Type(), f.quiet})
	})
	return out
}

// Resolved is a struct in which each number of 0 is replaced by its default, and each Zero by 0.
func Resolved[T any](s, defaults T) T {
	to := copyOf(s)
	walk(to, reflect.ValueOf(defaults), func(f field) {
		if v := f.resolved(f.value); v != nil {
			f.value.Set(reflect.ValueOf(v))
		}
	})
	return to.Interface().(T)
}

// Set is the struct with another value of one setting; nil stands for none. It fails where there is no such setting, or one of another type.
func Set[T any](s, defaults T, name string, value any) (T, error) {
	to := copyOf(s)
	err := errors.Errorf("there is no setting %s here", name)
	walk(to, reflect.ValueOf(defaults), func(f field) {
		if f.name == name {
			err = f.set(value)
		}
	})
	if err != nil {
		return s, err
	}
	return to.Interface().(T), nil
}

// Describe writes "name(a=1, b=true)". Quiet settings are left out where there is none, and those that cannot be none where they are off or 0.
func Describe(name string, all []Setting) string {
	var parts []string
	for _, s := range all {
		if s.quiet && (s.Value == nil || !s.Optional && reflect.ValueOf(s.Value).IsZero()) {
			continue
		}
		parts = append(parts, s.Name+"="+text(s.Value))
	}
	return name + "(" + strings.Join(parts, ", ") + ")"
}

func text(value any) string {
	switch v := value.(type) {
	case float64:
		return fmt.Sprintf("%g", v)
	case []float64:
		return list(v)
	case []int:
		return list(v)
	case [2]float64:
		return "(" + strings.Trim(list(v[:]), "[]") + ")"
	}
	return fmt.Sprint(value)
}

func list[T int | float64](values []T) string {
	var all []string
	for _, v := range values {
		all = append(all, text(any(v)))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// field is one field that is a setting.
type field struct {
	name            string
	quiet, optional bool
	value, def      reflect.Value
}

func copyOf(s any) reflect.Value {
	to := reflect.New(reflect.TypeOf(s)).Elem()
	to.Set(reflect.ValueOf(s))
	return to
}

func walk(s, defaults reflect.Value, visit func(field)) {
	t := s.Type()
	for i := range t.NumField() {
		if t.Field(i).Anonymous {
			walk(s.Field(i), defaults.Field(i), visit)
			continue
		}
		tag, ok := t.Field(i).Tag.Lookup("setting")
		if !ok {
			continue
		}
		options := strings.Split(tag, ",")
		visit(field{options[0], slices.Contains(options, "quiet"), slices.Contains(options, "optional"), s.Field(i), defaults.Field(i)})
	}
}

// resolved is the value that v, the field's or its default, stands for; nil for none.
func (f field) resolved(v reflect.Value) any {
	switch v := v.Interface().(type) {
	case float64:
		def := f.def.Float()
		if v == 0 && def == 0 && f.optional {
			return nil
		}
		return number(v, def)
	case [2]float64:
		def := f.def.Interface().([2]float64)
		return [2]float64{number(v[0], def[0]), number(v[1], def[1])}
	default:
		return v
	}
}

func number(x, def float64) float64 {
	switch x {
	case 0:
		return number(def, Zero)
	case Zero:
		return 0
	}
	return x
}

func (f field) set(value any) error {
	switch v := value.(type) {
	case nil:
		if !f.optional {
			return errors.Errorf("%s cannot be without a value", f.name)
		}
		f.value.SetZero()
		if f.def.Float() != 0 {
			f.value.SetFloat(Zero)
		}
		return nil
	case float64:
		if v == 0 && (f.optional || f.def.Kind() == reflect.Float64 && f.def.Float() != 0) {
			value = Zero
		}
	case [2]float64:
		for i := range v {
			if v[i] == 0 {
				v[i] = Zero
			}
		}
		value = v
	}
	v := reflect.ValueOf(value)
	if v.Type() != f.value.Type() {
		return errors.Errorf("%s is a %v, not a %v", f.name, f.value.Type(), v.Type())
	}
	f.value.Set(v)
	return nil
}
