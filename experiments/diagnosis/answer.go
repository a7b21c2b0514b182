package diagnosis

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Verdict is what is found about a model.
type Verdict string

// The verdicts.
const (
	Healthy      Verdict = "healthy"    // it learns, whatever its symptoms
	Faulty       Verdict = "faulty"     // it does not
	Unreliable   Verdict = "unreliable" // it learns with some random seeds
	Inconclusive Verdict = "unknown"    // it does not learn, and nothing that was tried helps
)

// Diagnosis is the answer, a plain value. As JSON it is what `dcae diagnose --json` prints; one that was read from there has the same
// [Diagnosis.Answer] and [Diagnosis.Text].
type Diagnosis struct {
	Verdict       Verdict        `json:"verdict"`
	Causes        []Blame        `json:"causes"` // the most likely one first
	Fix           *Fix           `json:"fix"`
	Interventions []Intervention `json:"interventions"`
	Symptoms      []Symptom      `json:"symptoms"`
	Seconds       float64        `json:"seconds"`
	Truncated     bool           `json:"truncated,omitempty"`   // the clock cut it: the answer is what was certain until then
	Interrupted   bool           `json:"interrupted,omitempty"` // it was stopped from outside: the answer is what was certain until then
	Given         Given          `json:"given"`
	Name          string         `json:"name"`        // of the model
	TrialSteps    int            `json:"trial_steps"` // that a changed model was trained at first
	Used          Number         `json:"used"`        // share of the time that could be planned with
	Findings      []Finding      `json:"findings"`    // certain without training
	Attainable    Attainable     `json:"attainable"`
	Twin          *TwinReport    `json:"twin,omitempty"` // what was seen at which size, where a smaller twin was examined
}

// Given is how the model did as it is.
type Given struct {
	Learned int      `json:"learned"` // of the seeds
	Seeds   int      `json:"seeds"`
	FVU     []Number `json:"fvu"`
	Steps   int      `json:"steps"`
	Sides   []Side   `json:"sides"` // of the run that ended in the middle
	Slow    *Slow    `json:"slow"`  // null: it is not
}

// Side is how well a model does on a part of the images, with the interval, at 95%, for other images of the same kind.
type Side struct {
	Of     string `json:"of"` // training, held-out, test
	FVU    Number `json:"fvu"`
	Low    Number `json:"low"`
	High   Number `json:"high"`
	Images int    `json:"images"`
}

// Attainable is what a linear code explains of the held-out images, which a model is measured by.
type Attainable struct {
	Values int    `json:"values"` // of the code; 0: there is none to compare with
	FVU    Number `json:"fvu"`    // that it leaves unexplained
	Mark   Number `json:"mark"`   // the FVU under which the model has learned
	Text   string `json:"text"`
}

// Blame is a cause and what speaks for it.
type Blame struct {
	Cause      Cause    `json:"cause"`
	Confidence float64  `json:"confidence"` // 0 to 1
	Evidence   []string `json:"evidence"`
}

// Fix is the smallest change that repairs, or the best that can be done.
type Fix struct {
	Changes   []string `json:"changes"`
	Keras     string   `json:"keras"`             // code to paste after the model was built; empty for a model of PyTorch
	PyTorch   string   `json:"pytorch,omitempty"` // the same for one
	Data      *string  `json:"data"`              // code for the images, null where they stay
	Learned   string   `json:"learned"`
	Likely    bool     `json:"likely,omitempty"`  // too few seeds were tried to be sure that it repairs
	Narrows   bool     `json:"narrows,omitempty"` // it explains more of the held-out images than the model as given, but not enough: it takes more images
	FVUBefore Number   `json:"fvu_before"`
	FVUAfter  Number   `json:"fvu_after"`
	Model     string   `json:"model"`           // path of the repaired model; empty until it is saved
	Steps     int      `json:"steps,omitempty"` // that its longest run took
	Batch     int      `json:"batch,omitempty"` // images in a step, where that is one of the changes; 0: as before
}

// Intervention is a change that was tried.
type Intervention struct {
	Change string   `json:"change"`
	Cause  Cause    `json:"cause"`
	FVU    []Number `json:"fvu"` // of each seed, screening seeds first
	Steps  int      `json:"steps"`
	Size   string   `json:"size,omitempty"` // of the images, where a twin was examined
}

// Number is a float that JSON can hold: null where it is not finite.
type Number float64

// MarshalJSON writes four significant digits.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, "%.4g", float64(n)), nil
}

// UnmarshalJSON reads what MarshalJSON writes: null is not a number.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

func numbers(all []float64) []Number {
	out := make([]Number, len(all))
	for i, f := range all {
		out[i] = Number(f)
	}
	return out
}

func figures(all []float64) string {
	var out []string
	for _, f := range all {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			out = append(out, "not finite")
			continue
		}
		out = append(out, fmt.Sprintf("%.2f", f))
	}
	return strings.Join(out, " ")
}
