package saved

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/training"
	"dcae/training/dataset/npz"
)

// TestTraceOfKeras2 traces models that Keras 2 wrote into HDF5 files: with frozen layers in a model in the model, with shared ones, compressed, and
// as the newest HDF5 writes them. See models/keras/testdata/keras2_models.py.
func TestTraceOfKeras2(t *testing.T) {
	for _, name := range []string{"keras2_frozen", "keras2_older_adam", "keras2_unet", "keras2_chain_packed", "keras2_chain_newest"} {
		t.Run(name, func(t *testing.T) {
			m, err := LoadKeras(filepath.Join("testdata", name+".h5"))
			check(t, err)
			if len(m.Warnings) > 0 {
				t.Errorf("warnings: %v", m.Warnings)
			}
			want, err := readTestdata(name)
			check(t, err)
			batch, err := batchOf(want, m)
			check(t, err)
			got, err := m.Trace(batch, 20, nil)
			check(t, err)
			got = slices.DeleteFunc(got, func(a npz.Array) bool { return lookup(want, a.Name) == nil })
			if len(got) != len(want) {
				t.Errorf("%d arrays are common, Keras has %d", len(got), len(want))
			}
			compareTraces(t, m.Model, got, want)
		})
	}
}

// TestKeras2GoesOn goes on with the optimizer's state after 5 steps there, under the two forms of names that Keras 2 gave it.
func TestKeras2GoesOn(t *testing.T) {
	for _, name := range []string{"keras2_frozen_on", "keras2_older_adam_on", "keras2_unet_on"} {
		m, err := LoadKeras(filepath.Join("testdata", name+".h5"))
		check(t, err)
		if m.State == nil || m.State.Iterations != 5 || len(m.Warnings) > 0 {
			t.Fatalf("%s: state %+v, warnings %v", name, m.State, m.Warnings)
		}
		want, err := readTestdata(name)
		check(t, err)
		batch, err := batchOf(want, m)
		check(t, err)
		for range 5 {
			takeStep(t, m, batch)
		}
		got, err := m.Trace(batch, 0, nil)
		check(t, err)
		y, w := float64s(lookup(got, "y")), float64s(lookup(want, "y"))
		if d := difference(y, w) / norm(w); !(d <= 1e-3) || math.IsNaN(d) {
			t.Errorf("%s: after 5 more steps its output is off by %.2g", name, d)
		}
	}
}

// TestH5IsTheSameModel: Keras 3 writes one model into either kind of file, and the name of the file does not matter.
func TestH5IsTheSameModel(t *testing.T) {
	for _, name := range []string{"shared", "pretrained", "continued"} {
		want := loadSaved(t, name)
		b, err := os.ReadFile(filepath.Join("testdata", name+".h5"))
		check(t, err)
		path := filepath.Join(t.TempDir(), "x.hdf5")
		check(t, os.WriteFile(path, b, 0o644))
		if !IsFile(path) || NameOf(path) != "x" {
			t.Errorf("%s is no file of a model, or is called %s", path, NameOf(path))
		}
		got, err := Open(path, nil)
		check(t, err)
		if diff := cmp.Diff(want.Model, got.Model); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, v := range want.Params.All {
			if !slices.Equal(v.Float32s(), got.Params.Lookup(v.Path()).Float32s()) {
				t.Errorf("%s: %s differs", name, v.Path())
			}
		}
		if want.Optimizer.String() != got.Optimizer.String() || want.Loss != got.Loss || want.State != nil && !cmp.Equal(want.State, got.State) {
			t.Errorf("%s: %v, %v became %v, %v", name, want.Optimizer, want.Loss, got.Optimizer, got.Loss)
		}
	}
}

func TestDamagedH5GetsOneClearLine(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "keras2_chain_newest.h5"))
	check(t, err)
	for at := 100; at < len(whole); at += 997 {
		for name, b := range map[string][]byte{"cut.h5": whole[:at], "flipped.h5": append(append(slices.Clone(whole[:at]), whole[at]^16), whole[at+1:]...)} {
			path := filepath.Join(t.TempDir(), name)
			check(t, os.WriteFile(path, b, 0o644))
			_, err := LoadKeras(path)
			if name == "cut.h5" && err == nil {
				t.Errorf("%d of %d bytes are taken for a model", at, len(whole))
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 || !strings.Contains(err.Error(), name)) {
				t.Errorf("cut or changed at %d: %v", at, err)
			}
		}
	}
}

// TestOlderDecay: what Keras 2 calls decay is a schedule.
func TestOlderDecay(t *testing.T) {
	m, err := LoadKeras(filepath.Join("testdata", "keras2_older_adam.h5"))
	check(t, err)
	want := training.InverseTimeDecay{InitialLearningRate: 0.001, DecaySteps: 1, DecayRate: 0.01}
	if diff := cmp.Diff(training.Schedule(want), training.Shared(m.Optimizer).Schedule); diff != "" {
		t.Error(diff)
	}
}
