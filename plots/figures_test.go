package plots

import (
	"flag"
	"path/filepath"
	"sync"
	"testing"
)

var previews = flag.String("previews", "", "folder to save pictures of made-up studies to, for looking at")

// namedFigure is a figure of one of the made-up studies.
type namedFigure struct {
	name string
	*Figure
}

// studyFixtures are all figures of several made-up studies: few and many arms and seeds, long names, failing runs.
var studyFixtures = sync.OnceValues(func() ([]namedFigure, error) {
	var figures []namedFigure
	for study, s := range map[string]Study{
		"3x3":     threeArms(3),
		"1x1":     fakeStudy([]string{"improved"}, 1, 8, 100, []fate{learns}),
		"9x5":     nineArms(5),
		"6x5":     sixArms(),
		"20x2":    twentyArms(),
		"failing": fakeStudy([]string{"learning rate 10", "no bias, ReLU"}, 1, 8, 40, []fate{diverges}, []fate{dies}),
	} {
		for name, of := range studyFigures {
			f, err := of(s)
			if err != nil {
				return nil, err
			}
			figures = append(figures, namedFigure{study + "_" + name, f})
		}
	}
	return figures, nil
})

func fixtures(t *testing.T) []namedFigure {
	t.Helper()
	figures, err := studyFixtures()
	if err != nil {
		t.Fatal(err)
	}
	return append(figures, chartFixtures(t)...)
}

func chartFixtures(t *testing.T) []namedFigure {
	t.Helper()
	var figures []namedFigure
	add := func(name string, f *Figure, err error) {
		if err != nil {
			t.Fatal(err)
		}
		figures = append(figures, namedFigure{name, f})
	}
	for name, c := range map[string]Chart{"lines": fakeChart(), "factor": fakeFactor()} {
		f, err := Lines(c)
		add(name, f, err)
	}
	for name, g := range map[string]Grid{"outcomes": fakeGrid(), "values": fakeValueGrid()} {
		f, err := OutcomeMap(g)
		add(name, f, err)
	}
	for name, c := range map[string]DotChart{"dots": fakeDots(2, 5, 5), "dots_60": fakeDots(8, 8, 5), "dots_1": fakeDots(1, 1, 1), "dots_20_seeds": fakeDots(1, 8, 20)} {
		f, err := Dots(c)
		add(name, f, err)
	}
	for name, c := range map[string]IntervalChart{"intervals": fakeIntervals(2, 5), "intervals_60": fakeIntervals(6, 10)} {
		f, err := Intervals(c)
		add(name, f, err)
	}
	return figures
}

// Figures are wide enough to read and not so high that nobody would scroll through them.
func TestFigureSizes(t *testing.T) {
	for _, f := range fixtures(t) {
		height := f.content.height(f.width - 2*margin)
		if f.width < 1000 || height < 100 || height > 3*f.width {
			t.Errorf("%s is %v by %v", f.name, f.width, height)
		}
		if *previews != "" {
			if err := f.SavePNG(filepath.Join(*previews, f.name+".png")); err != nil {
				t.Error(err)
			}
		}
	}
}
