package keras

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/graph"
	"dcae/graph/graphtest"
)

// notOfKeras are layers that Keras has not: models made of PyTorch's have them.
var notOfKeras = map[string]bool{
	"Slice": true, "Take": true, "BroadcastTo": true, "StopGradient": true, "Elementwise": true, "BinaryEntropy": true, "OneHotMax": true, "Sample": true, "AlphaDropout": true, "Where": true,
	"Divide": true, "Power": true, "Compare": true, "MatMul": true, "Reduce": true, "Resize": true, "Pad2D": true, "PixelShuffle": true, "PixelUnshuffle": true, "MaxUnpooling2D": true,
}

// Each kind of layer is written and read back with all of its settings, or refused. (layerFields writes a layer that it does not name without
// settings.)
func TestEveryLayerIsWrittenAndRead(t *testing.T) {
	for _, e := range graphtest.Layers() {
		class := e.Layer.Class()
		m := e.Model()
		config, err := Encode(m)
		if notOfKeras[class] {
			if err == nil || !strings.Contains(err.Error(), "Keras has no such layer") {
				t.Errorf("%s is written: %v", class, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v: settingsOf and layerFields (layer_settings.go, encode_layers.go) are to name it", class, err)
			continue
		}
		parsed, err := ParseConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		flat, err := parsed.Flatten()
		if err != nil {
			t.Errorf("%s: %v", class, err)
			continue
		}
		if diff := cmp.Diff(m.Nodes, flat.Model.Nodes); diff != "" {
			t.Errorf("%s: %s", class, diff)
		}
		if reflect.ValueOf(e.Layer).NumField() > 0 && layerFields(e.Layer) == nil {
			t.Errorf("%s has settings, and none are written", class)
		}
	}
}

func TestWhatKerasHasNotIsRefused(t *testing.T) {
	for what, l := range map[string]graph.Layer{
		"unbiased moving variance": graph.BatchNormalization{Unbiased: true}, "weights are computed": graph.Supplied{Layer: graph.Dense{Units: 1, NoBias: true}, Names: []string{"kernel"}},
	} {
		m := graph.Sequential("m", graph.Shape{2}, l)
		if s, ok := l.(graph.Supplied); ok {
			m.Nodes = []graph.Node{{Name: "w", Layer: graph.Parameter{Shape: graph.Shape{2, 1}}}, {Name: "d", Layer: s, Inputs: []int{-1, 0}}}
		}
		if _, err := Encode(m); err == nil || !(strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "no such layer")) {
			t.Errorf("error %v does not say %q", err, what)
		}
	}
	m := graph.Sequential("m", graph.Shape{2}, graph.Dense{Units: 2})
	m.OwnLoss = []graph.Node{{Name: "size", Layer: graph.BatchSize{}}}
	if _, err := Encode(m); err == nil || !strings.Contains(err.Error(), "own loss") {
		t.Errorf("a loss of its own: %v", err)
	}
}
