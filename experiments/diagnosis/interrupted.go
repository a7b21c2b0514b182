package diagnosis

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"dcae/training/files"
)

// interruptedFolder is for an answer that was interrupted, in a folder that keeps one that was not.
const interruptedFolder = "interrupted"

// Place is where the answer is to be saved: in dir, which [Claim] has claimed, or, if it was interrupted and dir has an earlier answer that was not, in
// a folder in dir, which is claimed until it is left. It fails where that cannot take an answer.
func (e *Examination) Place(dir string) (place string, leave func(), err error) {
	if _, whole := answerIn(dir); !e.Interrupted || !whole {
		return dir, func() {}, nil
	}
	if place, err = files.Inside(dir, interruptedFolder); err != nil {
		return "", nil, err
	}
	leave, err = Claim(place)
	return place, leave, err
}

// removeInterrupted removes an interrupted answer, since dir has got one that is whole. What cannot be removed disturbs nothing.
func removeInterrupted(dir string) {
	place, err := files.Inside(dir, interruptedFolder)
	if err != nil || !hasAnswer(place) {
		return
	}
	for _, file := range slices.Backward(allFiles) { // the answer is the last, since the others are known by it
		_ = os.Remove(filepath.Join(place, file))
	}
	_ = os.Remove(place)
}

// answerIn tells whether a folder holds the answer of a diagnosis, and whether of one that was not interrupted.
func answerIn(dir string) (there, whole bool) {
	b, err := files.ReadFile(filepath.Join(dir, answerFile))
	var d struct {
		Verdict     *string          `json:"verdict"`
		Causes      *json.RawMessage `json:"causes"`
		Interrupted bool             `json:"interrupted"`
	}
	there = err == nil && json.Unmarshal(b, &d) == nil && d.Verdict != nil && d.Causes != nil
	return there, there && !d.Interrupted
}
