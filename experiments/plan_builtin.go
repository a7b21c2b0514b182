package experiments

import (
	"embed"
	"path"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// The studies that come with the program, as YAML.
//
//go:embed studies/*.yaml
var studies embed.FS

// builtinOrder is the order in which they are listed.
var builtinOrder = []string{
	"failure-modes", "depth", "activation", "initialization", "preprocessing", "learning-rate", "capacity", "cures", "reliability",
}

// BuiltinStudies names the studies that come with the program.
func BuiltinStudies() []string { return slices.Clone(builtinOrder) }

// BuiltinYAML is a built-in study as it is written down. It fails if there is none of that name.
func BuiltinYAML(name string) ([]byte, error) {
	b, err := studies.ReadFile(path.Join("studies", name+".yaml"))
	if err != nil {
		return nil, errors.Errorf("there is no built-in study %q; there are %s", name, strings.Join(builtinOrder, ", "))
	}
	return b, nil
}

// LookupPlan finds a built-in study by its name, or reads a YAML file. It fails if there is no such study, and as [ReadPlan] does.
func LookupPlan(name string) (*Plan, error) {
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return ReadPlan(name)
	}
	b, err := BuiltinYAML(name)
	if err != nil {
		return nil, errors.Errorf("%v; or give a .yaml file", err)
	}
	return parsePlan(b, "study "+name)
}
