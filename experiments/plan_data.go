package experiments

import (
	"fmt"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/training/dataset"
)

// DataPlan says which images a study trains on. In YAML a name alone stands for {source: NAME}.
type DataPlan struct {
	Source  string `yaml:"source" json:"source"`                       // as --data takes it; default mnist
	Scale   string `yaml:"scale,omitempty" json:"scale,omitempty"`     // none, unit, standardize, minmax; default as in dcae data
	Resize  string `yaml:"resize,omitempty" json:"resize,omitempty"`   // HEIGHTxWIDTH
	Holdout string `yaml:"holdout,omitempty" json:"holdout,omitempty"` // share held out where the data has no such part; default 10%
	Target  string `yaml:"target,omitempty" json:"target,omitempty"`   // file or folder with what images are to become; default what the source holds

	// ChannelsFirst says that arrays of four axes are [N, C, H, W], which is so where a model is PyTorch's.
	ChannelsFirst bool `yaml:"channels_first,omitempty" json:"channels_first,omitempty"`
}

// UnmarshalYAML reads a mapping, or a name alone. It fails for anything else.
func (d *DataPlan) UnmarshalYAML(decode func(any) error) error {
	if decode(&d.Source) == nil {
		return nil
	}
	type plain DataPlan
	return decode((*plain)(d))
}

// Open opens the images that the plan names. It fails as [dataset.Open] does.
func (d DataPlan) Open() (*dataset.Set, error) {
	o, err := d.Options()
	if err != nil {
		return nil, err
	}
	return dataset.Open(d.Source, o)
}

// Options reads what is done to the images. An error begins with the setting's name.
func (d DataPlan) Options() (o dataset.Options, err error) {
	if o.Scale, err = dataset.ParseScale(d.Scale); err != nil {
		return o, errors.WithMessage(err, "scale")
	}
	if o.Resize, err = dataset.ParseSize(d.Resize); err != nil {
		return o, errors.WithMessage(err, "resize")
	}
	o.Target, o.ChannelsFirst = d.Target, d.ChannelsFirst
	if d.Holdout != "" {
		if o.Holdout, err = ParseShare(d.Holdout); err != nil {
			return o, errors.WithMessage(err, "holdout")
		}
	}
	return o, nil
}

// String tells the plan's data in a word or two.
func (d DataPlan) String() string {
	s := d.Source
	for _, setting := range []struct{ name, value string }{{"scale", d.Scale}, {"resize", d.Resize}, {"holdout", d.Holdout}, {"target", d.Target}} {
		if setting.value != "" {
			s += fmt.Sprintf(", %s %s", setting.name, setting.value)
		}
	}
	return s
}

// Absolute names the same images from every working directory.
func (d DataPlan) Absolute() DataPlan {
	for _, path := range []*string{&d.Source, &d.Target} {
		if *path == "" || dataset.IsBuiltIn(*path) {
			continue
		}
		if whole, err := filepath.Abs(*path); err == nil { // else there is no working directory to start from
			*path = whole
		}
	}
	return d
}
