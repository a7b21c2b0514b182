package diagnosis

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

// tiny is examined in next to no time: a linear code of small images.
func tiny(t *testing.T, o training.Optimizer) Subject {
	t.Helper()
	return Subject{
		Name: "tiny", Optimizer: o, Images: smallImages(t, dataset.Treatment{}),
		Model: graph.Sequential("tiny", graph.Shape{14, 14, 1}, graph.Flatten{}, graph.Dense{Units: 16}, graph.Dense{Units: 196}, graph.Reshape{Target: graph.Shape{14, 14, 1}}),
	}
}

func TestAModelThatLearnsIsHealthy(t *testing.T) {
	d, err := Diagnose(context.Background(), tiny(t, training.Adam{LearningRate: 0.003}), Options{Guard: time.Hour})
	must(t, err)
	if d.Verdict != Healthy || len(d.Causes) > 0 || d.Fix != nil {
		t.Errorf("%s, %+v", d.Verdict, d.Causes)
	}
}

// What a model learned at first it may lose again.
func TestAModelThatLosesWhatItLearnedIsNotHealthy(t *testing.T) {
	d, err := Diagnose(context.Background(), tiny(t, training.Adam{Base: training.Base{Schedule: late(10)}}), Options{Guard: time.Hour})
	must(t, err)
	if d.Verdict != Faulty || d.Given.Learned != 0 || len(d.Causes) == 0 || d.Causes[0].Cause != LearningRateHigh || d.Fix == nil {
		t.Errorf("%s, %+v, %+v", d.Verdict, d.Given, d.Causes)
	}
}

// The same call gives the same answer, whatever the number of processors; what was repaired is saved, and learns.
func TestATooHighRateIsNamedAndRepaired(t *testing.T) {
	subject := tiny(t, training.Adam{LearningRate: 10})
	var answers []string
	for _, threads := range []int{1, 2} {
		d, err := Diagnose(context.Background(), subject, Options{Threads: threads, Seconds: 8, Guard: time.Hour})
		must(t, err)
		d.Seconds = 0
		b, err := json.Marshal(d.Diagnosis)
		must(t, err)
		answers = append(answers, string(b))
		if threads == 1 {
			continue
		}
		if d.Verdict != Faulty || len(d.Causes) == 0 || d.Causes[0].Cause != LearningRateHigh || d.Fix == nil || d.Fix.Learned != "6/6" {
			t.Fatalf("%s", b)
		}
		dir := t.TempDir()
		before := slices.Clone(d.search.fix.confirmed)
		warnings, err := d.Save(dir)
		must(t, err)
		if len(warnings) > 0 {
			t.Error(warnings)
		}
		if !slices.Equal(d.search.fix.confirmed, before) {
			t.Error("drawing changes which runs there are")
		}
		for _, file := range []string{answerFile, pageFile, pictureFile, fixedFile} {
			if !isFile(filepath.Join(dir, file)) {
				t.Errorf("no %s", file)
			}
		}
		fixed, err := saved.LoadKeras(filepath.Join(dir, fixedFile))
		must(t, err)
		test := newPool(subject.Images, nil).test
		e, err := training.NewEvaluator(fixed.Model, fixed.Loss, fixed.Params, newWindow(test, setup{}, math.MaxInt), 0, subject.Images.Train.Mean(), nil, false)
		must(t, err)
		defer e.Close()
		scores, err := e.Scores()
		must(t, err)
		if !(scores.FVU < d.search.look.attainable.mark()) || training.LearningRate(fixed.Optimizer) >= 10 {
			t.Errorf("the repaired model's FVU is %v with %v", scores.FVU, fixed.Optimizer)
		}
		if text := d.Text(dir); !strings.Contains(text, "learning rate") || !strings.Contains(text, "keras.optimizers.Adam(learning_rate=") {
			t.Error(text)
		}
	}
	if answers[0] != answers[1] {
		t.Errorf("one thread:\n%s\ntwo:\n%s", answers[0], answers[1])
	}
}

func TestAModelThatWasSavedDeadIsFound(t *testing.T) {
	subject := tiny(t, training.Adam{LearningRate: 0.003})
	params, err := subject.Model.Init(1, graph.Float32)
	must(t, err)
	for _, v := range params.All {
		must(t, v.Set(make([]float64, v.Shape.Size())))
	}
	subject.Params = params
	d, err := Diagnose(context.Background(), subject, Options{Guard: time.Hour})
	must(t, err)
	if d.Verdict != Faulty || len(d.Causes) != 1 || d.Causes[0].Cause != Initialization || d.Fix == nil || !(d.Fix.FVUAfter < 0.5) || d.Fix.FVUBefore < 0.5 || !strings.Contains(d.Fix.Keras, "clone_model(model)") {
		t.Errorf("%s, %+v, %+v", d.Verdict, d.Causes, d.Fix)
	}
	for _, v := range params.All {
		if slices.ContainsFunc(v.Values(), func(x float64) bool { return x != 0 }) {
			t.Fatalf("%s of the subject was changed", v.Path())
		}
	}
}

// The form of the JSON that others read.
func TestTheJSONsForm(t *testing.T) {
	code := "x = x / 255"
	d := Diagnosis{
		Verdict: Faulty, Causes: []Blame{{DataScale, 0.9, []string{"because"}}}, Symptoms: []Symptom{},
		Fix:           &Fix{Changes: []string{"a"}, Keras: "b", Data: &code, Learned: "6/6", FVUBefore: Number(math.Inf(1)), FVUAfter: 0.25, Model: "c"},
		Interventions: []Intervention{{Change: "a", Cause: DataScale, FVU: []Number{0.5, Number(math.NaN())}, Steps: 100}}, Seconds: 1.5,
	}
	b, err := json.Marshal(d)
	must(t, err)
	want := `{"verdict":"faulty","causes":[{"cause":"data_scale","confidence":0.9,"evidence":["because"]}],"fix":{"changes":["a"],"keras":"b","data":"x = x / 255","learned":"6/6","fvu_before":null,"fvu_after":0.25,"model":"c"},"interventions":[{"change":"a","cause":"data_scale","fvu":[0.5,null],"steps":100}],"symptoms":[],"seconds":1.5,`
	if !strings.HasPrefix(string(b), want) {
		t.Errorf("%s", b)
	}
}

// An answer that was read from JSON says what it said before; so does an empty one, without a panic.
func TestADecodedAnswerIsAPlainValue(t *testing.T) {
	code := "x = x / 255"
	d := Diagnosis{
		Name: "m", Verdict: Faulty, Causes: []Blame{{DataScale, 0.9, []string{"because"}}}, TrialSteps: 100,
		Fix: &Fix{Changes: []string{"a"}, Keras: "b", Data: &code, Learned: "6/6", FVUBefore: Number(math.Inf(1)), FVUAfter: 0.25},
	}
	b, err := json.Marshal(d)
	must(t, err)
	var again Diagnosis
	must(t, json.Unmarshal(b, &again))
	if got, want := again.Text("x"), d.Text("x"); got != want || !strings.Contains(got, "the scale of the images' values") {
		t.Errorf("%s\nwas\n%s", got, want)
	}
	for _, v := range []Verdict{Healthy, Faulty, Unreliable, Inconclusive, ""} {
		empty := Diagnosis{Verdict: v}
		if empty.Text("") == "" {
			t.Errorf("%s: no text", v)
		}
	}
}

// Where the time is up at once there is still an answer, and it is saved.
func TestAnAnswerWithoutARunIsSaved(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	e, err := Diagnose(ctx, tiny(t, nil), Options{})
	must(t, err)
	if !e.Interrupted || e.Verdict != Inconclusive || !strings.Contains(e.Text(""), "stopped before it had ended") {
		t.Errorf("%+v", e.Diagnosis)
	}
	dir := t.TempDir()
	warnings, err := e.Save(dir)
	must(t, err)
	if len(warnings) > 0 || !isFile(filepath.Join(dir, answerFile)) || !isFile(filepath.Join(dir, pageFile)) {
		t.Errorf("warnings %q", warnings)
	}
}

// A page that cannot be written is a warning; only a folder that cannot be made costs the file with the answer.
func TestOnlyTheAnswerMustBeWritten(t *testing.T) {
	e, err := Diagnose(context.Background(), tiny(t, training.Adam{LearningRate: 0.003}), Options{Guard: time.Hour})
	must(t, err)
	dir := t.TempDir()
	for _, file := range []string{pageFile, pictureFile} { // folders stand where the files belong
		must(t, os.MkdirAll(filepath.Join(dir, file, "x"), 0o755))
	}
	warnings, err := e.Save(dir)
	must(t, err)
	if len(warnings) != 2 || !isFile(filepath.Join(dir, answerFile)) {
		t.Errorf("warnings %q", warnings)
	}
	if _, err := e.Save(filepath.Join(dir, answerFile, "x")); err == nil {
		t.Error("a folder in a file was made")
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func TestWhatCannotBeTrainedIsAnError(t *testing.T) {
	for what, change := range map[string]func(*Subject){
		"images of 14x14x1": func(s *Subject) { s.Model = graph.Sequential("other", graph.Shape{8, 8, 1}, graph.Activate{}) },
		"give back": func(s *Subject) {
			s.Model = graph.Sequential("other", graph.Shape{14, 14, 1}, graph.Flatten{}, graph.Dense{Units: 7})
		},
		"as given, seed 1: model other has nothing to train": func(s *Subject) {
			s.Model = graph.Sequential("other", graph.Shape{14, 14, 1}, graph.Flatten{})
		},
		"unknown loss": func(s *Subject) { s.Loss.Function = "odd" },
	} {
		s := tiny(t, nil)
		change(&s)
		if _, err := Diagnose(context.Background(), s, Options{}); err == nil || !strings.Contains(err.Error(), what) && what != "images of 14x14x1" {
			t.Errorf("%s: %v", what, err)
		}
	}
}
