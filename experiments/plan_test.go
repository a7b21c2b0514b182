package experiments

import (
	"context"
	"fmt"

	"dcae/training/dataset"

	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBuiltinStudiesMakeTheirModels(t *testing.T) {
	images, err := DataPlan{Source: "mnist"}.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range BuiltinStudies() {
		p, err := LookupPlan(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if p.Name != name {
			t.Errorf("study %s is named %s", name, p.Name)
		}
		s, err := p.Study(images)
		if err != nil {
			t.Errorf("study %s: %v", name, err)
			continue
		}
		if got := len(s.Runs()); got != p.Runs() {
			t.Errorf("study %s: %d runs, Runs says %d", name, got, p.Runs())
		}
	}
}

// plan reads a study from text.
func plan(text string) (*Plan, error) { return parsePlan([]byte(text), "my.yaml") }

const header = "name: mine\nquestion: why?\n"

func TestPlanErrorsNameThePlace(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{header + "epocs: 3\n", "my.yaml, line 3, column 1: unknown field \"epocs\""},
		{header + "groups:\n  - name: g\n    control: a\n    arms:\n      - {name: a, learnin_rate: 1}\n", "line 7, column 19"},
		{header + "seeds: 5-1\n", "bad seeds"},
		{header, "needs a group"},
		{header + "groups:\n  - name: g\n    control: b\n    arms:\n      - {name: a}\n", "control \"b\" is none of the arms"},
		{header + "groups:\n  - name: g\n    control: a\n    arms:\n      - {name: a}\n      - {name: A}\n", "two arms named A"},
		{header + "groups:\n  - name: g\n    control: a/b\n    arms:\n      - {name: a/b}\n", "arm \"a/b\""},
		{header + "groups:\n  - name: g\n    control: a\n    arms:\n      - {name: a, activation: rellu}\n", "unknown activation \"rellu\""},
		{header + "groups:\n  - name: g\n    control: a\n    arms:\n      - {name: a, initializer: he}\n", "there is no initializer he"},
		{header + "groups:\n  - name: g\n    control: a\n    arms:\n      - {name: a, initializer: {name: random_normal, std: 1}}\n", "line 7"},
		{header + "data: {source: mnist, scale: big}\n", "data: scale"},
		{header + "groups:\n  - name: g\n    control: a\n    arms:\n      - {name: a}\nmeasures:\n  - {measure: fvu}\n", "no measure \"fvu\""},
		{header + "groups:\n  - name: g\n    control: a\n    arms:\n      - {name: a}\n      - {name: b, learning_rate: 1}\nmeasures:\n  - {measure: test_fvu, over: learning_rate}\n", "no group has arms that differ in it"},
		{"name: mine\n\tquestion: x\n", "my.yaml, line 2"},
	} {
		_, err := plan(c.yaml)
		if err == nil {
			t.Errorf("no error for\n%s", c.yaml)
		} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("for\n%sgot %q, want %q in one line", c.yaml, err, c.want)
		}
	}
}

func TestVaryMakesEachCombination(t *testing.T) {
	p, err := plan(header + `
groups:
  - name: g
    control: relu-2
    settings: {filters: 4, activation: tanh}
    vary:
      - {setting: activation, values: [relu, elu]}
      - {setting: convolutions, values: [1, 2]}
`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range p.Groups[0].Arms {
		names = append(names, a.Name)
		if a.Filters != 4 {
			t.Errorf("arm %s has %d filters, its group 4", a.Name, a.Filters)
		}
	}
	if want := []string{"relu-1", "relu-2", "elu-1", "elu-2"}; !slices.Equal(names, want) {
		t.Errorf("arms %v, want %v", names, want)
	}
	if got := p.Groups[0].Arms[2].Factors; !slices.Equal(got, []string{"convolutions", "activation"}) {
		t.Errorf("elu-1 differs from relu-2 in %v", got)
	}
}

func TestKerasFilesOfAPlanLieBesideIt(t *testing.T) {
	b, err := os.ReadFile("../models/keras/testdata/sequential.keras")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for path, content := range map[string][]byte{
		"mine.keras": b,
		"mine.yaml":  []byte(header + "groups:\n  - name: g\n    control: a\n    arms:\n      - {name: a, model: mine.keras}\n      - {name: b, model: mine.keras, learning_rate: 0.5}\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, path), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := LookupPlan(filepath.Join(dir, "mine.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Groups[0].Arms[1].Optimizer.String(); !strings.Contains(got, "learning_rate=0.5") {
		t.Errorf("optimizer %s", got)
	}
}

func TestChartsLayOutArmsThatDifferInOneSettingAlone(t *testing.T) {
	p, err := plan(header + `
groups:
  - name: g
    control: a
    arms:
      - {name: a, learning_rate: 1}
      - {name: b, learning_rate: 0.1}
      - {name: c, learning_rate: 0.1, activation: tanh}
`)
	if err != nil {
		t.Fatal(err)
	}
	d := &Definition{Plan: p, Groups: []recordedGroup{{Name: "g", Control: "a", Seeds: []uint64{1}, Arms: []recordedArm{{Name: "a"}, {Name: "b"}, {Name: "c"}}}}}
	arms := d.summarize([]*Result{{Arm: "a", Seed: 1}, {Arm: "b", Seed: 1}, {Arm: "c", Seed: 1}})
	groups, numeric := d.laidOut(Measure{Quantity: testFVU, Over: "learning_rate"}, arms)
	if !numeric || len(groups) != 1 {
		t.Fatalf("%d groups, numeric %t", len(groups), numeric)
	}
	var got []string
	for _, p := range groups[0].points {
		got = append(got, p.arm.name())
	}
	if !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("laid out %v, want b, a", got)
	}
}

// arms is a study's YAML with the given settings of its group and of one arm.
func arms(settings, arm string) string {
	return header + "groups:\n  - name: g\n    control: a\n    settings: {" + settings + "}\n    arms:\n      - {name: a}\n      - {name: b" + arm + "}\n"
}

// What an arm sets to 0 is not left out.
func TestZeroIsNotLeftOut(t *testing.T) {
	p, err := plan(arms("noise: 0.5, outliers: 0.1, clip: 0.1, weight_decay: 0.1, plateau: {min_delta: 0.5}", ", noise: 0, outliers: 0, clip: 0, weight_decay: 0, plateau: {min_delta: 0}"))
	if err != nil {
		t.Fatal(err)
	}
	images, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Study(images)
	if err != nil {
		t.Fatal(err)
	}
	a, b := s.Arms()[0], s.Arms()[1]
	if a.Treatment.Noise != 0.5 || a.Treatment.Outliers != 0.1 || a.Treatment.Clip.Low != 0.1 {
		t.Errorf("the group's arm has %v", a.Treatment)
	}
	if b.Treatment != (dataset.Treatment{}) {
		t.Errorf("the arm without noise, outliers and clip has %v", b.Treatment)
	}
	if !strings.Contains(a.Plateau.String(), "0.5") || strings.Contains(b.Plateau.String(), "0.0001") {
		t.Errorf("plateaus %v and %v", a.Plateau, b.Plateau)
	}
	if want := []string{"weight decay", "plateau", "outliers", "noise", "clip"}; !slices.Equal(b.Factors, want) {
		t.Errorf("factors %q, want %q", b.Factors, want)
	}
	if p, err = plan(arms("width: 2", ", noise: 0")); err != nil || len(p.Groups[0].Arms[1].Factors) > 0 {
		t.Errorf("an arm without noise differs from one that sets none in %q, error %v", p.Groups[0].Arms[1].Factors, err)
	}
}

// A number that a setting cannot have is refused where it stands, and not cut off, nor taken for the default.
func TestNumbersThatAreNoneAreRefused(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{arms("", ", bottleneck: 0"), "line 9, column 31: bottleneck: it must be at least 1, not 0"},
		{arms("", ", convolutions: 0"), "convolutions: it must be at least 1, not 0"},
		{arms("", ", filters: 0"), "filters: it must be at least 1, not 0"},
		{arms("", ", width: 0"), "width: it must be above 0, not 0"},
		{arms("", ", multiply: 0"), "multiply: it must be above 0, not 0"},
		{arms("", ", bottleneck: 1.9"), "line 9, column 31: 1.9 stands where a whole number belongs"},
		{arms("", ", bottleneck: '3'"), "the text \"3\" stands where a whole number belongs"},
		{arms("", ", bottleneck: 99999999999999999999"), "stands where a whole number belongs"},
		{arms("", ", bottleneck: 9999999999"), "9999999999 is too large a number"},
		{arms("", ", noise: -0.5"), "noise: it must be at least 0, not -0.5"},
		{arms("", ", noise: .inf"), ".inf stands where a number belongs"},
		{arms("", ", noise: .nan"), ".nan stands where a number belongs"},
		{arms("", ", noise: 1e999"), "stands where a number belongs"},
		{arms("", ", learning_rate: -0.001"), "learning_rate: it must be at least 0, not -0.001"},
		{arms("", ", weight_decay: -1"), "weight_decay: it must be at least 0, not -1"},
		{arms("", ", clipnorm: -1"), "clipnorm: it must be at least 0"},
		{arms("", ", full_epochs: 0"), "full_epochs: it must be at least 1, not 0"},
		{arms("", ", schedule: {name: polynomial_decay, decay_steps: 9.5}"), "9.5 stands where a whole number belongs"},
		{arms("", ", schedule: {name: polynomial_decay, decay_steps: 9, power: 0}"), "power: it must be above 0, not 0"},
		{arms("", ", schedule: {name: piecewise_constant_decay, boundaries: [1.5], values: [1, 2]}"), "1.5 stands where a whole number belongs"},
		{arms("", ", plateau: {patience: 0}"), "patience: it must be at least 1, not 0"},
		{arms("", ", batch_normalization: 1"), "1 stands where true or false belongs"},
		{arms("", ", activation: [relu]"), "a list stands where a text belongs"},
		{arms("", ", activation: ''"), "the text is empty"},
		{arms("", ", noise:"), "a value is missing"},
		{arms("noise: ~", ""), "a value is missing"},
		{header + "budget: {epochs: 1.5}\n", "line 3, column 18: 1.5 stands where a whole number belongs"},
		{header + "budget: {epochs: 0}\n", "epochs: it must be at least 1, not 0"},
		{header + "budget: {batch: 0}\n", "batch: it must be at least 1, not 0"},
		{header + "budget: {images: -1}\n", "images: it must be at least 0, not -1"},
		{header + "budget: 3\n", "3 stands where settings belong"},
		{header + "groups: {a: 1}\n", "a mapping stands where a list belongs"},
		{header + "seeds: [5-1]\n", "line 3, column 8: bad seeds \"5-1\""},
		{header + "seeds: [[1]]\n", "line 3, column 9: a list stands where random seeds belong"},
		{header + "seeds: {a: 1}\n", "a mapping stands where random seeds belong"},
		{header + "seeds: 1.5\n", "bad seeds \"1.5\""},
		{header + "groups:\n  - name: g\n    control: a\n    vary:\n      - {setting: bottleneck, values: [1, 2.5]}\n", "line 7, column 43: 2.5 stands where a whole number belongs"},
		{header + "groups:\n  - name: g\n    control: a\n    vary:\n      - {setting: noise, values: [0.1, -0.5]}\n", "noise: it must be at least 0, not -0.5"},
		{header + "groups:\n  - name: g\n    control: a\n    vary:\n      - {setting: noize, values: [0.1]}\n", "there is no setting \"noize\""},
	} {
		_, err := plan(c.yaml)
		if err == nil {
			t.Errorf("no error for\n%s", c.yaml)
		} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("for\n%sgot %q, want %q in one line", c.yaml, err, c.want)
		}
	}
}

func TestNumbersNeedNoPoint(t *testing.T) {
	text := `name: x
question: q
groups:
  - name: g
    control: 1e-5
    settings: {learning_rate: 1e-5}
    arms: [{name: 1e-5}, {name: large, learning_rate: 2E+1}]
    vary: [{setting: learning_rate, values: [1e-3, -0e0]}]
`
	p, err := parsePlan([]byte(strings.Replace(text, ", -0e0", "", 1)), "s")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range p.Groups[0].Arms {
		got = append(got, fmt.Sprint(a.Name, " ", *a.LearningRate))
	}
	if want := []string{"1e-3 0.001", "1e-5 1e-05", "large 20"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	for _, wrong := range []string{`"1e-5"`, "1e", "e5", "1e-5x", "-1e-5", "1e999"} {
		if _, err := parsePlan([]byte(strings.Replace(strings.Replace(text, ", -0e0", "", 1), "learning_rate: 1e-5", "learning_rate: "+wrong, 1)), "s"); err == nil {
			t.Errorf("%s is taken for a rate", wrong)
		}
	}
}

func TestSeedsMayBeAList(t *testing.T) {
	for _, seeds := range []string{"[1, 2, 5]", "1-2,5", "[1-2, 5]", "\n  - 1\n  - 2\n  - 5"} {
		p, err := plan("seeds: " + seeds + "\n" + arms("", ""))
		if err != nil {
			t.Errorf("seeds %s: %v", seeds, err)
		} else if FormatSeeds(p.Seeds) != "1-2,5" {
			t.Errorf("seeds %s: %v", seeds, p.Seeds)
		}
	}
}

func TestNegativeValuesKeepTheirSignInNames(t *testing.T) {
	p, err := plan(header + "groups:\n  - name: g\n    control: minus-0.5-relu\n    vary:\n      - {setting: output_bias, values: [-0.5, 0.5]}\n      - {setting: activation, values: [relu]}\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Arms(), []string{"minus-0.5-relu", "0.5-relu"}; !slices.Equal(got, want) {
		t.Errorf("arms %q, want %q", got, want)
	}
}

// Small files that ask for a lot are refused before anything is made of them.
func TestPlansHaveBounds(t *testing.T) {
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1, ", n), ", ") + "]" }
	many := "groups:\n  - name: g\n    control: a\n    vary:\n"
	for _, setting := range []string{"learning_rate", "clipnorm", "clipvalue", "noise", "weight_decay", "global_clipnorm"} {
		many += "      - {setting: " + setting + ", values: " + list(32) + "}\n"
	}
	bomb := header + "groups:\n  - name: g\n    control: a\n    settings: &a {noise: 1}\n    arms: &b [{name: a, <<: *a}, {name: b}]\n"
	for name, c := range map[string]struct{ yaml, want string }{
		"long file":       {header + "# " + strings.Repeat("x", mostYAML), "a study has 131072 at most"},
		"brackets":        {"question: " + strings.Repeat("[", 100_000), "column 43: brackets are nested deeper than 32"},
		"dashes":          {"question:\n  " + strings.Repeat("- ", 50_000) + "1\n", "line 2, column 100002: it is indented by more than 200 columns"},
		"combinations":    {header + many, "over 1000 combinations"},
		"arms":            {header + "groups:\n  - name: g\n    control: a\n    arms:\n" + strings.Repeat("      - {name: a}\n", 1001), "two arms named a"},
		"runs":            {"seeds: 1-90000\n" + arms("", ""), "180000 runs: a study has 100000 at most"},
		"long question":   {"name: mine\nquestion: " + strings.Repeat("x", 100_000) + "\n", "line 2, column 11: a text of 100000 characters: 2000 are the most"},
		"second document": {arms("", "") + "---\nname: other\n", "line 10, column 1: a second document begins"},
		"empty":           {"", "there is nothing in it"},
		"own alias":       {"groups: &a [*a]\n", "stands where settings belong"},
		"unknown alias":   {"name: *b\n", "there is no anchor &b before it"},
	} {
		_, err := plan(c.yaml)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 300 {
			t.Errorf("%s: error %.300v, want %q", name, err, c.want)
		}
	}
	if p, err := plan(bomb); err != nil || p.Groups[0].Arms[0].Noise == nil {
		t.Errorf("anchors and aliases are not read: %v", err)
	}
	laughs := "name: a\nquestion: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		laughs += strings.Replace("groups: &aN [*aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM]\n", "N", string(rune('1'+i)), 1)
		laughs = strings.ReplaceAll(laughs, "M", string(rune('0'+i)))
	}
	if _, err := plan(laughs); err == nil {
		t.Error("ten to the tenth values are read")
	}
}

// A study's files lie where its own file is, wherever it is read and verified.
func TestRelativePathsStartFromTheStudysFile(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "studies")
	putFile(t, "name: here\nquestion: why?\nseeds: 1\ndata: images.npy\nbudget: {epochs: 1, images: 32}\ngroups:\n  - name: g\n    control: a\n    arms:\n      - {name: a, filters: 2, bottleneck: 2, convolutions: 1}\n", folder, "my.yaml")
	pixels := make([]byte, 60*8*8)
	for i := range pixels {
		pixels[i] = byte(i * i % 251)
	}
	head := "{'descr': '|u1', 'fortran_order': False, 'shape': (60, 8, 8), }"
	head += strings.Repeat(" ", 64-(10+len(head)+1)%64) + "\n"
	putFile(t, "\x93NUMPY\x01\x00"+string([]byte{byte(len(head)), 0})+head+string(pixels), folder, "images.npy")
	t.Chdir(root)
	p, err := ReadPlan(filepath.Join("studies", "my.yaml"))
	check(t, err)
	s, err := p.Open()
	check(t, err)
	dir := filepath.Join(root, "results")
	_, err = Run(context.Background(), s, Options{Dir: dir, Threads: 1, Invocation: struct {
		From PathsFrom `json:"paths_from"`
	}{p.PathsFrom()}}, watcher{})
	check(t, err)
	elsewhere := t.TempDir()
	t.Chdir(elsewhere)
	v, err := Verify(context.Background(), dir, VerifyOptions{Threads: 1}, watcher{})
	if err != nil || len(v.Differences) > 0 || v.Checked != 1 {
		t.Errorf("%+v, error %v", v, err)
	}
	study, err := os.ReadFile(filepath.Join(dir, studyFile))
	if err != nil || strings.Contains(string(study), root) {
		t.Errorf("study.json says where it was run, error %v", err)
	}
}
