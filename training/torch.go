package training

import (
	"fmt"
	"slices"
	"strings"

	"dcae/graph"
)

// PyTorch's optimizers, where their formulas or defaults are others than Keras' ones. Weight decay is a part of the gradient there, g + decay*w,
// but for AdamW, and where decoupled_weight_decay says so. Reference: https://pytorch.org/docs/stable/optim.html

// coupling is an optimizer that may add its weight decay to the gradient.
type coupling interface{ couplesDecay() bool }

func couplesDecay(o Optimizer) bool {
	c, ok := o.(coupling)
	return ok && c.couplesDecay()
}

// Group is variables that are trained by another rate or weight decay than the rest: one of PyTorch's parameter groups.
type Group struct {
	Variables   []string // paths LAYER/NAME
	Rate        float64  // times the learning rate
	WeightDecay float64
}

// String names what is special about the group, and its variables.
func (g Group) String() string {
	return fmt.Sprintf("(%s: rate x%g, weight_decay %g)", strings.Join(g.Variables, " "), g.Rate, g.WeightDecay)
}

// grouped takes each group's steps by a rule of its own.
type grouped struct {
	rules []rule
	rates []float64 // of each rule, times the learning rate
	at    []struct{ rule, index int }
}

// startGroups prepares an optimizer for the variables that are trained: one rule for those that are in no group, as the first, and one for
// each group.
func startGroups(o Optimizer, variables []*graph.Variable) rule {
	groups := o.shared().Groups
	if len(groups) == 0 {
		return o.start(variables)
	}
	g := &grouped{rates: []float64{1}}
	members := make([][]*graph.Variable, 1+len(groups))
	for _, group := range groups {
		g.rates = append(g.rates, group.Rate)
	}
	for _, v := range variables {
		k := 1 + groupOf(groups, v)
		g.at = append(g.at, struct{ rule, index int }{k, len(members[k])})
		members[k] = append(members[k], v)
	}
	for _, m := range members {
		g.rules = append(g.rules, o.start(m))
	}
	return g
}

// groupOf is the index of a variable's group; -1 if it is in none.
func groupOf(groups []Group, v *graph.Variable) int {
	return slices.IndexFunc(groups, func(g Group) bool { return slices.Contains(g.Variables, v.Path()) })
}

func (g *grouped) begin(t int, rate float64) {
	for k, r := range g.rules {
		r.begin(t, rate*g.rates[k])
	}
}

func (g *grouped) update(i, from int, w, gradient []float32) graph.UpdateSums {
	return g.rules[g.at[i].rule].update(g.at[i].index, from, w, gradient)
}

func (g *grouped) slots() []Slot {
	var out []Slot
	for _, r := range g.rules {
		out = append(out, r.slots()...)
	}
	return out
}
