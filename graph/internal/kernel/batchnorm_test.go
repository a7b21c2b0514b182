package kernel

import (
	"fmt"
	"math"
	"testing"
)

// normCase is a batch normalization with data for it.
type normCase[T Float] struct {
	rows, channels     int
	training           bool
	norm               *BatchNorm[T]
	x, dy, gamma, beta []T
	y, mean, variance  []T
	dx, dgamma, dbeta  []T
	guards             *guarded[T]
}

const normEpsilon = 1e-3

func newNormCase[T Float](rows, channels int, training bool) *normCase[T] {
	r := generator(uint64(rows + channels))
	g := newGuarded[T]()
	c := &normCase[T]{rows: rows, channels: channels, training: training, norm: NewBatchNorm[T](channels, normEpsilon), guards: g}
	n := rows * channels
	c.x, c.dy, c.gamma, c.beta = g.slice(random[T](r, n)), g.slice(random[T](r, n)), g.slice(random[T](r, channels)), g.slice(random[T](r, channels))
	c.y, c.dx = g.slice(make([]T, n)), g.slice(make([]T, n))
	c.mean, c.variance = g.slice(random[T](r, channels)), g.slice(random[T](r, channels))
	c.dgamma, c.dbeta = g.slice(make([]T, channels)), g.slice(make([]T, channels))
	for i := range c.variance {
		c.variance[i] = c.variance[i]*c.variance[i] + 0.1
	}
	return c
}

func (c *normCase[T]) forward(p *Pool) {
	if c.training {
		c.norm.Train(p, c.rows, c.y, InMemory(c.x), c.gamma, c.beta, c.mean, c.variance)
	} else {
		c.norm.Evaluate(p, c.rows, c.y, InMemory(c.x), c.gamma, c.beta, c.mean, c.variance)
	}
}

func (c *normCase[T]) run(p *Pool) {
	c.forward(p)
	if c.training {
		c.norm.Backward(p, c.rows, c.dx, c.dgamma, c.dbeta, c.x, c.gamma, c.mean, c.variance, c.dy)
	}
}

// check compares with the definitions in float64, one channel after the other.
func (c *normCase[T]) check(t *testing.T, tolerance float64) {
	t.Helper()
	n := float64(c.rows)
	size := c.rows * c.channels
	y, dx := make([]float64, size), make([]float64, size)
	largest := 0.0 // term of dx; with few rows the terms nearly cancel
	means, variances, dgamma, dbeta := make([]float64, c.channels), make([]float64, c.channels), make([]float64, c.channels), make([]float64, c.channels)
	terms := 0.0 // of dgamma and dbeta, by absolute value
	for ch := range c.channels {
		gamma, beta, mean, variance := 1.0, 0.0, float64(c.mean[ch]), float64(c.variance[ch])
		if c.gamma != nil {
			gamma = float64(c.gamma[ch])
		}
		if c.beta != nil {
			beta = float64(c.beta[ch])
		}
		if c.training {
			mean, variance = 0, 0
			for i := ch; i < size; i += c.channels {
				mean += float64(c.x[i]) / n
			}
			for i := ch; i < size; i += c.channels {
				variance += math.Pow(float64(c.x[i])-mean, 2) / n
			}
		}
		means[ch], variances[ch] = mean, variance
		inverse := 1 / math.Sqrt(variance+normEpsilon)
		for i := ch; i < size; i += c.channels {
			normal := (float64(c.x[i]) - mean) * inverse
			y[i] = gamma*normal + beta
			dgamma[ch] += float64(c.dy[i]) * normal
			dbeta[ch] += float64(c.dy[i])
			terms += math.Abs(float64(c.dy[i])) * max(1, math.Abs(normal)) / float64(c.channels)
		}
		for i := ch; i < size; i += c.channels {
			dx[i] = gamma * inverse * float64(c.dy[i])
			largest = max(largest, math.Abs(dx[i]))
			dx[i] -= gamma * inverse * (dbeta[ch]/n + (float64(c.x[i])-mean)*inverse*dgamma[ch]/n)
		}
	}
	name := fmt.Sprintf("%dx%d: ", c.rows, c.channels)
	magnitude := 0.0 // of values, which is what a mean near 0 is exact to
	for ch, v := range variances {
		magnitude = max(magnitude, math.Abs(means[ch])+math.Sqrt(v))
	}
	checkWithin(t, name+"mean", c.mean, means, tolerance/10*magnitude)
	checkClose(t, name+"variance", c.variance, variances, tolerance)
	checkClose(t, name+"y", c.y, y, tolerance)
	if c.training {
		checkWithin(t, name+"dx", c.dx, dx, tolerance*largest)
	}
	if c.training && c.dgamma != nil {
		checkWithin(t, name+"dgamma", c.dgamma, dgamma, tolerance/3*terms)
		checkWithin(t, name+"dbeta", c.dbeta, dbeta, tolerance/3*terms)
	}
	c.guards.check(t)
}

// checkWithin allows a difference that does not depend on the values.
func checkWithin[T Float](t *testing.T, name string, got []T, want []float64, difference float64) {
	t.Helper()
	for i, v := range want {
		if !(math.Abs(float64(got[i])-v) <= difference) {
			t.Fatalf("%s[%d] is %v instead of %v", name, i, got[i], v)
		}
	}
}

var normShapes = [][2]int{{1, 1}, {2, 3}, {37, 1}, {3, 16}, {50, 17}, {1000, 3}, {777, 8}, {260, 33}, {511, 64}, {129, 255}, {5, 300}, {17000, 1}, {4000, 20}, {700, 129}}

func TestBatchNorm(t *testing.T) {
	t.Run("float32", func(t *testing.T) { everyFamily(t, func(t *testing.T) { testBatchNorm[float32](t, 3e-6) }) })
	t.Run("float64", func(t *testing.T) { testBatchNorm[float64](t, 1e-11) })
}

func testBatchNorm[T Float](t *testing.T, tolerance float64) {
	for _, training := range []bool{true, false} {
		for _, s := range normShapes {
			c := newNormCase[T](s[0], s[1], training)
			c.run(nil)
			c.check(t, tolerance)
			c.gamma, c.beta, c.dgamma, c.dbeta = nil, nil, nil, nil
			c.run(nil)
			c.check(t, tolerance)
		}
		for channels := 1; channels <= 70; channels += 1 + channels/20 {
			c := newNormCase[T](140+channels, channels, training)
			c.run(nil)
			c.check(t, tolerance)
		}
	}
}

// TestBatchNormVarianceIsStable takes data whose mean is large beside its deviation, and whose first rows differ from the rest.
func TestBatchNormVarianceIsStable(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		for _, channels := range []int{1, 5, 32} {
			c := newNormCase[float32](40000/channels, channels, true)
			for i := range c.x {
				c.x[i] = c.x[i]*0.01 + 100
				if i < 3*channels {
					c.x[i] = 107
				}
			}
			c.run(nil)
			want := make([]float64, channels)
			n := float64(c.rows)
			for ch := range channels {
				mean := 0.0
				for i := ch; i < len(c.x); i += channels {
					mean += float64(c.x[i]) / n
				}
				for i := ch; i < len(c.x); i += channels {
					want[ch] += math.Pow(float64(c.x[i])-mean, 2) / n
				}
			}
			checkClose(t, "variance", c.variance, want, 1e-5)
		}
	})
}

func TestBatchNormNotFinite(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		for _, value := range []float64{math.NaN(), math.Inf(1)} {
			c := newNormCase[float32](77, 5, true)
			c.x[23*5+2] = float32(value)
			c.forward(nil)
			for i, y := range c.y {
				if (y != y) != (i%5 == 2) {
					t.Fatalf("y[%d] is %v with %v in channel 2", i, y, value)
				}
			}
		}
	})
}

func TestBatchNormFiniteDifferences(t *testing.T) {
	const h = 1e-5
	c := newNormCase[float64](7, 3, true)
	c.run(nil)
	loss := func() float64 {
		c.forward(nil)
		return dot(c.y, c.dy)
	}
	for name, pair := range map[string][2][]float64{"x": {c.x, c.dx}, "gamma": {c.gamma, c.dgamma}, "beta": {c.beta, c.dbeta}} {
		for i, v := range pair[0] {
			pair[0][i] = v + h
			up := loss()
			pair[0][i] = v - h
			down := loss()
			pair[0][i] = v
			if want := (up - down) / (2 * h); math.Abs(pair[1][i]-want) > 1e-6 {
				t.Errorf("d%s[%d] is %v, the difference quotient %v", name, i, pair[1][i], want)
			}
		}
	}
}
