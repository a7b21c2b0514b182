package experiments

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/pkg/errors"
)

// YAML is the study as a text that [ReadPlan] reads back. Paths in it are as they were given.
func (p *Plan) YAML() ([]byte, error) {
	b, err := yaml.MarshalWithOptions(p, yaml.CustomMarshaler[float64](func(x float64) ([]byte, error) {
		text := strconv.FormatFloat(x, 'g', -1, 64)
		if digits, exponent, ok := strings.Cut(text, "e"); ok && !strings.Contains(digits, ".") { // 1e-05 would be a text
			text = digits + ".0e" + exponent
		}
		return []byte(text), nil
	}))
	return b, errors.Wrap(err, "writing the study as YAML")
}
