package keras

import (
	"encoding/json"
	"strings"

	"github.com/pkg/errors"

	"dcae/training/plainjson"
)

// Object is a Keras object as config.json describes it: a layer, an initializer, an optimizer, a learning-rate schedule.
type Object struct {
	Class      string          // for example "Conv2D"
	Module     string          // for example "keras.layers"
	Registered string          // the name under which the object's own class was registered; Keras' classes have none or their class name
	Settings   json.RawMessage // the constructor's arguments, see Decode
}

// IsKeras says whether the class is one of Keras' own, not a user's class that may have the same name.
func (o *Object) IsKeras() bool {
	ours := o.Module == "keras" || strings.HasPrefix(o.Module, "keras.")
	return ours && (o.Registered == "" || o.Registered == o.Class)
}

// Decode fills the struct that settings points to from o.Settings, by the json tags of its fields. A setting that the
// struct has no field for is an error, so that none is passed over in silence. A field whose setting is absent or null keeps its
// value: put Keras' default there first, and use a pointer or *Object where null has a meaning of its own.
func (o *Object) Decode(settings any) error {
	return errors.WithMessagef(decodeStrict(o.Settings, settings), "settings of %s", o.Class)
}

// UnmarshalJSON reads the form in which Keras 3 writes an object.
func (o *Object) UnmarshalJSON(b []byte) error {
	var s serialized
	if err := decodeStrict(b, &s); err != nil {
		return err
	}
	return s.object(o)
}

// serialized holds all that Keras writes about an object. The fields after Shared occur with layers and models only.
type serialized struct {
	Module     string          `json:"module"`
	Class      string          `json:"class_name"`
	Config     json.RawMessage `json:"config"`
	Registered *string         `json:"registered_name"`
	Shared     int64           `json:"shared_object_id"` // an address in the memory of the process that saved the file
	Build      json.RawMessage `json:"build_config"`
	Compile    json.RawMessage `json:"compile_config"`
	Name       string          `json:"name"`
	Inbound    json.RawMessage `json:"inbound_nodes"`
}

func (s *serialized) object(o *Object) error {
	if s.Class == "" || s.Config == nil {
		return errors.New("object without class_name or config: save the model with Keras 3")
	}
	*o = Object{Class: s.Class, Module: s.Module, Settings: s.Config}
	if s.Registered != nil {
		o.Registered = *s.Registered
	}
	return nil
}

// Named is something that Keras writes as a name or as an object: an activation ("relu"), a loss ("mse"), a dtype ("float32").
// A function is given by its name, a registered one of the user's by "PACKAGE>NAME". Both fields are empty for null.
type Named struct {
	Name   string
	Object *Object
}

// IsNone says whether the file has null here.
func (n Named) IsNone() bool { return n.Name == "" && n.Object == nil }

// UnmarshalJSON reads null, a string, a function (by its name) or an object.
func (n *Named) UnmarshalJSON(b []byte) error {
	*n = Named{}
	switch {
	case string(b) == "null":
		return nil
	case b[0] == '"':
		return plainjson.Decode(b, &n.Name)
	}
	var o Object
	if err := o.UnmarshalJSON(b); err != nil {
		return err
	}
	if o.Class == "function" {
		return errors.Wrap(plainjson.Decode(o.Settings, &n.Name), "function")
	}
	n.Object = &o
	return nil
}

// DType returns the name of a dtype or of a dtype policy, for example "float32"; the empty string for null.
func (n Named) DType() (string, error) {
	if n.Object == nil {
		return n.Name, nil
	}
	if n.Object.Class != "DTypePolicy" {
		return "", errors.Errorf("dtype policy %s is not supported: use float32", n.Object.Class)
	}
	var policy struct {
		Name string `json:"name"`
	}
	err := n.Object.Decode(&policy)
	return policy.Name, err
}

// Shape holds the lengths of the axes, outermost first; Unknown where the file has null, as for the batch.
type Shape []int

// Unknown is the length of an axis that is not fixed.
const Unknown = -1

// UnmarshalJSON reads a list of whole numbers and nulls. JSON's null is the nil Shape.
func (s *Shape) UnmarshalJSON(b []byte) error {
	var axes []*int
	if err := plainjson.Decode(b, &axes); err != nil {
		return errors.Wrap(err, "shape")
	}
	*s = nil
	if axes != nil {
		*s = Shape{}
	}
	for _, n := range axes {
		switch {
		case n == nil:
			*s = append(*s, Unknown)
		case *n < 0:
			return errors.Errorf("shape with an axis of length %d", *n)
		default:
			*s = append(*s, *n)
		}
	}
	return nil
}

// decodeStrict decodes one JSON value and refuses unknown fields and anything after the value.
func decodeStrict(b []byte, into any) error {
	return plainjson.DecodeStrict(b, into)
}
