package experiments

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"dcae/experiments/outcome"
	"dcae/training"
	"dcae/training/dataset/npz"
	"dcae/training/files"
)

// A run's records in a folder are read into what the rules want: columns by layer, the bottleneck, the output's limits, and how far the images
// lie beyond them in the arm's own units.
func TestMechanismsAreReadFromRecords(t *testing.T) {
	dir := t.TempDir()
	study := `{"format":1,"name":"n","data":{"shape":[1,4,1]},"budget":{"batch":1},"groups":[{"name":"g","control":"m","seeds":[1],"arms":[
		{"name":"m","epochs":2,"input":[1,4,1],"units":{"factor":2,"shift":-1},"layers":[
		{"name":"a","class":"Dense","settings":{"Activation":"relu"},"output":[2],"values":8,"kernel":true},
		{"name":"b","class":"Dense","settings":{"Activation":"sigmoid"},"output":[4],"values":8,"kernel":true}]}]}]}`
	folder := runFolder(dir, "m", 1)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(dir, studyFile): study,
		filepath.Join(folder, stepsFile): "epoch,step,loss,learning_rate,a/gradient_norm,a/gradient_rms,a/weight_norm,a/update_ratio,b/gradient_norm,b/gradient_rms,b/weight_norm,b/update_ratio\n" +
			"1,1,0.5,0.1,0.3,0.3,1,0.2,0.4,0.4,2,0.1\n1,2,0.4,0.1,0,0,1,0.2,0.4,0.4,2,0.1\n2,3,0.4,0.1,0,0,1,0.2,0.4,0.4,2,0.1\n2,4,0.4,0.1,0,0,1,0.2,0.4,0.4,2,0.1\n",
		filepath.Join(folder, epochsFile): "epoch,train_loss,heldout_mse,heldout_fvu,heldout_spread,heldout_mean,a/dead,a/saturated,b/dead,b/saturated\n1,0.45,1,1,0,0.25,1,0,0,0.5\n2,0.4,1,1,0,0.25,1,0,0,0.5\n",
	} {
		if err := files.WriteBytes(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	images := []npz.Array{{Name: "test", Shape: []int{1, 1, 4, 1}, Float32: []float32{0, 0.5, 1, 1}}, {Name: "mean", Shape: []int{1, 1, 4, 1}, Float32: []float32{0.5, 0.5, 0.5, 0.5}}}
	if err := npz.Write(filepath.Join(dir, imagesFile), images); err != nil {
		t.Fatal(err)
	}
	result := &Result{Arm: "m", Seed: 1, Outcome: outcome.Constant, Test: training.Scores{FVU: 1.2, Mean: 0.25}, Reestimated: math.NaN()}
	why, err := Explain(dir, []*Result{result})
	if err != nil {
		t.Fatal(err)
	}
	// -1, 0, 1 and 1 in the arm's units: one of four values is 1 under the limit, and the variance is 3.
	want := "1 of 1 printing one and the same image for every input: the output, sigmoid, goes from 0 to 1 and the images from -1 to 1: 25% of their values cannot be printed, " +
		"which alone leaves an FVU of 0.33 or more; then by step 2 all 2 units of a are dead, and no gradient is left in it or before it."
	if got := why.Sentence([]*Result{result}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := os.Remove(filepath.Join(folder, epochsFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Explain(dir, []*Result{result}); err == nil {
		t.Error("a run without its epochs is explained")
	}
}
