package torch

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// reading gives a call's arguments to its translation. The first that is not as it should be is kept: see err.
type reading struct {
	*translator
	call *call
	err  error

	place, rank int // where the batch of the operands is, and how many axes they have, if the operation does not care: see placeOf
}

// operation is the name of the operation, without the underscore of one in place.
func (r *reading) operation() string {
	name, _ := r.call.outOfPlace()
	return name
}

func (r *reading) fail(format string, args ...any) {
	if r.err == nil {
		r.err = errors.Errorf(format, args...)
	}
}

// tensor is an argument that must be there.
func (r *reading) tensor(name string) *value {
	v := r.optional(name)
	if v == nil {
		r.fail("its %s is missing", name)
		return failed
	}
	return v
}

// optional is a tensor that may be None.
func (r *reading) optional(name string) *value {
	switch a := r.call.arguments[name].(type) {
	case nil:
		return nil
	case tensorName:
		return r.lookup(string(a))
	default:
		r.fail("its %s is %s, not a tensor", name, kindOf(a))
		return nil
	}
}

// lookup is the value of a name as it is now.
func (r *reading) lookup(name string) *value {
	v := r.checked(r.read(name))
	if r.place != 0 && r.err == nil {
		return r.inPlace(v)
	}
	if v.moved != 0 && (v.moved == mixed || !slices.Contains(anywhere, r.operation())) && !isReshape(r.operation()) {
		r.fail("it takes %v, whose batch is axis %d, not the first: that is not supported", v, max(v.moved, 0))
		return failed
	}
	return v
}

// tensors is a list of tensors.
func (r *reading) tensors() []*value {
	const name = "tensors"
	names, ok := r.call.arguments[name].([]tensorName)
	if !ok {
		r.fail("its %s is %s, not a list of tensors", name, kindOf(r.call.arguments[name]))
	}
	out := make([]*value, len(names))
	for i, n := range names {
		out[i] = r.lookup(string(n))
	}
	return out
}

// integer is a whole number.
func (r *reading) integer(name string) int {
	switch v := r.call.arguments[name].(type) {
	case int64:
		return clampInt(v)
	case bool:
		if v {
			return 1
		}
		return 0
	case extent:
		if v.symbol == "" {
			return clampInt(v.fixed)
		}
	}
	r.fail("its %s is %s, not a whole number", name, kindOf(r.call.arguments[name]))
	return 0
}

// clampInt limits a number to what lengths and positions may be, so that sums of some do not overflow.
func clampInt(v int64) int { return int(min(max(v, -maxTensor), maxTensor)) }

// integerOr is a whole number, or what stands for None.
func (r *reading) integerOr(name string, none int) int {
	if r.call.arguments[name] == nil {
		return none
	}
	return r.integer(name)
}

// integers is a list of whole numbers; nil for None.
func (r *reading) integers(name string) []int {
	switch v := r.call.arguments[name].(type) {
	case nil:
		return nil
	case []int64:
		out := make([]int, len(v))
		for i := range v {
			out[i] = clampInt(v[i])
		}
		return out
	case []extent:
		out := make([]int, len(v))
		for i := range v {
			if v[i].symbol != "" {
				r.fail("its %s depends on the batch size", name)
				return nil
			}
			out[i] = clampInt(v[i].fixed)
		}
		return out
	case int64, extent:
		return []int{r.integer(name)}
	case []tensorName:
		if len(v) == 0 { // how PyTorch writes an empty list of an unknown kind
			return []int{}
		}
	}
	r.fail("its %s is %s, not a list of whole numbers", name, kindOf(r.call.arguments[name]))
	return nil
}

// several is a list of n whole numbers, where one stands for all.
func (r *reading) several(name string, n int) []int {
	v := r.integers(name)
	if len(v) == 1 {
		for len(v) < n {
			v = append(v, v[0])
		}
	}
	if len(v) != n && r.err == nil {
		r.fail("its %s has %d numbers, not %d", name, len(v), n)
	}
	if r.err != nil {
		return make([]int, n)
	}
	return v
}

// float is a number.
func (r *reading) float(name string) float64 {
	v, ok := number(r.call.arguments[name])
	if !ok {
		r.fail("its %s is %s, not a number", name, kindOf(r.call.arguments[name]))
	}
	return v
}

// floatOr is a number, or what stands for None.
func (r *reading) floatOr(name string, none float64) float64 {
	if r.call.arguments[name] == nil {
		return none
	}
	return r.float(name)
}

// number is the number that an argument is.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v)
	case int64:
		return float64(v), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case extent:
		return float64(v.fixed), v.symbol == ""
	}
	return 0, false
}

func (r *reading) bool(name string) bool {
	v, ok := r.call.arguments[name].(bool)
	if !ok && r.call.arguments[name] != nil {
		r.fail("its %s is %s, not true or false", name, kindOf(r.call.arguments[name]))
	}
	return v
}

func (r *reading) text(name string) string {
	v, _ := r.call.arguments[name].(string)
	return v
}
