package experiments

import (
	"strings"
	"testing"
)

func TestTasksShareTheRunsFairly(t *testing.T) {
	for arms := 1; arms <= 6; arms++ {
		for n := 1; n <= 9; n++ {
			const seeds = 36
			owners := make([]int, arms*seeds)
			least, most := arms*seeds, 0
			for k := 1; k <= n; k++ {
				byArm := make([]int, arms)
				count := 0
				for run := range owners {
					if (Task{k, n}).holds(run, arms) {
						owners[run]++
						byArm[run%arms]++
						count++
					}
				}
				least, most = min(least, count), max(most, count)
				for a, c := range byArm {
					if c == 0 {
						t.Errorf("task %d/%d of %d arms has no run of arm %d", k, n, arms, a)
					}
				}
			}
			if most-least > 1 {
				t.Errorf("tasks of %d for %d arms have from %d to %d runs", n, arms, least, most)
			}
			for run, owned := range owners {
				if owned != 1 {
					t.Errorf("run %d of %d arms is in %d of %d tasks", run, arms, owned, n)
				}
			}
		}
	}
}

func TestParseTask(t *testing.T) {
	if got, err := ParseTask("3/8"); err != nil || got != (Task{3, 8}) || got.String() != "3/8" {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "3", "0/8", "9/8", "-1/8", "3/8/2", "a/b", "1/0", "3 of 8"} {
		if got, err := ParseTask(text); err == nil || !strings.Contains(err.Error(), "K/N") {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func TestSlurmTask(t *testing.T) {
	for _, c := range []struct {
		id, count, first, step string
		want                   Task
		fails                  bool
	}{
		{"", "", "", "", Task{}, false},
		{"5", "", "", "", Task{}, false},
		{"5", "8", "", "", Task{5, 8}, false},
		{"5", "8", "1", "1", Task{5, 8}, false}, // --array=1-8
		{"0", "8", "0", "1", Task{1, 8}, false}, // --array=0-7
		{"7", "8", "0", "1", Task{8, 8}, false},
		{"14", "4", "10", "2", Task{3, 4}, false}, // --array=10-16:2
		{"7", "3", "1", "1", Task{}, true},        // --array=1,3,7
		{"4", "3", "1", "2", Task{}, true},
		{"x", "3", "1", "1", Task{}, true},
	} {
		environment := map[string]string{"ID": c.id, "COUNT": c.count, "MIN": c.first, "STEP": c.step}
		got, err := SlurmTask(func(name string) (string, bool) {
			v := environment[strings.TrimPrefix(name, "SLURM_ARRAY_TASK_")]
			return v, v != ""
		})
		if got != c.want || (err != nil) != c.fails || err != nil && !strings.Contains(err.Error(), "--task K/N") {
			t.Errorf("%+v gives %v, %v", c, got, err)
		}
	}
}

func TestKubernetesTask(t *testing.T) {
	for _, c := range []struct {
		index, tasks, slurm string
		want                Task
		fails               bool
	}{
		{"", "", "", Task{}, false},
		{"", "8", "", Task{}, false},
		{"0", "8", "", Task{1, 8}, false},
		{"7", "8", "", Task{8, 8}, false},
		{"0", "1", "", Task{1, 1}, false},
		{"3", "", "", Task{}, true},
		{"8", "8", "", Task{}, true},
		{"-1", "8", "", Task{}, true},
		{"x", "8", "", Task{}, true},
		{"0", "0", "", Task{}, true},
		{"0", "many", "", Task{}, true},
		{"0", "8", "5", Task{5, 6}, false}, // a Slurm array within a pod
	} {
		environment := map[string]string{"JOB_COMPLETION_INDEX": c.index, "DCAE_TASKS": c.tasks, "SLURM_ARRAY_TASK_ID": c.slurm}
		if c.slurm != "" {
			environment["SLURM_ARRAY_TASK_COUNT"] = "6"
		}
		got, err := ClusterTask(func(name string) (string, bool) {
			v := environment[name]
			return v, v != ""
		})
		if got != c.want || (err != nil) != c.fails || err != nil && !strings.Contains(err.Error(), "--task K/N") {
			t.Errorf("%+v gives %v, %v", c, got, err)
		}
	}
}
