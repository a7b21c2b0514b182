package kernel

// Activate is an activation as an operation of its own.
type Activate[T Float] struct {
	act      Activation
	backward bool
	out      []T // y, or dx
	y, in    []T // in: x, or dy
}

// NewActivate returns the operation.
func NewActivate[T Float](act Activation) *Activate[T] {
	return &Activate[T]{act: act}
}

// Forward computes y = f(x); y and x may be the same slice.
func (a *Activate[T]) Forward(p *Pool, y, x []T) {
	a.backward, a.out, a.y, a.in = false, y, nil, x
	a.run(p)
}

// Backward computes dx = dy * f'(x) from Forward's result y; dx may be dy.
func (a *Activate[T]) Backward(p *Pool, dx, y, dy []T) {
	a.backward, a.out, a.y, a.in = true, dx, y, dy
	a.run(p)
}

func (a *Activate[T]) run(p *Pool) {
	forTraffic[T](p, 3*len(a.out)).run(blockCount(len(a.out)), a)
	a.out, a.y, a.in = nil, nil, nil
}

func (a *Activate[T]) piece(_, i int) {
	from, to := blockRange(len(a.out), i)
	if a.backward {
		activationGradient(a.act, a.out[from:to], a.y[from:to], a.in[from:to])
	} else {
		activateTo(a.act, a.out[from:to], a.in[from:to])
	}
}

// activateTo computes y = f(x).
func activateTo[T Float](act Activation, y, x []T) {
	y32, x32 := float32s(y), float32s(x)
	if x32 == nil {
		applyTo(act, y, x)
		return
	}
	n := vectorActivate(act, y32, x32)
	y32, x32 = y32[n:], x32[n:]
	switch act.Function {
	case Sigmoid:
		for i, v := range x32 {
			y32[i] = sigmoid32(v)
		}
	case Tanh:
		for i, v := range x32 {
			y32[i] = tanh32(v)
		}
	default:
		applyTo(act, y32, x32)
	}
}

// applyTo computes y = f(x) by the scalar definition.
func applyTo[T Float](act Activation, y, x []T) {
	if act.Function == Linear {
		copy(y, x)
		return
	}
	for i, v := range x {
		y[i] = apply(act, v)
	}
}

// activationGradient computes dx = dy * f'(x) from y = f(x).
func activationGradient[T Float](act Activation, dx, y, dy []T) {
	if act.Function == Linear {
		copy(dx, dy)
		return
	}
	n := vectorActivationGradient(act, float32s(dx), float32s(y), float32s(dy))
	dx, dy = dx[n:], dy[n:]
	for i, v := range y[n:] {
		dx[i] = dy[i] * derivative(act, v)
	}
}

// activate32 applies the activation in place, on the caller's goroutine.
func activate32(act Activation, dst []float32) {
	activateTo(act, dst, dst)
}
