package live

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dcae/experiments"
	"dcae/training"
)

// labStudy is small, and has all that a lab can show: several models and seeds, statistics, a planned change.
const labStudy = `{"name": "lab", "question": "Does it learn?", "seeds": "1-2", "budget": {"epochs": 2, "images": 100, "batch": 16, "validation_images": 20, "test_images": 20},
"groups": [{"name": "g", "control": "plain", "arms": [{"name": "plain", "convolutions": 1, "filters": 2, "bottleneck": 4},
{"name": "normalized", "convolutions": 1, "filters": 2, "bottleneck": 4, "batch_normalization": true, "changes": [{"step": 3, "learning_rate": 0.01}]}]}]}`

func (s *served) makeLab() string {
	s.t.Helper()
	status, text := s.text("POST", "/api/lab", labStudy)
	var made createdLab
	if status != 200 || json.Unmarshal([]byte(text), &made) != nil {
		s.t.Fatalf("%d: %s", status, text)
	}
	return made.ID
}

func (s *served) do(id, action, body string) {
	s.t.Helper()
	if status, text := s.text("POST", "/api/lab/"+id+"/"+action, body); status != 200 {
		s.t.Fatalf("%s: %d %s", action, status, text)
	}
}

// event is one of a stream.
type event struct{ id, kind, data string }

// listen reads a stream, after the event with an id if that is not empty.
func (s *served) listen(path, after string) <-chan event {
	s.t.Helper()
	answer := s.request("GET", path, nil, func(r *http.Request) {
		if after != "" {
			r.Header.Set("Last-Event-ID", after)
		}
	})
	if answer.StatusCode != 200 {
		s.t.Fatalf("%s: %s", path, answer.Status)
	}
	out := make(chan event, 10_000)
	go func() {
		defer close(out)
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<24)
		e := event{}
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "id":
				e.id = value
			case "event":
				e.kind = value
			case "data":
				e.data = value
			case "":
				if e.kind != "" {
					out <- e
				}
				e = event{}
			}
		}
	}()
	return out
}

// until reads events up to one of a kind, whose data hold a text.
func until(t *testing.T, events <-chan event, kind, text string) (all []event) {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the stream ended before %s %s", kind, text)
			}
			all = append(all, e)
			if e.kind == kind && strings.Contains(e.data, text) {
				return all
			}
		case <-limit:
			t.Fatalf("no %s %s came; the last was %+v", kind, text, all[max(0, len(all)-1):])
		}
	}
}

// What a page is told is what dcae run records for the study that the page exports, byte for byte, with the changes that were made meanwhile.
func TestTheLabShowsWhatRunRecords(t *testing.T) {
	s := serve(t, t.TempDir())
	id := s.makeLab()
	events := s.listen("/api/lab/"+id+"/events", "")
	s.do(id, "step?steps=4", "")
	all := until(t, events, "state", `"running"`)
	all = append(all, until(t, events, "state", `"paused","step":4`)...)
	s.do(id, "change?arm=plain&arm=normalized", `{"learning_rate": 0.003}`)
	s.do(id, "change?arm=plain", `{"step": 1, "batch": 9, "clipnorm": 0.5}`)
	s.do(id, "go", "")
	all = append(all, until(t, events, "state", `"ended"`)...)
	_, text := s.text("POST", "/api/lab/"+id+"/study", "")
	var made struct{ Study json.RawMessage }
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		t.Fatal(err)
	}
	status, exported := s.text("POST", "/api/lab/study", string(made.Study))
	if status != 200 || !strings.Contains(exported, "- step: 5\n      learning_rate: 0.003\n      clipnorm: 0.5\n      batch: 9") {
		t.Fatalf("%d\n%s", status, exported)
	}

	path := filepath.Join(t.TempDir(), "lab.yaml")
	if err := os.WriteFile(path, []byte(exported), 0o644); err != nil {
		t.Fatal(err)
	}
	plan, err := experiments.ReadPlan(path)
	if err != nil {
		t.Fatal(err)
	}
	study, err := plan.Open()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := experiments.Run(context.Background(), study, experiments.Options{Dir: dir, Threads: 2}, nobody{}); err != nil {
		t.Fatal(err)
	}
	shown := tables(t, all)
	d, err := experiments.ReadDefinition(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range d.Records() {
		for table, file := range map[string]string{"steps": r.Steps, "epochs": r.Epochs} {
			b, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if got := shown[i][table]; got != string(b) {
				t.Errorf("%s seed %d: the lab shows\n%s\nand %s holds\n%s", r.Arm, r.Seed, got, file, b)
			}
		}
	}
	for _, kind := range []string{"pictures", "outcome", "speed", "finished"} {
		for run := range 4 {
			if !strings.Contains(joined(all, kind), `{"run":`+string(rune('0'+run))) {
				t.Errorf("run %d has no event %s", run, kind)
			}
		}
	}
}

func joined(all []event, kind string) string {
	out := ""
	for _, e := range all {
		if e.kind == kind {
			out += e.data + "\n"
		}
	}
	return out
}

// tables are the records of each run, put together from events.
func tables(t *testing.T, all []event) map[int]map[string]string {
	t.Helper()
	out := map[int]map[string]string{}
	for _, e := range all {
		var c columnsEvent
		var l linesEvent
		switch e.kind {
		case "columns":
			if err := json.Unmarshal([]byte(e.data), &c); err != nil {
				t.Fatal(err)
			}
			if out[c.Run] == nil {
				out[c.Run] = map[string]string{}
			}
			out[c.Run][c.Table] = strings.Join(c.Names, ",") + "\n"
		case "lines":
			if err := json.Unmarshal([]byte(e.data), &l); err != nil {
				t.Fatal(err)
			}
			out[l.Run][l.Table] += l.Text
		}
	}
	return out
}

// nobody watches a study.
type nobody struct{}

func (nobody) Started(string, uint64, int)                           {}
func (nobody) Stepped(string, uint64, int, float64)                  {}
func (nobody) EpochEnded(string, uint64, int, *training.EpochRecord) {}
func (nobody) Finished(*experiments.Result)                          {}
func (nobody) Warned(string, uint64, string)                         {}

func TestAStreamIsTakenUpWhereItWasLost(t *testing.T) {
	s := serve(t, t.TempDir())
	id := s.makeLab()
	s.do(id, "step?steps=3", "")
	path := "/api/lab/" + id + "/events"
	all := until(t, s.listen(path, ""), "state", `"paused","step":3`)
	rest := until(t, s.listen(path, all[4].id), "state", `"paused","step":3`)
	if len(rest) != len(all)-5 || rest[0] != all[5] {
		t.Errorf("after %s came %d events, the first %+v; %d had come before", all[4].id, len(rest), rest[0], len(all))
	}
	for _, other := range []string{"x", "00000000-4", "-1", all[4].id + "9999999999999999999"} { // of a log that is no more, and nonsense
		if again := until(t, s.listen(path, other), "lab", ""); again[0] != all[0] {
			t.Errorf("after %q came %+v", other, again[0])
		}
	}
}

func TestLabsWaitForTheirTurnAndEndAlone(t *testing.T) {
	s := serve(t, t.TempDir())
	s.wait = 300 * time.Millisecond
	end1, _ := s.queue.wait(context.Background(), "first")
	end2, _ := s.queue.wait(context.Background(), "second")
	defer end2()
	id := s.makeLab()
	ctx, stop := context.WithCancel(context.Background())
	answer := s.request("GET", "/api/lab/"+id+"/events", nil, func(r *http.Request) { *r = *r.WithContext(ctx) })
	s.do(id, "go", "")
	deadline := time.Now().Add(20 * time.Second)
	waits := func() bool {
		_, text := s.text("GET", "/api/queue", "")
		return strings.Contains(text, `"waiting":["lab"]`)
	}
	for !waits() && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if _, text := s.text("GET", "/api/queue", ""); text != `{"running":["first","second"],"waiting":["lab"]}` {
		t.Errorf("the queue is %s", text)
	}
	end1()
	for waits() && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	_ = answer.Body.Close()
	isThere := func() bool {
		status, _ := s.text("POST", "/api/lab/"+id+"/study", "")
		return status != 404
	}
	for isThere() && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if isThere() {
		t.Error("the lab goes on alone")
	}
	if status, text := s.text("POST", "/api/lab/"+id+"/go", ""); status != 404 {
		t.Errorf("%d %s", status, text)
	}
}

func TestWrongChangesAreToldAndLeaveTheLab(t *testing.T) {
	s := serve(t, t.TempDir())
	id := s.makeLab()
	for body, want := range map[string]string{
		`{"learning_rate": -1}`: "at least 0", `{}`: "nothing changes", `{"batch": 0}`: "at least 1", `x`: "", `{"filters": 3}`: "unknown field",
	} {
		if status, text := s.text("POST", "/api/lab/"+id+"/change?arm=plain", body); status != 422 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if status, text := s.text("POST", "/api/lab/"+id+"/change?arm=nobody", `{"batch": 3}`); status != 422 {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := s.text("POST", "/api/lab/"+id+"/explode", ""); status != 404 {
		t.Error("a lab explodes")
	}
}

func TestEveryStoryIsAStudy(t *testing.T) {
	for _, story := range stories {
		for _, mended := range []bool{false, true} {
			p, err := story.study(mended)
			if err != nil {
				t.Error(err)
				continue
			}
			if n := p.Runs(); n > mostRuns {
				t.Errorf("%s has %d runs", story.name, n)
			}
			if _, err := p.Open(); err != nil {
				t.Errorf("%s: %v", story.name, err)
			}
		}
	}
}
