package training

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// killFolder names the environment variable that makes the test program the one that is killed.
const killFolder = "TRAINING_KILL_FOLDER"

func killedConfig(checkpoint string) Config {
	return Config{Epochs: 100, Batch: 16, Seed: 4, Optimizer: Adam{LearningRate: 0.01}, CheckpointPath: checkpoint, CheckpointEvery: 3, KeepBest: true}
}

// TestKilledRun is not a test of its own: it is what TestResumeAfterKill kills.
func TestKilledRun(t *testing.T) {
	dir := os.Getenv(killFolder)
	if dir == "" {
		return
	}
	rec := openRecords(t, dir)
	defer rec.close()
	if _, err := Resume(context.Background(), smallModel(), stripes{50}, stripes{20}, killedConfig(rec.checkpoint()), NewStepsCSV(rec.steps), NewEpochsCSV(rec.epochs)); err != nil {
		t.Fatal(err)
	}
}

// The real thing: SIGKILL at any moment.
func TestResumeAfterKill(t *testing.T) {
	want := openRecords(t, t.TempDir())
	defer want.close()
	config := killedConfig("")
	r, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, config, NewStepsCSV(want.steps), NewEpochsCSV(want.epochs))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledRun$")
		cmd.Env = append(os.Environ(), killFolder+"="+dir)
		return cmd
	}
	random := rand.New(rand.NewPCG(1, 2))
	killed := 0
	for range 4 {
		cmd := program()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(30+random.IntN(200)) * time.Millisecond)
		_ = cmd.Process.Kill() // it may have ended
		if err := cmd.Wait(); err != nil {
			killed++
		}
		if steps, err := os.ReadFile(filepath.Join(dir, "steps.csv")); err == nil {
			t.Logf("%d lines after a kill", bytes.Count(steps, []byte("\n")))
		}
	}
	if out, err := program().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := openRecords(t, dir)
	defer got.close()
	last, err := Resume(context.Background(), smallModel(), stripes{50}, stripes{20}, killedConfig(got.checkpoint()), NewStepsCSV(got.steps), NewEpochsCSV(got.epochs))
	if err != nil {
		t.Fatal(err)
	}
	if killed == 0 || outcome(t, dir, last) != outcome(t, want.dir, r) {
		t.Errorf("after %d kills records or weights differ", killed)
	}
	t.Logf("killed %d times", killed)
}
