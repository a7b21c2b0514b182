package graph_test

import (
	"math"
	"reflect"
	"testing"

	"dcae/graph"
	"dcae/graph/graphtest"
)

// Whole numbers near the ends of their range would wrap around in sums and products, and give shapes that look right.
func TestSettingsThatWrapAroundAreRefused(t *testing.T) {
	for _, e := range graphtest.Layers() {
		if _, ok := e.Layer.(graph.Slice); ok {
			continue // it is cut off at the image's ends
		}
		m := e.Model()
		last := &m.Nodes[len(m.Nodes)-1]
		own := reflect.New(reflect.TypeOf(last.Layer)).Elem()
		own.Set(reflect.ValueOf(last.Layer))
		for _, n := range []int64{math.MaxInt64, math.MaxInt64 - 1, 1 << 62, 1 << 32, -1 << 32, math.MinInt64} {
			for i := range own.NumField() {
				changed := reflect.New(own.Type()).Elem()
				changed.Set(own)
				if setInts(changed.Field(i), n) == 0 {
					continue
				}
				last.Layer = changed.Interface().(graph.Layer)
				if shapes, err := m.Shapes(); err == nil {
					t.Errorf("%s: %s = %d gives %v", e.Layer.Class(), own.Type().Field(i).Name, n, shapes[len(shapes)-1])
				}
			}
		}
	}
}

// setInts sets all whole numbers in v, and returns how many.
func setInts(v reflect.Value, n int64) (count int) {
	switch v.Kind() {
	case reflect.Int:
		v.SetInt(n)
		return 1
	case reflect.Slice:
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		v.Set(fresh)
		for i := range v.Len() {
			count += setInts(v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			count += setInts(v.Field(i), n)
		}
	}
	return count
}
