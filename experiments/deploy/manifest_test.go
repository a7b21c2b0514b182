package deploy

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml"
)

// Kubernetes does not tell a pod the number of completions, so that the manifest says it twice, and a third time as what runs at once.
func TestTheManifestSaysOneNumberOfTasks(t *testing.T) {
	text, err := os.ReadFile("job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var job struct {
		Kind string `yaml:"kind"`
		Spec struct {
			Mode        string `yaml:"completionMode"`
			Completions int    `yaml:"completions"`
			Parallelism int    `yaml:"parallelism"`
			Template    struct {
				Spec struct {
					Containers []struct {
						Env []struct{ Name, Value string } `yaml:"env"`
					} `yaml:"containers"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal(text, &job); err != nil {
		t.Fatal(err)
	}
	env := job.Spec.Template.Spec.Containers[0].Env[0]
	if job.Kind != "Job" || job.Spec.Mode != "Indexed" || job.Spec.Completions != 16 || job.Spec.Parallelism != 16 || env.Name != "DCAE_TASKS" || env.Value != "16" {
		t.Errorf("%+v", job)
	}
}
