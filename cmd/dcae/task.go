package main

import (
	"os"

	"github.com/pkg/errors"

	"dcae/experiments"
)

// chooseTask is the part of a study that --task names or, without it, that falls to this process in a Slurm job array
// or an Indexed Job of Kubernetes.
func chooseTask(flag string) (task experiments.Task, err error) {
	if flag != "" {
		task, err = experiments.ParseTask(flag)
	} else {
		task, err = experiments.ClusterTask(os.LookupEnv)
	}
	if err != nil {
		return task, usageError{errors.WithMessage(err, "--task")}
	}
	return task, nil
}
