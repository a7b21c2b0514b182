package plots

import (
	"flag"
	"path/filepath"
	"testing"
)

var previews = flag.String("previews", "", "folder to save pictures of made-up studies to, for looking at")

func TestDrawStudies(t *testing.T) {
	studies := map[string]Study{
		"3x3": threeArms(3),
		"1x1": fakeStudy([]string{"improved"}, 1, 8, 188, []fate{learns}),
		"9x5": nineArms(5),
		"6x5": sixArms(),
	}
	for name, s := range studies {
		for _, figure := range []struct {
			name string
			of   func(Study) (*Figure, error)
		}{
			{"loss", Loss}, {"gradients", Gradients}, {"map", GradientMap}, {"profile", Profile},
			{"reconstructions", Reconstructions}, {"report", Report},
		} {
			f, err := figure.of(s)
			if err != nil {
				t.Fatalf("%s of %s: %v", figure.name, name, err)
			}
			if *previews == "" {
				continue
			}
			if err := f.SavePNG(filepath.Join(*previews, name+"_"+figure.name+".png")); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestDrawChartAndMap(t *testing.T) {
	lines, err := Lines(fakeChart())
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := OutcomeMap(fakeGrid())
	if err != nil {
		t.Fatal(err)
	}
	if *previews == "" {
		return
	}
	for name, f := range map[string]*Figure{"lines.png": lines, "outcomes.png": outcomes} {
		if err := f.SavePNG(filepath.Join(*previews, name)); err != nil {
			t.Error(err)
		}
	}
}
