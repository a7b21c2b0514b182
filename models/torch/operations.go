package torch

import "maps"

// operations are the translations of PyTorch's operations, by name.
var operations = map[string]translation{}

// translation makes layers of a call, and gives its results.
type translation = func(*reading) ([]*value, error)

func init() {
	for _, family := range []map[string]translation{passing, views, products, normalizations, pools, activations, arithmetic, joins} {
		maps.Copy(operations, family)
	}
}
