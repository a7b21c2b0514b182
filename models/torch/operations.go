package torch

import (
	"maps"
	"slices"
)

// operations are the translations of PyTorch's operations, by name.
var operations = map[string]translation{}

// Operations lists PyTorch's operations that are translated, by their names in ATen, in order.
func Operations() []string { return slices.Sorted(maps.Keys(operations)) }

// translation makes layers of a call, and gives its results. What is wrong it leaves in the reading.
type translation = func(*reading) []*value

func init() {
	for _, family := range []map[string]translation{passing, views, products, normalizations, pools, patches, functions, arithmeticOps, joins, reductions, losses, generators, matrices} {
		maps.Copy(operations, family)
	}
}

// one is a translation that gives one value.
func one(f func(*reading) *value) translation {
	return func(r *reading) []*value { return []*value{f(r)} }
}
