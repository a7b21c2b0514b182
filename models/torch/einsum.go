package torch

import (
	"slices"
	"strings"

	"dcae/graph"
)

// letters name the axes of two values and of their product, as einsum does: those of both that are not in out are summed over.
type letters struct{ a, b, out string }

// productOf is the sum of products of two values. A first axis that is the batch has one letter in both.
func (r *reading) productOf(a, b *value, l letters) *value {
	r.mustBeNumbers(a)
	r.mustBeNumbers(b)
	if r.err != nil {
		return failed
	}
	l.a, l.b = batchFirst(a, l.a), batchFirst(b, l.b)
	if a.rows() > 1 || b.rows() > 1 {
		return r.productOfRows(a, b, l)
	}
	if a.batched && b.batched && l.a[0] != l.b[0] || a.batched && !b.batched && strings.Contains(l.b, l.a[:1]) || b.batched && !a.batched && strings.Contains(l.a, l.b[:1]) {
		r.fail("it brings together images of a batch, which is not supported")
		return failed
	}
	batch := ""
	switch {
	case a.batched:
		batch = l.a[:1]
	case b.batched:
		batch = l.b[:1]
	}
	overBatch := batch != "" && !strings.Contains(l.out, batch) // each image's product first, then their sum
	out := l.out
	if overBatch {
		out = batch + out
	}
	a, l.a = r.summedAlone(a, l.a, l.b+out)
	b, l.b = r.summedAlone(b, l.b, l.a+out)
	product, order := r.productWithBatch(a, b, l, batch, out)
	if r.err != nil {
		return failed
	}
	permutation := make([]int, len(out))
	for i := range out {
		permutation[i] = strings.IndexByte(order, out[i])
	}
	product = r.permuted(product, permutation) // which notes where the batch is
	if overBatch {
		return r.reduce(product, graph.ReduceSum, []int{0}, false)
	}
	return product
}

// batchFirst are the letters of a value's axes in the order in which it has them: the batch first.
func batchFirst(v *value, names string) string {
	if v.moved == 0 {
		return names
	}
	return names[v.moved:v.moved+1] + names[:v.moved] + names[v.moved+1:]
}

// productOfRows is the product of values whose first axis holds several rows of each image: these get an axis of their own.
func (r *reading) productOfRows(a, b *value, l letters) *value {
	const row = "~"
	rows := max(a.rows(), b.rows())
	batch := l.a[:1]
	if !a.batched {
		batch = l.b[:1]
	}
	if a.batched && b.batched && (a.rows() != b.rows() || l.a[0] != l.b[0]) {
		r.fail("it brings together images of a batch, which is not supported")
		return failed
	}
	apart := func(v *value, names string) (*value, string) {
		if !v.batched {
			return v, names
		}
		return r.withDims(v, append([]int{1, rows}, v.dims[1:]...)), names[:1] + row + names[1:]
	}
	whole := strings.Index(l.out, batch)
	a, l.a = apart(a, l.a)
	b, l.b = apart(b, l.b)
	if whole > 0 {
		r.fail("it moves a batch axis of several rows an image, which is not supported")
		return failed
	}
	if whole == 0 {
		l.out = batch + row + l.out[1:]
	}
	out := r.productOf(a, b, l)
	if r.err != nil || whole < 0 {
		return out
	}
	return r.withDims(out, append([]int{rows}, out.dims[2:]...))
}

// summedAlone sums over the axes that no other letter goes with.
func (r *reading) summedAlone(v *value, names, others string) (*value, string) {
	var axes []int
	rest := ""
	for i := range names {
		if strings.IndexByte(others, names[i]) < 0 {
			axes = append(axes, i)
		} else {
			rest += names[i : i+1]
		}
	}
	if len(axes) == 0 {
		return v, names
	}
	return r.reduce(v, graph.ReduceSum, axes, false), rest
}

// productWithBatch is the product, and the letters of its axes: the batch, those of both, those of a, those of b.
func (r *reading) productWithBatch(a, b *value, l letters, batch, out string) (*value, string) {
	var both, summed, ofA, ofB string
	for i := range l.a {
		switch c := l.a[i : i+1]; {
		case c == batch:
		case !strings.Contains(l.b, c):
			ofA += c
		case strings.Contains(out, c):
			both += c
		default:
			summed += c
		}
	}
	for i := range l.b {
		if c := l.b[i : i+1]; c != batch && !strings.Contains(l.a, c) {
			ofB += c
		}
	}
	length := map[byte]int{}
	for _, side := range []struct {
		names string
		v     *value
	}{{l.a, a}, {l.b, b}} {
		for i := range side.names {
			length[side.names[i]] = max(length[side.names[i]], side.v.dims[i])
		}
	}
	size := func(names string) int {
		n := 1
		for i := range names {
			n *= length[names[i]]
		}
		return n
	}
	// [batch, both, rows, columns]
	matrix := func(v *value, names, first, second, third string) *value {
		wanted := first + second + third
		if v.batched {
			wanted = names[:1] + wanted
		}
		order := make([]int, len(wanted))
		for i := range wanted {
			order[i] = strings.IndexByte(names, wanted[i])
		}
		dims := []int{size(first), size(second), size(third)}
		if v.batched {
			dims = append([]int{1}, dims...)
		}
		return r.withDims(r.plainly(r.permuted(v, order)), dims)
	}
	x, y := matrix(a, l.a, both, ofA, summed), matrix(b, l.b, both, summed, ofB)
	product := r.multiplied(x, y)
	if r.err != nil {
		return failed, ""
	}
	order := both + ofA + ofB
	var dims []int
	if product.batched {
		dims, order = append(dims, 1), batch+order
	}
	for i := range order {
		if order[i:i+1] != batch || !product.batched {
			dims = append(dims, length[order[i]])
		}
	}
	return r.withDims(product, dims), order
}

// plainly is a value in PyTorch's order of axes.
func (r *reading) plainly(v *value) *value { return r.in(v.plainOrder(), v) }

// multiplied is the product of matrices [batch, n, rows, k] and [batch, n, k, columns], of which one may have no batch.
func (r *reading) multiplied(x, y *value) *value {
	if r.err != nil {
		return failed
	}
	last := len(y.dims) - 1
	if y.batched == x.batched || y.dims[last-2] != 1 && x.dims[len(x.dims)-3] != 1 {
		if !x.batched && y.batched {
			x = r.checked(r.spread(r.withDims(x, withOnes(x.dims, 4)), 4, []int{1, 2, 3}))
		} else if x.batched && !y.batched {
			y = r.checked(r.spread(r.withDims(y, withOnes(y.dims, 4)), 4, []int{1, 2, 3}))
		}
		if r.err != nil {
			return failed
		}
		out := &value{batched: x.batched, dims: slices.Clone(x.dims), dtype: Float32}
		out.dims[len(out.dims)-1] = y.dims[len(y.dims)-1]
		out.order = plainOrder(out.batched, out.dims)
		x, y = r.plainly(x), r.plainly(y)
		out.node = r.node("", graph.MatMul{}, x.node, y.node)
		return r.checked(out, nil)
	}
	if !x.batched { // the product of the transposed ones, the other way around
		swap := func(v *value) *value {
			order := []int{0, 1, 2}
			if v.batched {
				order = append(order, 3)
			}
			n := len(order)
			order[n-2], order[n-1] = order[n-1], order[n-2]
			return r.plainly(r.permuted(v, order))
		}
		return swap(r.multiplied(swap(y), swap(x)))
	}
	kernel := r.plainly(r.withDims(r.plainly(y), y.dims[1:]))
	if r.err != nil {
		return failed
	}
	x = r.plainly(x)
	node := r.node("", graph.Supplied{Layer: graph.Dense{Units: y.dims[2], NoBias: true}, Names: []string{"kernel"}}, x.node, kernel.node)
	return r.result(x, node)
}

// alphabet are the letters of axes, without that of the batch.
const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func einsum(r *reading) *value {
	all := r.tensors()
	equation := strings.ReplaceAll(r.text("equation"), " ", "")
	in, out, given := strings.Cut(equation, "->")
	names := strings.Split(in, ",")
	if r.err == nil && (strings.Contains(equation, ".") || len(names) != len(all) || len(all) == 0) {
		r.fail("the equation %.100q is not supported", equation)
	}
	for i, v := range all {
		if r.err != nil {
			return failed
		}
		if len(names[i]) != len(v.dims) || repeats(names[i]) {
			r.fail("the equation %.100q names the axes of %v, which is not supported", equation, v)
		}
	}
	if !given { // letters that occur once, in order
		for _, c := range alphabet[26:] + alphabet[:26] {
			if strings.Count(in, string(c)) == 1 {
				out += string(c)
			}
		}
	}
	if repeats(out) || strings.ContainsFunc(out, func(c rune) bool { return !strings.ContainsRune(in, c) }) {
		r.fail("the equation %.100q is not supported", equation)
	}
	product, name := all[0], names[0]
	for i := 1; i < len(all) && r.err == nil; i++ {
		next := ""
		for _, c := range alphabet { // what is needed later
			if s := string(c); (strings.Contains(name, s) || strings.Contains(names[i], s)) && (strings.Contains(out, s) || strings.Contains(strings.Join(names[i+1:], ""), s)) {
				next += s
			}
		}
		if batched := strings.IndexByte(next, firstOf(product, name, all[i], names[i])); batched > 0 {
			next = next[batched:batched+1] + next[:batched] + next[batched+1:]
		}
		if i == len(all)-1 {
			next = out
		}
		product, name = r.productOf(product, all[i], letters{name, names[i], next}), next
	}
	if r.err != nil || len(all) > 1 {
		return product
	}
	product, name = r.summedAlone(product, name, out)
	order := make([]int, len(out))
	for i := range out {
		order[i] = strings.IndexByte(name, out[i])
	}
	return r.permuted(product, order)
}

// firstOf is the letter of the batch of two values; 0 if none has one.
func firstOf(a *value, nameOfA string, b *value, nameOfB string) byte {
	switch {
	case a.batched:
		return nameOfA[0]
	case b.batched:
		return nameOfB[0]
	}
	return 0
}

func repeats(s string) bool {
	for i := range s {
		if strings.IndexByte(s[i+1:], s[i]) >= 0 {
			return true
		}
	}
	return false
}
