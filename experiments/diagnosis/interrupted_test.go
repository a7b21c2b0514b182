package diagnosis

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A whole answer is never lost to one that was interrupted; all else gives place to what is newer.
func TestAWholeAnswerOutlastsAnInterruptedOne(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	e, err := Diagnose(ctx, tiny(t, nil), Options{})
	must(t, err)
	dir := t.TempDir()
	beside := filepath.Join(dir, interruptedFolder)
	save := func(name string, interrupted bool) {
		t.Helper()
		e.Name, e.Interrupted = name, interrupted
		leave, err := Claim(dir)
		must(t, err)
		defer leave()
		place, leaveToo, err := e.Place(dir)
		must(t, err)
		defer leaveToo()
		_, err = e.Save(place)
		must(t, err)
	}
	for _, c := range []struct {
		name        string
		interrupted bool
		in, beside  string // whose answers there are then
	}{
		{"a", true, "a", ""}, {"b", true, "b", ""}, {"c", false, "c", ""}, {"d", true, "c", "d"}, {"e", true, "c", "e"}, {"f", false, "f", ""},
	} {
		save(c.name, c.interrupted)
		for folder, want := range map[string]string{dir: c.in, beside: c.beside} {
			if got := nameIn(folder); got != want {
				t.Errorf("after %s there is the answer %q in %s, want %q", c.name, got, folder, want)
			}
		}
	}
	if _, err := os.Stat(beside); err == nil {
		t.Error("the folder of the interrupted answer is left")
	}
	must(t, os.Mkdir(beside, 0o755))
	foreign := filepath.Join(beside, pageFile)
	must(t, os.WriteFile(foreign, []byte("mine"), 0o644))
	e.Interrupted = true
	if _, _, err := e.Place(dir); err == nil {
		t.Error("an answer is to go where a page of somebody else's is")
	}
	save("g", false)
	if b, err := os.ReadFile(foreign); err != nil || string(b) != "mine" {
		t.Errorf("somebody else's page is %q, error %v", b, err)
	}
}

// nameIn is the name of the model in a folder's answer, "" if there is none.
func nameIn(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, answerFile))
	var d Diagnosis
	if err != nil || json.Unmarshal(b, &d) != nil {
		return ""
	}
	return d.Name
}
