package experiments

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dcae/training/files"
)

// Each symptom, and a run in which nothing stands out. A row of steps: loss, then of two layers gradient norm, RMS, weight norm, update ratio.
func TestSymptomsFollowFromTheRecords(t *testing.T) {
	usual := "0.1,0.1,1,0.001,0.1,0.1,1,0.001"
	for _, c := range []struct {
		name, loss, layers, epochs string
		want                       string // names of symptoms, with their layers
	}{
		{"nothing", "1,0.5,0.4,0.3", usual, "1,0.5,0.1,0.4,0.9,0.2,0.1,0,0,0\n2,0.499,0.1,0.4,0.9,0.2,0.1,0,0,0", ""},
		{"not a number", "1,NaN", usual, "1,NaN,NaN,NaN,NaN,NaN,0,0,0,0", "non_finite_loss"},
		{"diverging", "1,20", usual, "1,20,9,9,9,9,0,0,0,0", "diverging no_better_than_mean"},
		{"flat", "1,1", usual, "1,1,1,0.4,0.9,0,0,0,0,0", "flat_loss"},
		{"falling, and the mean image", "1,0.5", usual, "1,0.9,1,1.0,0.001,0,0,0,0,0\n2,0.5,1,1.0,0.001,0,0,0,0,0", "still_falling constant_output"},
		{"overfitting", "1,0.5", usual, "1,0.9,0.1,0.4,0.9,0,0,0,0,0\n2,0.899,0.2,0.6,0.9,0,0,0,0,0", "overfitting"},
		{"no gradient", "1,0.5", "0,0,1,0.001,0.1,0.1,1,0.001", "1,0.5,0.1,0.4,0.9,0,0,0,0,0", "no_gradient/a"},
		{"fading", "1,0.5", "0.00001,0.00001,1,0.001,0.1,0.1,1,0.001", "1,0.5,0.1,0.4,0.9,0,0,0,0,0", "fading_gradient/a"},
		{"exploding", "1,0.5", "1000,1000,1,0.001,0.1,0.1,1,0.001", "1,0.5,0.1,0.4,0.9,0,0,0,0,0", "exploding_gradient/a"},
		{"updates", "1,0.5", "0.1,0.1,1,0.5,0.1,0.1,1,1e-9", "1,0.5,0.1,0.4,0.9,0,0,0,0,0", "large_updates/a small_updates/b"},
		{"units", "1,0.5", usual, "1,0.5,0.1,0.4,0.9,0,0.6,0,0,0.99", "dead_units/a saturated/b"},
	} {
		dir := t.TempDir()
		study := `{"format":1,"name":"n","recorded_by":"Keras","data":{"shape":[1,1,1]},"budget":{"batch":1},"groups":[{"name":"g","control":"m","seeds":[1],"arms":[
			{"name":"m","epochs":1,"layers":[{"name":"a","values":1,"kernel":true},{"name":"b","values":1,"kernel":true}]}]}]}`
		folder := runFolder(dir, "m", 1)
		if err := os.MkdirAll(folder, 0o750); err != nil {
			t.Fatal(err)
		}
		steps := "epoch,step,loss,learning_rate,a/gradient_norm,a/gradient_rms,a/weight_norm,a/update_ratio,b/gradient_norm,b/gradient_rms,b/weight_norm,b/update_ratio\n"
		for i, loss := range strings.Split(c.loss, ",") {
			steps += fmt.Sprintf("1,%d,%s,0.1,%s\n", 3*i+1, loss, c.layers) // a recorder may leave steps out
		}
		epochs := "epoch,train_loss,heldout_mse,heldout_fvu,heldout_spread,heldout_mean,a/dead,a/saturated,b/dead,b/saturated\n" + c.epochs + "\n"
		for path, text := range map[string]string{filepath.Join(dir, studyFile): study, filepath.Join(folder, stepsFile): steps, filepath.Join(folder, epochsFile): epochs} {
			if err := files.WriteBytes(path, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Symptoms(dir)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []string
		for _, s := range r.Symptoms {
			if s.Name == "non_finite_loss" && s.Text != "the loss is not a number from step 4 on" {
				t.Errorf("%s: %s", c.name, s.Text)
			}
			got = append(got, strings.TrimSuffix(s.Name+"/"+s.Layer, "/"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s shows %q, not %q", c.name, got, c.want)
		}
	}
	if _, err := Symptoms(t.TempDir()); err == nil {
		t.Error("an empty folder has symptoms")
	}
}
