package experiments

import (
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
