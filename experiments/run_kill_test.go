package experiments

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
const killFolder = "EXPERIMENTS_KILL_FOLDER"

// TestKilledStudy is not a test of its own: it is what TestStudyGoesOnAfterKill kills.
func TestKilledStudy(t *testing.T) {
	dir := os.Getenv(killFolder)
	if dir == "" {
		return
	}
	slow := watcher{epoch: func() { time.Sleep(20 * time.Millisecond) }} // so that there is something to kill
	if _, err := Run(context.Background(), tiny(t), Options{Dir: dir, Threads: 2, Invocation: "test"}, slow); err != nil {
		t.Fatal(err)
	}
}

// SIGKILL at any moment. More of it, with the program itself, is in cmd/dcae/kill_test.go.
func TestStudyGoesOnAfterKill(t *testing.T) {
	dir := t.TempDir()
	program := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledStudy$")
		cmd.Env = append(os.Environ(), killFolder+"="+dir)
		return cmd
	}
	epochs := func() int {
		b, _ := os.ReadFile(filepath.Join(dir, timingFile)) // not there at first
		return max(0, bytes.Count(b, []byte("\n"))-1)
	}
	random := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for range 3 {
		before := epochs()
		cmd := program()
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(5 * time.Second); epochs() == before && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond) // it is reading the images
		}
		time.Sleep(time.Duration(random.IntN(50)) * time.Millisecond)
		_ = cmd.Process.Kill() // it may have ended
		if err := cmd.Wait(); err != nil {
			if bytes.Contains(out.Bytes(), []byte("FAIL")) {
				t.Fatal(out.String())
			}
			kills++
			t.Logf("killed after %d epochs", epochs())
		}
	}
	if kills == 0 {
		t.Fatal("each time the study had ended before it was killed")
	}
	if out, err := program().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sameAsUninterrupted(t, dir)
}
