package experiments

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// Task is one part of a study's runs, the K-th of N, so that N machines share them. The zero value is all of them.
type Task struct{ K, N int }

// ParseTask reads a task such as 3/8, counted from 1/8 to 8/8. It fails for anything else.
func ParseTask(text string) (Task, error) {
	part, of, _ := strings.Cut(text, "/")
	k, err := strconv.Atoi(part)
	n, other := strconv.Atoi(of)
	if err != nil || other != nil || k < 1 || n < k {
		return Task{}, errors.Errorf("bad task %q: write it as K/N, from 1/N to N/N", text)
	}
	return Task{k, n}, nil
}

// ClusterTask is the part that falls to this process by its environment: a task of a Slurm job array, or of an Indexed Job of Kubernetes; the
// whole study elsewhere. lookup is os.LookupEnv. It fails as [SlurmTask] and [KubernetesTask] do.
func ClusterTask(lookup func(string) (string, bool)) (Task, error) {
	if task, err := SlurmTask(lookup); err != nil || task != (Task{}) {
		return task, err
	}
	return KubernetesTask(lookup)
}

// KubernetesTask is the part that falls to a pod of an Indexed Job, by JOB_COMPLETION_INDEX, which Kubernetes counts from 0
// (https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode), and DCAE_TASKS, which the manifest sets to the Job's
// completions, since Kubernetes does not tell them; the whole study outside of one. It fails if only the index is set, or if the two do not
// fit together.
func KubernetesTask(lookup func(string) (string, bool)) (Task, error) {
	index, ok := lookup("JOB_COMPLETION_INDEX")
	if !ok {
		return Task{}, nil
	}
	tasks, ok := lookup("DCAE_TASKS")
	if !ok {
		return Task{}, errors.New("JOB_COMPLETION_INDEX is set and DCAE_TASKS is not: set it to the Job's completions, or say which part is to run with --task K/N")
	}
	k, err := strconv.Atoi(index)
	n, other := strconv.Atoi(tasks)
	if err != nil || other != nil || k < 0 || k >= n {
		return Task{}, errors.Errorf("JOB_COMPLETION_INDEX is %q and DCAE_TASKS %q: the index goes from 0 to one less than DCAE_TASKS, which is the Job's completions; or say which part is to run with --task K/N", index, tasks)
	}
	return Task{k + 1, n}, nil
}

// SlurmTask is the part that falls to a task of a Slurm job array, by the variables that Slurm sets in its environment
// (https://slurm.schedmd.com/job_array.html); the whole study outside of one. lookup is os.LookupEnv. It fails if the array is not evenly
// numbered, or if a variable is no number.
func SlurmTask(lookup func(string) (string, bool)) (Task, error) {
	if _, ok := lookup("SLURM_ARRAY_TASK_ID"); !ok {
		return Task{}, nil
	}
	if _, ok := lookup("SLURM_ARRAY_TASK_COUNT"); !ok {
		return Task{}, nil
	}
	id, count, first, step := 0, 0, 1, 1
	for _, v := range []struct {
		name string
		to   *int
	}{{"ID", &id}, {"COUNT", &count}, {"MIN", &first}, {"STEP", &step}} {
		name := "SLURM_ARRAY_TASK_" + v.name
		text, ok := lookup(name)
		if !ok {
			continue
		}
		var err error
		if *v.to, err = strconv.Atoi(text); err != nil {
			return Task{}, errors.Errorf("%s is no number: %q; say which part is to run with --task K/N", name, text)
		}
	}
	k := id - first
	if step < 1 || k < 0 || k%step != 0 || k/step >= count {
		return Task{}, errors.Errorf("the job array is not evenly numbered (task %d of %d, from %d in steps of %d); number it as in --array=1-8, or say which part is to run with --task K/N",
			id, count, first, step)
	}
	return Task{k/step + 1, count}, nil
}

// String is K/N; empty for the whole study.
func (t Task) String() string {
	if t.N == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", t.K, t.N)
}

// whole tells whether the task is the whole study.
func (t Task) whole() bool { return t.N <= 1 }

// suffix tells files apart that each task writes, where several tasks share a folder.
func (t Task) suffix() string {
	if t.whole() {
		return ""
	}
	return fmt.Sprintf("-%d-of-%d", t.K, t.N)
}

// holds tells whether a run is part of the task. Runs are numbered from 0, all arms with the first seed, then all with the
// second, and each task gets every N-th run. Where a task would get runs of the same arms again and again, the count shifts by
// one, so that each task gets runs of all arms: arms may differ in length.
func (t Task) holds(run, arms int) bool {
	if t.whole() {
		return true
	}
	round := arms / gcd(arms, t.N) * t.N // least common multiple
	return (run+run/round)%t.N == t.K-1
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
