package experiments

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models"
)

// Settings are all that an arm can set; what is left out is the group's, or else the model's own. Names are Keras' where Keras has
// one.
type Settings struct {
	// Model is a variant's name (sigmoid, highlr, improved, reliable), stack, plain, or the path of a .keras file, of which the layers are
	// taken and its optimizer and loss; its weights are drawn anew from its initializers for each seed. Default stack.
	Model string `yaml:"model,omitempty" json:"model,omitempty"`

	// Of a stack alone: convolutions a side, filters of the first level.
	Convolutions int `yaml:"convolutions,omitempty" json:"convolutions,omitempty" least:"1"`
	Filters      int `yaml:"filters,omitempty" json:"filters,omitempty" least:"1"`

	// Of a plain alone; see [models.Plain].
	Layers        int    `yaml:"layers,omitempty" json:"layers,omitempty" least:"1"` // hidden ones
	Units         int    `yaml:"units,omitempty" json:"units,omitempty" least:"1"`   // of each
	Convolutional *bool  `yaml:"convolutional,omitempty" json:"convolutional,omitempty"`
	Variational   string `yaml:"variational,omitempty" json:"variational,omitempty"` // sum or mean: of the squared errors of an image's values, beside the divergence

	// Changes of any model.
	Activation         string       `yaml:"activation,omitempty" json:"activation,omitempty"`                   // of the hidden layers
	OutputActivation   string       `yaml:"output_activation,omitempty" json:"output_activation,omitempty"`     // of the last
	Initializer        *Initializer `yaml:"initializer,omitempty" json:"initializer,omitempty"`                 // of all kernels; mean_field and pytorch of biases, too
	OutputBias         string       `yaml:"output_bias,omitempty" json:"output_bias,omitempty"`                 // where the last layer's bias begins: a number, or mean: where the output is as bright as the images
	BatchNormalization *bool        `yaml:"batch_normalization,omitempty" json:"batch_normalization,omitempty"` // after each hidden layer with a kernel, or nowhere
	Decoder            string       `yaml:"decoder,omitempty" json:"decoder,omitempty"`                         // transposed or upsampling
	Bottleneck         int          `yaml:"bottleneck,omitempty" json:"bottleneck,omitempty" least:"1"`         // units of the narrowest layer
	Width              float64      `yaml:"width,omitempty" json:"width,omitempty" above:"0"`                   // factor to the filters and units of the other hidden layers

	// Training.
	Optimizer      string    `yaml:"optimizer,omitempty" json:"optimizer,omitempty"` // one of saved.OptimizerNames; default adam
	LearningRate   *float64  `yaml:"learning_rate,omitempty" json:"learning_rate,omitempty" least:"0"`
	Momentum       *float64  `yaml:"momentum,omitempty" json:"momentum,omitempty" least:"0"`
	Nesterov       *bool     `yaml:"nesterov,omitempty" json:"nesterov,omitempty"`
	WeightDecay    *float64  `yaml:"weight_decay,omitempty" json:"weight_decay,omitempty" least:"0"`
	ClipNorm       *float64  `yaml:"clipnorm,omitempty" json:"clipnorm,omitempty" least:"0"`
	GlobalClipNorm *float64  `yaml:"global_clipnorm,omitempty" json:"global_clipnorm,omitempty" least:"0"`
	ClipValue      *float64  `yaml:"clipvalue,omitempty" json:"clipvalue,omitempty" least:"0"`
	Schedule       *Schedule `yaml:"schedule,omitempty" json:"schedule,omitempty"`
	Plateau        *Plateau  `yaml:"plateau,omitempty" json:"plateau,omitempty"`
	Changes        []Change  `yaml:"changes,omitempty" json:"changes,omitempty"` // during training
	Loss           string    `yaml:"loss,omitempty" json:"loss,omitempty"`       // one of saved.LossNames; default mse

	// What is done to the training images before the model sees them.
	Scale    string   `yaml:"scale,omitempty" json:"scale,omitempty"`                 // none, unit, standardize, minmax
	Multiply float64  `yaml:"multiply,omitempty" json:"multiply,omitempty" above:"0"` // factor, after scaling
	Outliers *float64 `yaml:"outliers,omitempty" json:"outliers,omitempty" least:"0"` // share of the images in which a pixel is far out
	Noise    *float64 `yaml:"noise,omitempty" json:"noise,omitempty" least:"0"`       // standard deviation of Gaussian noise, after scaling
	Clip     *float64 `yaml:"clip,omitempty" json:"clip,omitempty" least:"0"`         // share of the values, at either end, that are brought to a limit
}

// with is s where other has nothing to say.
func (s Settings) with(other Settings) Settings {
	to, from := reflect.ValueOf(&s).Elem(), reflect.ValueOf(other)
	for i := range from.NumField() {
		if f := from.Field(i); !f.IsZero() {
			to.Field(i).Set(f)
		}
	}
	return s
}

// withoutNone is s with what is set to none of something left out.
func (s Settings) withoutNone() Settings {
	for _, share := range []**float64{&s.Outliers, &s.Noise, &s.Clip} {
		if *share != nil && **share == 0 {
			*share = nil
		}
	}
	return s
}

// Differences names the settings in which s is not other.
func (s Settings) Differences(other Settings) []string {
	a, b := reflect.ValueOf(s.withoutNone()), reflect.ValueOf(other.withoutNone())
	out := []string{}
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			out = append(out, strings.ReplaceAll(settingName(a.Type().Field(i)), "_", " "))
		}
	}
	return out
}

func settingName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// value is a setting by its name in YAML; nil where it is not set.
func (s Settings) value(name string) any {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		f := v.Field(i)
		if settingName(v.Type().Field(i)) != name || f.IsZero() {
			continue
		}
		if f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		return f.Interface()
	}
	return nil
}

// alikeBut tells whether two arms' settings differ in at most the named one.
func (s Settings) alikeBut(name string, other Settings) bool {
	differences := s.Differences(other)
	return len(differences) == 0 || len(differences) == 1 && differences[0] == strings.ReplaceAll(name, "_", " ")
}

// hasSetting tells whether there is a setting of that name.
func hasSetting(name string) bool {
	t := reflect.TypeFor[Settings]()
	for i := range t.NumField() {
		if settingName(t.Field(i)) == name {
			return true
		}
	}
	return false
}

// checkBounds tells which number of a struct is out of the bounds that its field's tags give: least, or above. What is not set has none.
func checkBounds(of any) error {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		if value.IsZero() {
			continue
		}
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		var x float64
		switch value.Kind() {
		case reflect.Int:
			x = float64(value.Int())
		case reflect.Float64:
			x = value.Float()
		case reflect.Struct:
			err := checkBounds(value.Interface())
			if name := settingName(f); err != nil && name != "" {
				err = errors.WithMessage(err, name)
			}
			if err != nil {
				return err
			}
			continue
		default:
			continue
		}
		if err := bounded(f, x); err != nil {
			return errors.WithMessage(err, settingName(f))
		}
	}
	return nil
}

// bounded tells why a number cannot be a field's; nil if it can.
func bounded(f reflect.StructField, x float64) error {
	for _, bound := range []struct {
		tag, words string
		holds      func(limit float64) bool
	}{{"least", "at least", func(limit float64) bool { return x >= limit }}, {"above", "above", func(limit float64) bool { return x > limit }}} {
		text, ok := f.Tag.Lookup(bound.tag)
		if !ok {
			continue
		}
		if limit, _ := strconv.ParseFloat(text, 64); !bound.holds(limit) || !finite(x) {
			return errors.Errorf("it must be %s %s, not %g", bound.words, text, x)
		}
	}
	if !finite(x) {
		return errors.Errorf("it must be a finite number, not %g", x)
	}
	return nil
}

// check finds what is wrong whatever the data.
func (s Settings) check() error {
	kind := s.Model
	if kind == "" {
		kind = stackModel
	}
	if kind != stackModel && (s.Convolutions != 0 || s.Filters != 0) {
		return errors.Errorf("convolutions and filters are settings of a stack, not of %s", kind)
	}
	if kind != plainModel && (s.Layers != 0 || s.Units != 0 || s.Convolutional != nil || s.Variational != "") {
		return errors.Errorf("layers, units, convolutional and variational are settings of a plain model, not of %s", kind)
	}
	if kind == plainModel && s.Decoder != "" {
		return errors.New("a plain model has no decoder that enlarges")
	}
	if s.Variational != "" && s.Loss != "" {
		return errors.New("a variational model has a loss of its own: leave loss out")
	}
	if err := checkBounds(s); err != nil {
		return err
	}
	for _, a := range []string{s.Activation, s.OutputActivation} {
		if err := graph.Activation(a).Check(); err != nil {
			return err
		}
	}
	if d := s.Decoder; d != "" && d != models.Transposed.String() && d != models.UpSampling.String() {
		return errors.Errorf("decoder %q: there are transposed and upsampling", s.Decoder)
	}
	if s.Optimizer != "" {
		if _, err := saved.OptimizerByName(s.Optimizer, saved.FrameworkOfFile(s.Model)); err != nil {
			return err
		}
	}
	for i, c := range s.Changes {
		if err := checkBounds(c); err != nil {
			return errors.WithMessagef(err, "change %d", i+1)
		}
	}
	if s.Initializer != nil {
		if err := s.Initializer.check(); err != nil {
			return err
		}
	}
	if s.OutputBias != "" && s.OutputBias != meanBias {
		if x, err := strconv.ParseFloat(s.OutputBias, 64); err != nil || !finite(x) {
			return errors.Errorf("output_bias %q: give a number, or mean", s.OutputBias)
		}
	}
	if _, err := s.treatment(); err != nil {
		return err
	}
	if s.Loss == "" {
		return nil
	}
	_, err := saved.LossByName(s.Loss, saved.FrameworkOfFile(s.Model))
	return err
}
