package diagnosis

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/models/keras"
)

// kerasCode is the difference of two setups as code to paste behind the model: for the model and its compilation, and, if images
// are prepared in another way, for them and for their targets, if they have any.
func kerasCode(from, to setup, targets bool) (code string, data *string) {
	var b strings.Builder
	if from.model != to.model {
		b.WriteString(modelCode(from.model, to.model))
	}
	b.WriteString(compileCode(to))
	if from.batch != to.batch {
		fmt.Fprintf(&b, "# model.fit(..., batch_size=%d)\n", to.batch)
	}
	return "import keras\n\n" + b.String(), dataCode(from, to, targets)
}

// dataCode brings images, and their targets if they have any, to what a setup wants; nil where they stay.
func dataCode(from, to setup, targets bool) *string {
	if from.prepare == to.prepare && (!targets || from.aim == to.aim) {
		return nil
	}
	text := "x = " + to.prepare.code("x") + "\n"
	if targets {
		text += "y = " + to.aim.code("y") + "\n"
	}
	if strings.Contains(text, "np.") {
		text = "import numpy as np\n\n" + text
	}
	text += "# held-out images in the same way, with the same figures\n"
	return &text
}

func compileCode(s setup) string {
	weight := ""
	if w := s.loss.Weight; w != 0 && w != 1 {
		weight = ", loss_weights=" + saved.Python(w)
	}
	return fmt.Sprintf("model.compile(optimizer=%s, loss=%s%s)\n", saved.OptimizerCode(s.optimizer), saved.LossCode(s.loss), weight)
}

// codeAnew is code for a model whose settings are good, and whose weights are not.
func codeAnew(s setup) string {
	return "import keras\n\nmodel = keras.models.clone_model(model)  # with weights drawn anew\n" + compileCode(s)
}

// code is a preparation of an array as a Python expression, in which numpy is np.
func (p preparation) code(array string) string {
	code := array + `.astype("float32")`
	if p.clip {
		code = fmt.Sprintf("np.clip(np.nan_to_num(%s, nan=%.6g), %.6g, %.6g)", code, p.low, p.low, p.high)
	}
	if p.log {
		code = fmt.Sprintf("np.log1p(np.maximum(%s - %.6g, 0))", code, p.origin)
	}
	if p.shift != 0 {
		code = fmt.Sprintf("(%s - %.6g)", code, p.shift)
	}
	if p.divisor != 0 {
		code += fmt.Sprintf(" / %.6g", p.divisor)
	}
	return code
}

// modelCode clones the model with other settings of its layers, where that is all that differs. Layers are found by their kind and their
// place among those of that kind, since Keras counts automatic names on from model to model, and names of one sub-model may stand in another.
func modelCode(from, to *graph.Model) string {
	changes, ok := layerChanges(from, to)
	if !ok {
		return "# The layers themselves change: take the repaired model, or see its layers in report.html.\nmodel = keras.models.load_model(\"fixed.keras\")\n"
	}
	if len(changes) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("changes = {  # kind of layer, its place among those of that kind\n")
	kinds := kindsOf(from)
	var counts []string
	for _, c := range changes {
		same := kinds[c.class]
		fmt.Fprintf(&b, "    (%s, %d): {%s},  # %s\n", saved.Python(c.class), slices.Index(same, c.layer), strings.Join(c.settings, ", "), c.layer)
		if count := fmt.Sprintf("%s: %d", saved.Python(c.class), len(same)); !slices.Contains(counts, count) {
			counts = append(counts, count)
		}
	}
	fmt.Fprintf(&b, `}
of_kind = {%s}  # how many the diagnosed model has

def layers(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers(layer)
        else:
            yield layer

def place(layer):
    base, _, number = layer.name.rpartition("_")
    return (base, int(number)) if base and number.isdigit() else (layer.name, 0)

settings = {}
for kind, count in of_kind.items():
    found = {id(layer): layer for layer in layers(model) if type(layer).__name__ == kind}
    if len(found) != count:
        raise ValueError(f"the diagnosed model has {count} layers {kind}, this one has {len(found)}")
    for k, layer in enumerate(sorted(found.values(), key=place)):
        settings[id(layer)] = changes.get((kind, k), {})

def changed(layer):
    if isinstance(layer, keras.Model):
        return keras.models.clone_model(layer, clone_function=changed)
    config = layer.get_config()
    config.update(settings.get(id(layer), {}))
    return layer.__class__.from_config(config)

model = changed(model)
`, strings.Join(counts, ", "))
	return b.String()
}

// kindsOf are the names of a model's layers by their class, in the order in which the printed code counts them: by name without its number,
// then by number, then as they stand.
func kindsOf(m *graph.Model) map[string][]string {
	kinds := map[string][]string{}
	for _, n := range m.Nodes {
		if n.SharedWith == "" && !strings.HasSuffix(n.Name, keras.ActivationSuffix) {
			kinds[n.Layer.Class()] = append(kinds[n.Layer.Class()], n.Name)
		}
	}
	for _, names := range kinds {
		slices.SortStableFunc(names, func(a, b string) int {
			baseA, numberA := numbered(a)
			baseB, numberB := numbered(b)
			return cmp.Or(cmp.Compare(baseA, baseB), cmp.Compare(numberA, numberB))
		})
	}
	return kinds
}

// numbered is a layer's own name without the number that Keras has counted it with, and the number; 0 if there is none.
func numbered(name string) (base string, number int) {
	name = shortName(name)
	at := strings.LastIndex(name, "_")
	if at < 1 {
		return name, 0
	}
	number, err := strconv.Atoi(name[at+1:])
	if err != nil || number < 0 || name[at+1] == '+' {
		return name, 0
	}
	return name[:at], number
}

type layerChange struct {
	layer, class string
	settings     []string
}

// layerChanges are the settings that differ, layer by layer; ok is false where layers differ in more than settings. A layer that
// only disturbs its input in training and is gone is one that no longer does so.
func layerChanges(from, to *graph.Model) ([]layerChange, bool) {
	before, ok := layerSettings(from)
	after, ok2 := layerSettings(to)
	if !ok || !ok2 {
		return nil, false
	}
	var out []layerChange
	kept := 0
	names := namesOf(from)
	for _, b := range before {
		i := slices.IndexFunc(after, func(a layerSetting) bool { return a.Config.name() == b.Config.name() })
		c := layerChange{layer: names[b.Config.name()], class: b.Class}
		switch {
		case i < 0 && (b.Class == "Dropout" || b.Class == "SpatialDropout2D"):
			c.settings = []string{`"rate": 0.0`}
		case i < 0 && b.Class == "GaussianNoise":
			c.settings = []string{`"stddev": 0.0`}
		case i < 0 || after[i].Class != b.Class:
			return nil, false
		default:
			kept++
			for _, key := range after[i].Config.keys() {
				if v := after[i].Config[key]; key != "name" && !bytes.Equal(v, b.Config[key]) {
					c.settings = append(c.settings, saved.Python(key)+": "+pythonOf(v))
				}
			}
		}
		if len(c.settings) > 0 {
			out = append(out, c)
		}
	}
	return out, kept == len(after)
}

// layerSetting is a layer as Keras describes it.
type layerSetting struct {
	Class  string `json:"class_name"`
	Config config `json:"config"`
}

type config map[string]json.RawMessage

func (c config) name() string {
	var s string
	_ = json.Unmarshal(c["name"], &s) // an absent name is an empty one
	return s
}

func (c config) keys() []string {
	var out []string
	for k := range c {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func layerSettings(m *graph.Model) ([]layerSetting, bool) {
	named, _, err := edit.KerasNames(m, nil)
	if err != nil {
		return nil, false
	}
	b, err := keras.Encode(named)
	if err != nil {
		return nil, false
	}
	var all struct {
		Config struct {
			Layers []layerSetting `json:"layers"`
		} `json:"config"`
	}
	if json.Unmarshal(b, &all) != nil {
		return nil, false
	}
	for _, l := range all.Config.Layers {
		for k, v := range l.Config {
			var compact bytes.Buffer
			if json.Compact(&compact, v) == nil {
				l.Config[k] = compact.Bytes()
			}
		}
	}
	return all.Config.Layers, true
}

// namesOf are the names of a model's layers by those that a file gives them.
func namesOf(m *graph.Model) map[string]string {
	out := map[string]string{}
	named, _, err := edit.KerasNames(m, nil)
	if err != nil {
		return out
	}
	for i, n := range named.Nodes {
		out[n.Name] = m.Nodes[i].Name
	}
	return out
}

func shortName(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// pythonOf is a JSON value as Python writes it; an initializer without settings by its name.
func pythonOf(v json.RawMessage) string {
	var object struct {
		Class  string          `json:"class_name"`
		Config json.RawMessage `json:"config"`
	}
	if json.Unmarshal(v, &object) == nil && object.Class != "" {
		if plain, ok := plainInitializers[object.Class]; ok {
			return saved.Python(plain)
		}
	}
	var any any
	d := json.NewDecoder(bytes.NewReader(v))
	d.UseNumber()
	if d.Decode(&any) != nil {
		return string(v)
	}
	return saved.Python(any)
}

var plainInitializers = map[string]string{
	"HeNormal": "he_normal", "HeUniform": "he_uniform", "GlorotNormal": "glorot_normal", "GlorotUniform": "glorot_uniform", "LecunNormal": "lecun_normal", "LecunUniform": "lecun_uniform",
	"Zeros": "zeros", "Ones": "ones",
}
