package kernel

// The three products that every convolution layer consists of, in portable form. They share the geometry of [Window], where
// "input" and "output" are those of the convolution; a transposed convolution calls them with the roles exchanged.
//
// Each runs over image rows: a piece is a row of a result, or a chunk of rows for the reduction by the weights.

// correlation computes out[n,oh,ow,oc] = act(bias[oc] + sum in[n,ih,iw,ic] * kernel[i,j,ic,oc]).
type correlation[T Float] struct {
	w            Window
	act          Activation
	in           operand[T]
	out          []T
	kernel, bias []T
	scratch      [][]T // by worker: an input row
	fast         imageProduct
}

// newCorrelation returns the product for inputs of the given origin.
func newCorrelation[T Float](w Window, act Activation, from origin) *correlation[T] {
	return &correlation[T]{w: w, act: act, fast: fastProduct[T](w, act, false, from)}
}

func (c *correlation[T]) run(p *Pool, n int) {
	defer c.release()
	if c.fast != nil {
		c.fast.run(p, n, singleOperand(c.in), single(c.out), single(c.kernel), single(c.bias))
		return
	}
	if c.in.y != nil {
		c.scratch = grow(c.scratch, p.Threads(), c.w.InW*c.w.InC)
	} else {
		c.scratch = grow(c.scratch, p.Threads(), 0)
	}
	p.run(n*c.w.OutH, c)
}

// release drops the caller's slices.
func (c *correlation[T]) release() {
	c.in, c.out, c.kernel, c.bias = operand[T]{}, nil, nil, nil
}

func (c *correlation[T]) piece(worker, piece int) {
	w := &c.w
	image, oh := piece/w.OutH, piece%w.OutH
	out := c.out[piece*w.OutW*w.OutC:][:w.OutW*w.OutC]
	fill(out, c.bias)
	for i := range w.KernelH {
		ih := oh*w.StrideH - w.PadTop + i*w.DilationH
		if ih < 0 || ih >= w.InH {
			continue
		}
		row := (image*w.InH + ih) * w.InW * w.InC
		in := c.in.derived(c.scratch[worker], row, row+w.InW*w.InC)
		for j := range w.KernelW {
			kernel := c.kernel[(i*w.KernelW+j)*w.InC*w.OutC:][:w.InC*w.OutC]
			for ow := range w.OutW {
				iw := ow*w.StrideW - w.PadLeft + j*w.DilationW
				if iw < 0 || iw >= w.InW {
					continue
				}
				x := in[iw*w.InC:][:w.InC]
				y := out[ow*w.OutC:][:w.OutC]
				if w.OutC == 1 {
					y[0] += dot(x, kernel)
					continue
				}
				for ic, v := range x {
					addScaled(y, v, kernel[ic*w.OutC:])
				}
			}
		}
	}
	activate(c.act, out)
}

// adjoint computes out[n,ih,iw,ic] = act(bias[ic] + sum in[n,oh,ow,oc] * kernel[i,j,ic,oc]) over the (oh, ow, i, j) for
// which the correlation reads (ih, iw).
type adjoint[T Float] struct {
	w            Window
	act          Activation
	in           operand[T]
	out          []T
	kernel, bias []T
	scratch      [][]T // by worker: a row of in
	fast         imageProduct
}

// newAdjoint returns the product for inputs of the given origin.
func newAdjoint[T Float](w Window, act Activation, from origin) *adjoint[T] {
	return &adjoint[T]{w: w, act: act, fast: fastProduct[T](w, act, true, from)}
}

func (a *adjoint[T]) run(p *Pool, n int) {
	defer a.release()
	if a.fast != nil {
		a.fast.run(p, n, singleOperand(a.in), single(a.out), single(a.kernel), single(a.bias))
		return
	}
	if a.in.y != nil {
		a.scratch = grow(a.scratch, p.Threads(), a.w.OutW*a.w.OutC)
	} else {
		a.scratch = grow(a.scratch, p.Threads(), 0)
	}
	p.run(n*a.w.InH, a)
}

// release drops the caller's slices.
func (a *adjoint[T]) release() {
	a.in, a.out, a.kernel, a.bias = operand[T]{}, nil, nil, nil
}

func (a *adjoint[T]) piece(worker, piece int) {
	w := &a.w
	image, ih := piece/w.InH, piece%w.InH
	out := a.out[piece*w.InW*w.InC:][:w.InW*w.InC]
	fill(out, a.bias)
	for i := range w.KernelH {
		oh, ok := source(ih+w.PadTop-i*w.DilationH, w.StrideH, w.OutH)
		if !ok {
			continue
		}
		row := (image*w.OutH + oh) * w.OutW * w.OutC
		in := a.in.derived(a.scratch[worker], row, row+w.OutW*w.OutC)
		for j := range w.KernelW {
			kernel := a.kernel[(i*w.KernelW+j)*w.InC*w.OutC:][:w.InC*w.OutC]
			for iw := range w.InW {
				ow, ok := source(iw+w.PadLeft-j*w.DilationW, w.StrideW, w.OutW)
				if !ok {
					continue
				}
				x := in[ow*w.OutC:][:w.OutC]
				y := out[iw*w.InC:][:w.InC]
				if w.OutC == 1 {
					addScaled(y, x[0], kernel)
					continue
				}
				for ic := range y {
					y[ic] += dot(x, kernel[ic*w.OutC:])
				}
			}
		}
	}
	activate(a.act, out)
}

// source is the output position whose window starts at the given distance, if there is one.
func source(distance, stride, size int) (int, bool) {
	if distance < 0 || distance%stride != 0 {
		return 0, false
	}
	return distance / stride, distance/stride < size
}

// weightGradient computes dkernel[i,j,ic,oc] = sum over n, oh, ow of in[n,ih,iw,ic] * out[n,oh,ow,oc] and, unless dbias is
// nil, the bias gradient, which is the sum over all pixels of in (inBias) or of out.
type weightGradient[T Float] struct {
	w        Window
	inBias   bool
	in, out  operand[T]
	dkernel  []T
	dbias    []T
	bias     biasGradient[T]
	fast     kernelGradient
	rows     int // of the batch
	chunks   int
	partials []T
	scratch  [][]T // by worker: a row of in or out
}

// newWeightGradient returns the gradient of a layer from one of the given origin.
func newWeightGradient[T Float](w Window, from origin, inBias bool) *weightGradient[T] {
	g := &weightGradient[T]{w: w, inBias: inBias, fast: fastKernelSum[T](w, inBias, from == computedGradient)}
	g.bias.channels, g.bias.width = w.OutC, w.OutW
	if inBias {
		g.bias.channels, g.bias.width = w.InC, w.InW
	}
	return g
}

// runWithImage computes the gradient by the layer's input besides, where a fast form can do both at once; false where none can.
func (g *weightGradient[T]) runWithImage(p *Pool, n int, in, out operand[T], dkernel, dbias, image, kernel []T) bool {
	joint, ok := g.fast.(jointGradient)
	return ok && joint.runWithImage(p, n, singleOperand(in), singleOperand(out), single(dkernel), single(dbias), single(image), single(kernel))
}

func (g *weightGradient[T]) run(p *Pool, n int) {
	defer g.release()
	if g.fast != nil {
		in, out := singleOperand(g.in), singleOperand(g.out)
		g.fast.run(p, n, in, out, single(g.dkernel), single(g.dbias))
		return
	}
	if g.dbias != nil {
		b := &g.bias
		b.in, b.dbias = g.out, g.dbias
		rows := n * g.w.OutH
		if g.inBias {
			b.in, rows = g.in, n*g.w.InH
		}
		b.run(p, rows)
	}
	width := 0
	if g.in.y != nil {
		width = g.w.InW * g.w.InC
	}
	if g.out.y != nil {
		width = max(width, g.w.OutW*g.w.OutC)
	}
	g.scratch = grow(g.scratch, p.Threads(), width)
	g.rows = n * g.w.OutH
	g.chunks = chunkCount(g.rows, len(g.dkernel))
	g.partials = resize(g.partials, (g.chunks-1)*len(g.dkernel))
	p.run(g.chunks, g)
	sumPartials(g.dkernel, g.partials)
}

// release drops the caller's slices.
func (g *weightGradient[T]) release() {
	g.in, g.out, g.dkernel, g.dbias = operand[T]{}, operand[T]{}, nil, nil
}

func (g *weightGradient[T]) piece(worker, chunk int) {
	w := &g.w
	sum := partial(g.dkernel, g.partials, chunk)
	clear(sum)
	from, to := split(g.rows, g.chunks, chunk)
	for r := from; r < to; r++ {
		image, oh := r/w.OutH, r%w.OutH
		row := r * w.OutW * w.OutC
		var out []T
		if g.in.y == nil {
			out = g.out.derived(g.scratch[worker], row, row+w.OutW*w.OutC)
		} else {
			out = g.out.values[row : row+w.OutW*w.OutC]
		}
		for i := range w.KernelH {
			ih := oh*w.StrideH - w.PadTop + i*w.DilationH
			if ih < 0 || ih >= w.InH {
				continue
			}
			row := (image*w.InH + ih) * w.InW * w.InC
			in := g.in.derived(g.scratch[worker], row, row+w.InW*w.InC)
			for j := range w.KernelW {
				d := sum[(i*w.KernelW+j)*w.InC*w.OutC:][:w.InC*w.OutC]
				for ow := range w.OutW {
					iw := ow*w.StrideW - w.PadLeft + j*w.DilationW
					if iw < 0 || iw >= w.InW {
						continue
					}
					x, y := in[iw*w.InC:][:w.InC], out[ow*w.OutC:][:w.OutC]
					if w.OutC == 1 {
						addScaled(d, y[0], x)
						continue
					}
					for ic, v := range x {
						addScaled(d[ic*w.OutC:][:w.OutC], v, y)
					}
				}
			}
		}
	}
}

// biasGradient computes dbias[c] = sum over all rows of in[row,c].
type biasGradient[T Float] struct {
	channels, width int // width: pixels of a row
	in              operand[T]
	dbias           []T
	rows            int
	chunks          int
	partials        []T
	scratch         [][]T
}

func (b *biasGradient[T]) run(p *Pool, rows int) {
	b.rows = rows
	b.chunks = chunkCount(rows, b.channels)
	b.partials = resize(b.partials, (b.chunks-1)*b.channels)
	b.scratch = grow(b.scratch, p.Threads(), b.width*b.channels)
	p.run(b.chunks, b)
	sumPartials(b.dbias, b.partials)
	b.in, b.dbias = operand[T]{}, nil
}

func (b *biasGradient[T]) piece(worker, chunk int) {
	sum := partial(b.dbias, b.partials, chunk)
	clear(sum)
	length := b.width * b.channels
	from, to := split(b.rows, b.chunks, chunk)
	for r := from; r < to; r++ {
		row := b.in.derived(b.scratch[worker], r*length, (r+1)*length)
		for ; len(row) > 0; row = row[b.channels:] {
			addScaled(sum, 1, row)
		}
	}
}

// fill sets every pixel of out to bias, or to 0 when there is none.
func fill[T Float](out, bias []T) {
	if bias == nil {
		clear(out)
		return
	}
	for len(out) > 0 {
		out = out[copy(out, bias):]
	}
}

func activate[T Float](act Activation, y []T) {
	if act.Function != Linear {
		activateTo(act, y, y)
	}
}

// addScaled computes y += a*x over the length of y.
func addScaled[T Float](y []T, a T, x []T) {
	x = x[:len(y)]
	for i := range y {
		y[i] += T(a * x[i])
	}
}

// dot keeps four sums, so that one addition need not wait for the last.
func dot[T Float](x, y []T) T {
	y = y[:len(x)]
	var a, b, c, d T
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a += T(x[i] * y[i])
		b += T(x[i+1] * y[i+1])
		c += T(x[i+2] * y[i+2])
		d += T(x[i+3] * y[i+3])
	}
	for ; i < len(x); i++ {
		a += T(x[i] * y[i])
	}
	return (a + b) + (c + d)
}
