package live

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dcae/experiments"
	"dcae/training"
)

// A study is followed while it runs: what comes is what its records hold, and in the end the results.
func TestAStudyIsFollowedWhileItRuns(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	plan, err := experiments.ParsePlan([]byte(strings.Replace(labStudy, `"lab"`, `"followed"`, 1)), "test")
	if err != nil {
		t.Fatal(err)
	}
	study, err := plan.Open()
	if err != nil {
		t.Fatal(err)
	}
	begun, goOn := make(chan struct{}), make(chan struct{})
	ended := make(chan error)
	go func() {
		_, err := experiments.Run(context.Background(), study, experiments.Options{Dir: filepath.Join(dir, "a b", "study"), Threads: 1}, &slowly{begun: begun, goOn: goOn})
		ended <- err
	}()
	<-begun
	var list []found
	if _, text := s.text("GET", "/api/results", ""); json.Unmarshal([]byte(text), &list) != nil || len(list) != 1 || !list[0].Running || list[0].Runs != 4 || list[0].Finished != 0 {
		t.Errorf("found: %+v", list)
	}
	events := s.listen("/api/follow/a%20b/study", "")
	all := until(t, events, "lines", `"table":"epochs"`)
	if strings.Contains(joined(all, "result"), "outcome") {
		t.Error("a run is finished before it was let go on")
	}
	close(goOn)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	all = append(all, until(t, events, "end", "")...)
	if n := strings.Count(joined(all, "result"), `"outcome"`); n != 4 {
		t.Errorf("%d results", n)
	}
	d, err := s.definition("a b/study")
	if err != nil {
		t.Fatal(err)
	}
	followed := tables(t, all)
	for i, r := range d.Records() {
		b, err := os.ReadFile(filepath.Join(dir, "a b", "study", filepath.FromSlash(r.Epochs)))
		if err != nil || string(b) != followed[i]["epochs"] {
			t.Errorf("%s seed %d: followed\n%s\nrecorded\n%s\n%v", r.Arm, r.Seed, followed[i]["epochs"], b, err)
		}
		if b, err = os.ReadFile(filepath.Join(dir, "a b", "study", filepath.FromSlash(r.Steps))); err != nil || strings.Count(string(b), "\n") != strings.Count(followed[i]["steps"], "\n") {
			t.Errorf("%s seed %d: followed\n%s\n%v", r.Arm, r.Seed, followed[i]["steps"], err)
		}
	}
	list = nil
	if _, text := s.text("GET", "/api/results", ""); json.Unmarshal([]byte(text), &list) != nil || list[0].Running || list[0].Finished != 4 {
		t.Errorf("found: %s", text)
	}
}

// slowly watches a study, and holds it up after its first epoch.
type slowly struct {
	nobody
	begun, goOn chan struct{}
	once        bool
}

func (s *slowly) EpochEnded(string, uint64, int, *training.EpochRecord) { <-s.goOn }

func (s *slowly) Stepped(string, uint64, int, float64) {
	if s.once {
		return
	}
	s.once = true
	close(s.begun)
}

func TestRecordsAreCutIntoWholeLines(t *testing.T) {
	text := "step,loss,\"a,b/gradient_norm\",x/weight_norm\n1,0.5,3,9\n2,0.25,2,9\n3,NaN,+Inf,9\n4,1,1\n5,1,1,9\n6,0,"
	want := map[int]string{0: "1,0.5,3\n2,0.25,2\n3,NaN,+Inf\n5,1,1\n", 2: "1,0.5,3\n3,NaN,+Inf\n5,1,1\n"}
	for every, lines := range want {
		for _, piece := range []int{1, 7, 1000} {
			f := feed{every: every, wanted: wantedColumn}
			got, columns := "", ""
			for i := 0; i < len(text); i += piece {
				names, more, err := f.take([]byte(text[i:min(i+piece, len(text))]))
				if err != nil {
					t.Fatal(err)
				}
				got += more
				columns += strings.Join(names, "|")
			}
			if got != lines || columns != "step|loss|a,b/gradient_norm" {
				t.Errorf("every %d, in pieces of %d: %q of %q", every, piece, got, columns)
			}
		}
	}
	f := feed{}
	if _, _, err := f.take(make([]byte, longestLine+1)); err == nil {
		t.Error("a line without end is taken")
	}
}

func TestDamagedResultsAreToldAndHarmNothing(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"broken/study.json": "{", "other/study.json": `{"format": 9}`, "d/diagnosis.json": `{"name": "<b>x</b>", "verdict": "faulty", "causes": [{"cause": "loss"}]}`,
		"e/diagnosis.json": "[]", ".hidden/study.json": "{}", "deep/a/b/c/d/e/f/diagnosis.json": "{}",
		"escape/study.json": `{"format": 1, "name": "x", "data": {"shape": [1,1,1]}, "budget": {"batch": 1}, "groups": [{"seeds": [1], "arms": [{"name": "../../x", "epochs": 1}]}]}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, dir)
	_, text := s.text("GET", "/api/results", "")
	var list []found
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for _, f := range list {
		kinds[f.Path] = f.Kind + " " + f.Name
	}
	want := map[string]string{"broken": "damaged broken", "other": "damaged other", "d": "diagnosis <b>x</b>", "e": "damaged e", "escape": "damaged escape"}
	for path, kind := range want {
		if kinds[path] != kind {
			t.Errorf("%s is %q, not %q", path, kinds[path], kind)
		}
	}
	if len(kinds) != len(want) {
		t.Errorf("found %v", kinds)
	}
	if strings.Contains(text, "<b>") {
		t.Error("a name is not escaped in JSON")
	}
}
