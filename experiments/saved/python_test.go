package saved

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/training"
	"dcae/training/settings"
)

var codesFile = flag.String("codes", "", "write the printed code and the config of each optimizer, schedule and loss to this file, for check_keras.py")

// unusual is a value of a setting that is not its default.
func unusual(s settings.Setting) any {
	switch v := s.Value.(type) {
	case bool:
		return !v
	case int:
		return v + 7
	case float64:
		return v/2 + 0.25
	case []int:
		return []int{100, 200}
	case []float64:
		return []float64{1, 0.5, 1e-5}
	case [2]float64:
		return [2]float64{0.5, 0.75}
	case nil:
		return 2.0
	}
	panic(s.Name)
}

// manyOptimizers are all of the table, with defaults, with each setting changed alone, and under each schedule.
func manyOptimizers(t *testing.T) []training.Optimizer {
	var out []training.Optimizer
	for _, r := range optimizers {
		if r.of != Keras {
			continue
		}
		out = append(out, r.plain)
		for _, s := range training.Settings(r.plain) {
			o, err := training.WithSetting(r.plain, s.Name, unusual(s))
			check(t, err)
			out = append(out, o)
		}
	}
	for _, r := range schedules {
		for _, optional := range []bool{false, true} {
			schedule := r.plain
			for _, s := range training.ScheduleSettings(r.plain) {
				if s.Optional && !optional {
					continue
				}
				var err error
				schedule, err = training.WithScheduleSetting(schedule, s.Name, unusual(s))
				check(t, err)
			}
			check(t, schedule.Check())
			out = append(out, training.Adam{Base: training.Base{Schedule: schedule}})
		}
	}
	return out
}

// manyLosses are all of the table, with defaults and with each setting changed alone.
func manyLosses(t *testing.T) []graph.Loss {
	var out []graph.Loss
	for _, r := range losses {
		if r.of != Keras {
			continue
		}
		plain := graph.Loss{Function: r.name}
		out = append(out, plain, graph.Loss{Function: r.name, SumOfMeans: true})
		_, all := lossSettings(plain, Keras)
		for _, s := range all {
			l, err := settings.Set(plain, graph.LossDefaults, s.Name, unusual(s))
			check(t, err)
			out = append(out, l)
		}
	}
	return out
}

// printedCode is what is printed for an optimizer or a loss, and what a file has for it.
type printedCode struct {
	Code   string          `json:"code"`
	Config json.RawMessage `json:"config"`
}

// TestPrintedCodeIsPython prints every optimizer, schedule and loss as code, and has its grammar checked here and, where there is one, by Python.
func TestPrintedCodeIsPython(t *testing.T) {
	var all []printedCode
	for _, o := range manyOptimizers(t) {
		config, err := writeOptimizer(o)
		check(t, err)
		all = append(all, printedCode{OptimizerCode(o), config})
	}
	for _, l := range manyLosses(t) {
		config, err := writeLoss(l)
		check(t, err)
		all = append(all, printedCode{LossCode(l), config})
	}
	var lines []string
	for _, p := range all {
		if err := checkPython(p.Code); err != nil {
			t.Errorf("%s: %v", p.Code, err)
		}
		lines = append(lines, p.Code)
	}
	for _, value := range []any{nil, true, 1.0, 1e-7, 1e300, math.Inf(-1), 3, "it's \"quoted\", a \\ and a\nbreak", []any{1.5, "a", nil}, map[string]any{"b": []any{}, "a": false}, json.Number("7")} {
		code := Python(value)
		if err := checkPython(code); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		lines = append(lines, code)
	}
	if *codesFile != "" {
		b, err := json.Marshal(all)
		check(t, err)
		check(t, os.WriteFile(*codesFile, b, 0o644))
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("there is no python3 here: the grammar was checked in Go alone")
		return
	}
	c := exec.Command(python, "-c", "import ast, sys; [ast.parse(line, mode='eval') for line in sys.stdin]")
	c.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("Python refuses the code: %s", out)
	}
}

// TestGrammarCheckFindsMistakes: the check refuses what is not Python.
func TestGrammarCheckFindsMistakes(t *testing.T) {
	for _, code := range []string{"f(a=[100 200])", "f(a=1", "f(a=1))", "f(a=true)", "f(a=Inf)", "f..g()", "(1)", "f(1 2)", `"a`, "f(=1)", "[1,,2]", "f(a=)", "1.2.3", "f(a b=1)", "", "f(a=+Inf)", `{"a" 1}`, "é("} {
		if checkPython(code) == nil {
			t.Errorf("%q is taken for Python", code)
		}
	}
}

// TestNamesOfTheTable: an optimizer, a schedule or a loss calls itself by the name in its row.
func TestNamesOfTheTable(t *testing.T) {
	for _, r := range optimizers {
		own := r.name
		if r.of == PyTorch {
			own = "torch." + r.class
		}
		if name, _, _ := strings.Cut(r.plain.String(), "("); name != own {
			t.Errorf("%s calls itself %s", own, name)
		}
		if o, err := OptimizerByName(r.name, r.of); err != nil || o.String() != r.plain.String() {
			t.Errorf("%s is %v: %v", r.name, o, err)
		}
	}
	for _, r := range schedules {
		if name, _, _ := strings.Cut(r.plain.String(), "("); name != r.name {
			t.Errorf("%s calls itself %s", r.name, name)
		}
	}
	for _, r := range losses {
		if l, err := LossByName(r.shown(), r.of); err != nil || l.String() != string(r.name) {
			t.Errorf("%s is %v: %v", r.name, l, err)
		}
	}
	for _, err := range []error{second(OptimizerByName("ftrl", Keras)), second(OptimizerByName("lion", PyTorch)), second(ScheduleByName("cosine")), second(LossByName("mape", Keras))} {
		if err == nil || !strings.Contains(err.Error(), "there are ") {
			t.Errorf("error %v does not say what there is", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
