package kernel

// Border is an image within a larger one: the inner one of InH x InW pixels begins Top rows and Left columns after the
// outer one of OutH x OutW.
type Border struct {
	InH, InW, OutH, OutW, Channels int
	Top, Left                      int
	Value                          float64 // what Pad puts around
}

// Pad copies the inner images x [n,InH,InW,Channels] into the outer ones y [n,OutH,OutW,Channels], and Value around.
func Pad[T Float](p *Pool, b Border, n int, y, x []T) {
	p.forElements(len(y)).run(n, each(func(image int) {
		all := y[image*b.OutH*b.OutW*b.Channels:][:b.OutH*b.OutW*b.Channels]
		for i := range all {
			all[i] = T(b.Value)
		}
		b.rows(image, func(inner, outer, length int) { copy(y[outer:][:length], x[inner:]) })
	}))
}

// Crop copies the inner images y out of the outer ones x.
func Crop[T Float](p *Pool, b Border, n int, y, x []T) {
	p.forElements(len(x)).run(n, each(func(image int) {
		b.rows(image, func(inner, outer, length int) { copy(y[inner:][:length], x[outer:]) })
	}))
}

// rows calls f for each row of an inner image: where it starts, in the inner and in the outer images.
func (b Border) rows(image int, f func(inner, outer, length int)) {
	for h := range b.InH {
		f((image*b.InH+h)*b.InW*b.Channels, ((image*b.OutH+b.Top+h)*b.OutW+b.Left)*b.Channels, b.InW*b.Channels)
	}
}
