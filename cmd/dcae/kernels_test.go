package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dcae/graph/arithmetic"
)

// callAnew runs the program in a process of its own, whose CPU may lack features.
func callAnew(t *testing.T, lacking string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	c := exec.Command(own, args...)
	c.Env = append(os.Environ(), asProgram+"=1", "GODEBUG="+lacking)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

// tinyRun is the call that runs a study of one short run in a folder.
func tinyRun(t *testing.T, dir string) []string {
	t.Helper()
	study := filepath.Join(t.TempDir(), "tiny.yaml")
	text := `name: tiny
question: Which kernels?
data: {source: mnist, resize: 12x12}
seeds: "1"
budget: {epochs: 1, images: 40, validation_images: 20, test_images: 20}
groups:
  - {name: all, control: stack, arms: [{name: stack, model: stack, convolutions: 1, filters: 4, bottleneck: 4}]}
`
	if err := os.WriteFile(study, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{"run", study, "--quiet", "--out", dir}
}

func TestAStudyKeepsItsKernels(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	study := tinyRun(t, dir)
	if code, _, errs := callAnew(t, "", append(study, "--kernels", "portable")...); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	before, err := os.ReadFile(filepath.Join(dir, "study.json"))
	if err != nil || !strings.Contains(string(before), `"kernels": "portable"`) {
		t.Fatalf("%v: %.100s", err, before)
	}
	if err := os.Remove(filepath.Join(dir, "runs", "stack", "seed-1", "result.json")); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := callAnew(t, "", study...); code != 0 {
		t.Errorf("going on: exit code %d: %s", code, errs)
	}
	if code, out, errs := callAnew(t, "", "verify", "--quiet", dir); code != 0 || !strings.Contains(out, "every record is the same") {
		t.Errorf("verifying: exit code %d: %s%s", code, out, errs)
	}
	if best := arithmetic.Best(); best != arithmetic.Portable {
		want := `holds another study: kernels is "portable" there, "` + best.String() + `" here`
		if code, _, errs := callAnew(t, "", append(study, "--kernels", best.String())...); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("going on with other kernels: exit code %d: %s", code, errs)
		}
	}
}

func TestAStudyOfKernelsThatTheMachineLacks(t *testing.T) {
	best := arithmetic.Best()
	if best == arithmetic.Portable {
		t.Skip("this machine has the portable kernels alone")
	}
	dir := filepath.Join(t.TempDir(), "study")
	study := tinyRun(t, dir)
	if code, _, errs := callAnew(t, "", study...); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	want := "was computed with the " + best.String() + " kernels, and this machine has portable at best"
	for _, args := range [][]string{study, {"verify", dir}} {
		if code, _, errs := callAnew(t, "cpu.avx2=off", args...); code != 1 || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("dcae %s: exit code %d: %q, want %q", args[0], code, errs, want)
		}
	}
	if code, out, errs := callAnew(t, "cpu.avx2=off", append(study, "--force")...); code != 0 {
		t.Errorf("replacing it: exit code %d: %s%s", code, out, errs)
	}
	if code, _, errs := callAnew(t, "cpu.avx2=off", "bench", "--kernels", best.String()); code != 1 || !strings.Contains(errs, "this machine has no "+best.String()+" kernels") {
		t.Errorf("bench: exit code %d: %s", code, errs)
	}
}

func TestVersion(t *testing.T) {
	want := arithmetic.Best().String() + " kernels, bits number "
	if code, out, errs := call("--version"); code != 0 || !strings.Contains(out, want) || strings.Count(out, "\n") != 1 {
		t.Errorf("exit code %d: %q, %q, want %q", code, out, errs, want)
	}
}
