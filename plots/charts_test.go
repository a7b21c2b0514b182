package plots

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image/color"
	"math"
	"regexp"
	"strings"
	"testing"
)

// Charts and pictures have the same colours.
func TestChartsHaveTheColorsOfPictures(t *testing.T) {
	for name, colors := range map[string][]color.NRGBA{"ARM_COLORS": armColors, "VIRIDIS": viridis} {
		var want []string
		for _, c := range colors {
			want = append(want, fmt.Sprintf("'#%02x%02x%02x'", c.R, c.G, c.B))
		}
		if line := "const " + name + " = [" + strings.Join(want, ", ") + "];"; !strings.Contains(ChartsJS(), line) {
			t.Errorf("charts.js does not hold %s", line)
		}
	}
}

var curveData = regexp.MustCompile(`(?s)<script type="application/json" id="curve-data">(.*?)</script>`)

// curvesOf reads the data of a page's charts back, as its script does.
func curvesOf(t *testing.T, c Curves) (out struct {
	Panels []struct{ Title string }
	Arms   []string
	Lines  []struct {
		Panel     int
		Arm, Seed string
		X, Y      []*float64
	}
}) {
	t.Helper()
	var b bytes.Buffer
	if err := (Page{Question: "?", Curves: c}).Render(&b); err != nil {
		t.Fatal(err)
	}
	found := curveData.FindSubmatch(b.Bytes())
	if found == nil {
		t.Fatal("the page holds no curves")
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(found[1]))), &out); err != nil {
		t.Fatalf("%v\n%s", err, found[1])
	}
	return out
}

func TestAPageHoldsItsCurves(t *testing.T) {
	steps := make([]float64, 1000)
	norms := make([]float64, 1000)
	for i := range steps {
		steps[i], norms[i] = float64(i+1), 1/float64(i+1)
	}
	norms[999] = math.NaN()
	var c Curves
	c.Add(Study{Arms: []Arm{{Name: `</script><b>"x"`, Runs: []Run{{
		Seed: 18446744073709551615, Train: Series{{X: 1, Y: 0.25}, {X: 2, Y: math.Inf(1)}},
		Gradients: GradientNorms{Steps: steps, Norms: [][]float64{norms, steps}},
	}}}}}, 500)
	got := curvesOf(t, c)
	if len(got.Panels) != 4 || len(got.Lines) != 3 || got.Arms[0] != `</script><b>"x"` || got.Lines[0].Arm != got.Arms[0] || got.Lines[0].Seed != "18446744073709551615" {
		t.Fatalf("%+v", got)
	}
	if l := got.Lines[0]; *l.X[1] != 1000 || *l.Y[0] != 0.25 || l.Y[1] != nil {
		t.Errorf("%+v", l)
	}
	if l := got.Lines[1]; l.Panel != 2 || len(l.X) != mostOfCurve || len(l.Y) != mostOfCurve || *l.X[0] != 1 || *l.X[mostOfCurve-1] != 1000 || l.Y[mostOfCurve-1] != nil {
		t.Errorf("%d points", len(l.X))
	}
}

// The curves of many runs stay small, too.
func TestCurvesAreFew(t *testing.T) {
	many := make([]float64, 5000)
	for i := range many {
		many[i] = math.Sqrt(float64(i)) * 1e-5
	}
	var c Curves
	for arm := range 8 {
		a := Arm{Name: fmt.Sprint("arm-", arm)}
		for seed := range 30 {
			a.Runs = append(a.Runs, Run{Seed: uint64(seed), Gradients: GradientNorms{Steps: many, Norms: [][]float64{many}}})
		}
		c.Add(Study{Arms: []Arm{a}}, 100)
	}
	b, err := json.Marshal(c.json())
	if err != nil || len(b) > 350_000 {
		t.Errorf("%d bytes, error %v", len(b), err)
	}
	if (Curves{}).json() != nil {
		t.Error("no curves are some")
	}
}
