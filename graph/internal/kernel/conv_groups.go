package kernel

// convolving is a convolution layer, or its adjoint.
type convolving[T Float] interface {
	Forward(p *Pool, n int, y, x, kernel, bias []T)
	Backward(p *Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T)
}

// Grouped is a convolution whose channels fall into groups, each with a kernel of its own, or the adjoint of one. It copies the channels
// of one group at a time, so that each is an ordinary convolution. Kernels are [KernelH,KernelW,InC/groups,OutC], the last axis
// group by group. It keeps scratch memory between calls, so it serves one call at a time.
type Grouped[T Float] struct {
	groups int
	act    Activation
	one    convolving[T]
	x, y   side // of the layer
	taps   int  // of the kernel: KernelH*KernelW*InC/groups
	output int  // channels of one group behind the last axis of the kernel
	memory [groupUses][]T
}

// side is one group's part of an image that the layer reads or writes.
type side struct{ pixels, channels int }

// What one group's memory is for.
const (
	groupX = iota
	groupY
	groupKernel
	groupDX
	groupDY
	groupDKernel
	groupUses
)

// NewGroupedConv2D returns the convolution of the given geometry, whose InC and OutC are multiples of groups.
func NewGroupedConv2D[T Float](w Window, groups int, act Activation) *Grouped[T] {
	g := grouped[T](&w, groups, act)
	g.one = NewConv2D[T](w, act)
	g.x, g.y = side{w.InH * w.InW, w.InC}, side{w.OutH * w.OutW, w.OutC}
	return g
}

// NewGroupedConv2DTranspose returns the adjoint of the convolution of the given geometry, whose InC and OutC are multiples of groups.
func NewGroupedConv2DTranspose[T Float](w Window, groups int, act Activation) *Grouped[T] {
	g := grouped[T](&w, groups, act)
	g.one = NewConv2DTranspose[T](w, act)
	g.x, g.y = side{w.OutH * w.OutW, w.OutC}, side{w.InH * w.InW, w.InC}
	return g
}

// grouped makes w that of one group.
func grouped[T Float](w *Window, groups int, act Activation) *Grouped[T] {
	w.InC, w.OutC = w.InC/groups, w.OutC/groups
	return &Grouped[T]{groups: groups, act: act, taps: w.KernelH * w.KernelW * w.InC, output: w.OutC}
}

// Forward computes y from x, kernel and bias (nil: none).
func (g *Grouped[T]) Forward(p *Pool, n int, y, x, kernel, bias []T) {
	for i := range g.groups {
		own := g.of(groupY, n*g.y.pixels*g.y.channels)
		g.one.Forward(p, n, own, g.take(p, groupX, n, g.x, i, x), g.takeKernel(p, i, kernel), part(bias, i*g.y.channels, (i+1)*g.y.channels))
		g.put(p, n, g.y, i, y, own)
	}
}

// Backward computes the gradients by x, kernel and bias from dy, the gradient by Forward's result y. It overwrites dx (nil: not wanted),
// dkernel and dbias (nil: no bias).
func (g *Grouped[T]) Backward(p *Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T) {
	for i := range g.groups {
		var ownX, ownY []T
		if dx != nil {
			ownX = g.of(groupDX, n*g.x.pixels*g.x.channels)
		}
		if g.act.Function != Linear {
			ownY = g.take(p, groupY, n, g.y, i, y)
		}
		ownKernel := g.of(groupDKernel, g.taps*g.output)
		g.one.Backward(p, n, ownX, ownKernel, part(dbias, i*g.y.channels, (i+1)*g.y.channels), g.take(p, groupX, n, g.x, i, x), g.takeKernel(p, i, kernel),
			ownY, g.take(p, groupDY, n, g.y, i, dy))
		if dx != nil {
			g.put(p, n, g.x, i, dx, ownX)
		}
		CopyStrips(p, g.taps, g.output, dkernel, i*g.output, g.groups*g.output, ownKernel, 0, g.output)
	}
}

// of is memory for n values of one group.
func (g *Grouped[T]) of(use, n int) []T {
	g.memory[use] = resize(g.memory[use], n)
	return g.memory[use]
}

// take copies the channels of group i out of images.
func (g *Grouped[T]) take(p *Pool, use, n int, s side, i int, x []T) []T {
	own := g.of(use, n*s.pixels*s.channels)
	CopyStrips(p, n*s.pixels, s.channels, own, 0, s.channels, x, i*s.channels, g.groups*s.channels)
	return own
}

// put copies the channels of group i into images.
func (g *Grouped[T]) put(p *Pool, n int, s side, i int, x, own []T) {
	CopyStrips(p, n*s.pixels, s.channels, x, i*s.channels, g.groups*s.channels, own, 0, s.channels)
}

func (g *Grouped[T]) takeKernel(p *Pool, i int, kernel []T) []T {
	own := g.of(groupKernel, g.taps*g.output)
	CopyStrips(p, g.taps, g.output, own, 0, g.output, kernel, i*g.output, g.groups*g.output)
	return own
}
