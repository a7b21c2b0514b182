package graph

import (
	"reflect"

	"github.com/pkg/errors"
)

// largestSetting finds the number that is farthest from zero among a layer's settings, and where it stands: Padding.Top. Those beyond maxSize
// come from mistakes, and sums and products of them may wrap around.
func largestSetting(l Layer) (number int64, path string) {
	var look func(v reflect.Value, at string)
	look = func(v reflect.Value, at string) {
		switch v.Kind() {
		case reflect.Int, reflect.Int64, reflect.Int32:
			if n := v.Int(); magnitude(n) > magnitude(number) {
				number, path = n, at
			}
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				look(v.Elem(), at)
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				look(v.Index(i), at)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				name := v.Type().Field(i).Name
				if at != "" {
					name = at + "." + name
				}
				look(v.Field(i), name)
			}
		}
	}
	look(reflect.ValueOf(l), "")
	return number, path
}

// magnitude is a number without its sign.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// checkSettings tells which of a layer's settings is out of all reason.
func checkSettings(l Layer) error {
	if _, ok := l.(Slice); ok { // PyTorch writes "to the end" as the largest number that there is
		return nil
	}
	if n, path := largestSetting(l); magnitude(n) > maxSize {
		return errors.Errorf("%s must be within %d, not %d", path, maxSize, n)
	}
	return nil
}
