package experiments

import (
	"reflect"
	"testing"
)

func TestStudiesAreReadBackAsTheyWereWritten(t *testing.T) {
	texts := map[string][]byte{"hard numbers": []byte(`{"name": "lab", "question": "is \"this\": #no {comment}?\n- yes", "seeds": "1-2,9",
"data": {"source": "mnist", "scale": "unit"}, "budget": {"epochs": 3, "images": 100}, "groups": [{"name": "g: 1", "control": "a", "arms": [
{"name": "a", "model": "improved", "learning_rate": 0.00001, "initializer": {"name": "random_normal", "stddev": 1.0e-30}, "batch_normalization": false,
"changes": [{"step": 3, "learning_rate": 1.0e-7}, {"step": 30, "clipnorm": 0, "batch": 7}]},
{"name": "1e5", "noise": 0, "schedule": {"name": "cosine_decay", "decay_steps": 9}, "learning_rate": 123456789012}]}]}`)}
	for _, name := range BuiltinStudies() {
		b, err := BuiltinYAML(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = b
	}
	for name, text := range texts {
		p, err := ParsePlan(text, name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.YAML()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePlan(b, name+", written")
		if err != nil {
			t.Errorf("%v\n%s", err, b)
			continue
		}
		if !reflect.DeepEqual(p, back) {
			t.Errorf("%s is\n%+v\nand was\n%+v\n%s", name, back, p, b)
		}
	}
}
