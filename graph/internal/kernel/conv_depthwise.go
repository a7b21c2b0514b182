package kernel

// Depthwise is a convolution with a kernel of its own for each channel, or the adjoint of one, with bias and activation. The window's
// InC channels become OutC = InC*times: channel c gives those from c*times on. It keeps scratch memory between calls, so it serves one
// call at a time.
type Depthwise[T Float] struct {
	w          Window
	act        Activation
	transposed bool
	bias       biasGradient[T]
	partials   []T
	scratch    [][]T // by worker: a row of what is read
}

// NewDepthwise returns the convolution of the given geometry.
func NewDepthwise[T Float](w Window, act Activation) *Depthwise[T] {
	return &Depthwise[T]{w: w, act: act, bias: biasGradient[T]{channels: w.OutC, width: w.OutW}}
}

// NewDepthwiseTranspose returns the adjoint of the convolution of the given geometry, which maps [n,OutH,OutW,OutC] to [n,InH,InW,InC].
func NewDepthwiseTranspose[T Float](w Window, act Activation) *Depthwise[T] {
	return &Depthwise[T]{w: w, act: act, transposed: true, bias: biasGradient[T]{channels: w.InC, width: w.InW}}
}

// Forward computes y from x, kernel [KernelH,KernelW,InC,times] and bias (nil: none).
func (d *Depthwise[T]) Forward(p *Pool, n int, y, x, kernel, bias []T) {
	if d.transposed {
		d.adjoint(p, n, d.act, y, plain(x), kernel, bias)
		return
	}
	d.correlate(p, n, d.act, y, plain(x), kernel, bias)
}

// Backward computes the gradients by x, kernel and bias from dy, the gradient by Forward's result y. It overwrites dx (nil: not wanted),
// dkernel and dbias (nil: no bias).
func (d *Depthwise[T]) Backward(p *Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T) {
	dz := gradient(d.act, y, InMemory(dy))
	in, out, rows := plain(x), dz, n*d.w.OutH
	if d.transposed {
		in, out, rows = dz, plain(x), n*d.w.InH
	}
	if dx != nil && d.transposed {
		d.correlate(p, n, Activation{}, dx, dz, kernel, nil)
	} else if dx != nil {
		d.adjoint(p, n, Activation{}, dx, dz, kernel, nil)
	}
	if dbias != nil {
		d.bias.in, d.bias.dbias = dz, dbias
		d.bias.run(p, rows)
	}
	d.weights(p, n, dkernel, in, out)
}

// grow gives each worker memory for a row of the window's input, or of its output.
func (d *Depthwise[T]) grow(p *Pool) {
	d.scratch = grow(d.scratch, p.Threads(), max(d.w.InW*d.w.InC, d.w.OutW*d.w.OutC))
}

// correlate computes out[n,oh,ow,c*times+q] = act(bias + sum in[n,ih,iw,c] * kernel[i,j,c,q]).
func (d *Depthwise[T]) correlate(p *Pool, n int, act Activation, out []T, in operand[T], kernel, bias []T) {
	w := &d.w
	d.grow(p)
	p.run(n*w.OutH, pieces(func(worker, piece int) {
		image, oh := piece/w.OutH, piece%w.OutH
		y := out[piece*w.OutW*w.OutC:][:w.OutW*w.OutC]
		fill(y, bias)
		for i := range w.KernelH {
			ih := oh*w.StrideH - w.PadTop + i*w.DilationH
			if ih < 0 || ih >= w.InH {
				continue
			}
			row := (image*w.InH + ih) * w.InW * w.InC
			x := in.derived(d.scratch[worker], row, row+w.InW*w.InC)
			for j := range w.KernelW {
				k := kernel[(i*w.KernelW+j)*w.OutC:][:w.OutC]
				for ow := range w.OutW {
					if iw := ow*w.StrideW - w.PadLeft + j*w.DilationW; iw >= 0 && iw < w.InW {
						addProducts(y[ow*w.OutC:][:w.OutC], x[iw*w.InC:][:w.InC], k)
					}
				}
			}
		}
		activate(act, y)
	}))
}

// adjoint computes out[n,ih,iw,c] = act(bias + sum in[n,oh,ow,c*times+q] * kernel[i,j,c,q]) over the (oh, ow, i, j) for which the
// correlation reads (ih, iw), and all q.
func (d *Depthwise[T]) adjoint(p *Pool, n int, act Activation, out []T, in operand[T], kernel, bias []T) {
	w := &d.w
	d.grow(p)
	p.run(n*w.InH, pieces(func(worker, piece int) {
		image, ih := piece/w.InH, piece%w.InH
		y := out[piece*w.InW*w.InC:][:w.InW*w.InC]
		fill(y, bias)
		for i := range w.KernelH {
			oh, ok := source(ih+w.PadTop-i*w.DilationH, w.StrideH, w.OutH)
			if !ok {
				continue
			}
			row := (image*w.OutH + oh) * w.OutW * w.OutC
			x := in.derived(d.scratch[worker], row, row+w.OutW*w.OutC)
			for j := range w.KernelW {
				k := kernel[(i*w.KernelW+j)*w.OutC:][:w.OutC]
				for iw := range w.InW {
					if ow, ok := source(iw+w.PadLeft-j*w.DilationW, w.StrideW, w.OutW); ok {
						addFolded(y[iw*w.InC:][:w.InC], x[ow*w.OutC:][:w.OutC], k)
					}
				}
			}
		}
		activate(act, y)
	}))
}

// weights computes dkernel[i,j,c,q] = sum over n, oh, ow of in[n,ih,iw,c] * out[n,oh,ow,c*times+q].
func (d *Depthwise[T]) weights(p *Pool, n int, dkernel []T, in, out operand[T]) {
	w := &d.w
	d.grow(p)
	rows := n * w.OutH
	chunks := chunkCount(rows, len(dkernel))
	d.partials = resize(d.partials, (chunks-1)*len(dkernel))
	p.run(chunks, pieces(func(worker, chunk int) {
		sum := partial(dkernel, d.partials, chunk)
		clear(sum)
		from, to := split(rows, chunks, chunk)
		for r := from; r < to; r++ {
			image, oh := r/w.OutH, r%w.OutH
			row := r * w.OutW * w.OutC
			dz := out.values[row : row+w.OutW*w.OutC]
			if out.y != nil { // else in has a derivative, or none has
				dz = out.derived(d.scratch[worker], row, row+w.OutW*w.OutC)
			}
			for i := range w.KernelH {
				ih := oh*w.StrideH - w.PadTop + i*w.DilationH
				if ih < 0 || ih >= w.InH {
					continue
				}
				row := (image*w.InH + ih) * w.InW * w.InC
				x := in.derived(d.scratch[worker], row, row+w.InW*w.InC)
				for j := range w.KernelW {
					k := sum[(i*w.KernelW+j)*w.OutC:][:w.OutC]
					for ow := range w.OutW {
						if iw := ow*w.StrideW - w.PadLeft + j*w.DilationW; iw >= 0 && iw < w.InW {
							addProducts(k, x[iw*w.InC:][:w.InC], dz[ow*w.OutC:][:w.OutC])
						}
					}
				}
			}
		}
	}))
	sumPartials(dkernel, d.partials)
}

// addProducts adds x[c]*k[c*times+q] to y[c*times+q].
func addProducts[T Float](y, x, k []T) {
	k = k[:len(y)]
	if len(x) == len(y) {
		for c, v := range x {
			y[c] += T(v * k[c])
		}
		return
	}
	times := len(y) / len(x)
	for c, v := range x {
		y, k := y[c*times:][:times], k[c*times:][:times]
		for q := range y {
			y[q] += T(v * k[q])
		}
	}
}

// addFolded adds the sum over q of x[c*times+q]*k[c*times+q] to y[c].
func addFolded[T Float](y, x, k []T) {
	k = k[:len(x)]
	if len(x) == len(y) {
		for c, v := range x {
			y[c] += T(v * k[c])
		}
		return
	}
	times := len(x) / len(y)
	for c := range y {
		sum := y[c]
		for q, v := range x[c*times:][:times] {
			sum += T(v * k[c*times+q])
		}
		y[c] = sum
	}
}
